"""The desk: inbox, map over tables, detail; and feed health. Built once a mount, then only leaves change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component
from dash_ag_grid import AgGrid

from data.contracts import Feed, Kpi, Target
from data.i18n import Translator
from data.live.picture import Picture
from data.profile.city import City
from layouts import desk_inbox, desk_tables, ids, legend, live_desk, tiles
from layouts import map as city_map
from layouts.leaves import apply, aria, data
from layouts.theme import Theme

LANGUAGES = {"id": "Bahasa Indonesia", "en": "English"}


def desk(
    *, city: City, feeds: Mapping[str, Feed], kpis: Mapping[str, Kpi], tr: Translator, build: str,
    basemap_url: str, picture: Picture | None = None, theme: Theme = "light",
) -> html.Div:  # fmt: skip
    """The whole desk, filled with `picture` if there is one."""
    tables = [n for n in desk_tables.ORDER if n in feeds]
    body = [
        _figures(kpis, city, tr),
        html.Main(
            [
                desk_inbox.panel(tr),
                html.Div(
                    [
                        html.Section(
                            [
                                _layers(feeds, tr),
                                city_map.city_map(city, tr),
                                html.Details(
                                    [html.Summary(tr("Legend")), legend.legend(feeds, kpis, tr), _symbols(feeds, tr)],
                                    className="desk-legend",
                                ),
                            ],
                            className="panel desk-map",
                        ),
                        _tables(tables, feeds, tr),
                    ],
                    className="desk-middle",
                ),
                html.Section(
                    html.P(tr("Select an incident, a unit or a hotspot, or press a number."), className="none"),
                    id=ids.DETAIL, className="panel detail", tabIndex="-1", **aria(label=tr("Details")),
                ),
            ],
            className="desk-main",
        ),
        _foot(feeds, tr, freeze=True),
        html.Div(id=ids.HELP, hidden=True),
    ]  # fmt: skip
    config = _config("desk", city, feeds, tr, build) | {"basemap": basemap_url, "tables": tables}
    root = _page("desk", config, body, city, feeds, tr, theme)
    if picture is not None:
        apply(root, live_desk.desk_leaves(picture, city=city, feeds=feeds, kpis=kpis, tr=tr))
    return root


def feeds_page(
    *, city: City, feeds: Mapping[str, Feed], tr: Translator, build: str, picture: Picture | None = None,
    theme: Theme = "light",
) -> html.Div:  # fmt: skip
    """Feed health: one document that the page's script asks for and keeps fresh."""
    body = [
        html.Main(
            [
                html.H1(tr("Feed health"), className="feeds-title"),
                html.Div(html.P(tr("Loading …"), className="none"), id=ids.DETAIL, className="feeds-doc"),
            ],
            className="feeds-main",
        ),
        _foot(feeds, tr, freeze=False),
        html.Div(id=ids.HELP, hidden=True),
    ]
    root = _page("feeds", _config("feeds", city, feeds, tr, build), body, city, feeds, tr, theme)
    if picture is not None:
        apply(root, live_desk.feeds_leaves(picture, city=city, feeds=feeds, tr=tr))
    return root


def _page(
    view: str, config: dict[str, Any], body: list[Component], city: City, feeds: Mapping[str, Feed],
    tr: Translator, theme: Theme,
) -> html.Div:  # fmt: skip
    return html.Div(
        [
            dcc.Store(id=ids.VIEW, data=view),
            html.Div(id=ids.CONFIG, hidden=True, **data(config=json.dumps(config, ensure_ascii=False))),
            html.Div(id=ids.STRIPE, className="stripe"),
            _head(view, city, tr, theme),
            *body,
        ],
        id=ids.DESK,
        className=f"desk desk-{view}",
        lang=tr.lang,
        **data(theme=theme),
    )


def _config(view: str, city: City, feeds: Mapping[str, Feed], tr: Translator, build: str) -> dict[str, Any]:
    return {
        "view": view,
        "lang": tr.lang,
        "zone": city.zone,
        "build": build,
        "center": list(city.center),
        "bounds": [list(city.bounds[:2]), list(city.bounds[2:])],
        "words": tr.words() | _words(tr),
        "layers": city_map.layers(feeds, tr),
    }


def _words(tr: Translator) -> dict[str, str]:
    """What the desk's scripts say themselves; `{…}` is filled in by them."""
    return {
        "nothing": tr("Select an incident, a unit or a hotspot, or press a number."),
        "gone": tr("This object is not known any more."),
        "away": tr("The room does not answer; what stands here may be old."),
        "table": tr("As a table"),
        "no_data": tr("no data"),
        "target": tr("target"),
        "of_rows": tr("{n} of {total}"),
        "search": tr("Unit, place, incident"),
        "no_hits": tr("Nothing found"),
        "hits": tr("{n} found"),
        "held": tr("Picture held at {time} · {n} changes passed"),
        "resume": tr("Back to live"),
        "freeze": tr("Freeze"),
        "copied": tr("Copied"),
        "close": tr("Close"),
        "columns": tr("Columns"),
        "keys": tr("Keys"),
        "key_search": tr("search units, incidents, places, hotspots"),
        "key_next": tr("next and previous in the inbox"),
        "key_open": tr("open what is marked, and go to its details"),
        "key_back": tr("close, or leave the selection"),
        "key_freeze": tr("freeze the picture, and back to live"),
        "key_tabs": tr("table of incidents, units, hotspots"),
        "key_help": tr("this help"),
        "stop": tr("stood still"),
    }


def _head(view: str, city: City, tr: Translator, theme: Theme) -> html.Header:
    other: Theme = "light" if theme == "dark" else "dark"
    here = "/desk" if view == "desk" else "/desk/feeds"
    nav = [
        ("/desk", tr("Desk"), "desk"),
        ("/desk/feeds", tr("Feeds"), "feeds"),
        ("/wall", tr("Wall"), "wall"),
    ]
    return html.Header(
        [
            html.A(city.name, href=f"/?lang={tr.lang}", className="city"),
            html.Nav(
                [
                    html.A(
                        [name, html.B(id=ids.FEEDS_COUNT, className="feeds-count")] if key == "feeds" else name,
                        href=f"{href}?lang={tr.lang}", className="nav",
                        **(aria(current="page") if key == view else {}),
                    )
                    for href, name, key in nav
                ],
                **aria(label=tr("Pages")),
            ),
            html.Div(
                [html.Span(className="sym unknown"), html.Span(id=ids.BANNER_TEXT, className="banner-text")],
                id=ids.BANNER, className="banner", hidden=True, role="status",
            ),
            html.Div(id=ids.FROZEN, className="frozen-text", role="alert"),
            html.Div(id=ids.SEARCH, className="search", hidden=view != "desk"),
            html.Span(id=ids.MODE, className="mode", hidden=True),
            html.Span([html.Span(className="tick"), tr("Live")], className="link"),
            html.Span(
                [
                    html.A(
                        code.upper(), href=f"{here}?lang={code}", className="switch", hrefLang=code, title=name,
                        **(aria(current="true") if code == tr.lang else {}),
                    )
                    for code, name in LANGUAGES.items()
                    if code in city.languages
                ],
                className="languages",
            ),
            html.A(
                tr("Dark") if other == "dark" else tr("Light"), href=f"{here}?lang={tr.lang}&theme={other}",
                className="switch theme-switch", **data(dark=tr("Dark"), light=tr("Light")),
            ),
            html.Span(className="date", **data(zone=city.zone)),
            html.Time(className="clock", **data(zone=city.zone)),
        ],
        className="desk-head",
    )  # fmt: skip


def _figures(kpis: Mapping[str, Kpi], city: City, tr: Translator) -> html.Section:
    return html.Section(
        [_figure(k, city.kpis.get(k.id, Target(None)), tr) for k in kpis.values()],
        className="figures", **aria(label=tr("Figures")),
    )  # fmt: skip


def _figure(kpi: Kpi, target: Target, tr: Translator) -> html.A:
    text = tiles.target_text(kpi, target, tr)
    return html.A(
        [
            html.Span(tr(kpi.short), className="tile-label"),
            html.Span(className="tile-mark"),
            html.Span(
                [
                    html.Span(id=ids.tile(kpi.id, "value"), className="tile-value"),
                    html.Span(tr(kpi.unit) if kpi.unit else "", className="tile-unit"),
                    html.Span(tr("unknown"), className="tile-unknown"),
                ],
                className="tile-figure",
            ),
            html.Span(
                [
                    html.Span(text, className="tile-target", hidden=not text),
                    html.Span(id=ids.tile(kpi.id, "coverage"), className="tile-coverage"),
                    html.Span(className="age"),
                ],
                className="tile-foot",
            ),
        ],
        id=ids.tile(kpi.id), className="fig", href=f"/desk?lang={tr.lang}&sel=kpis/{kpi.id}",
        title=f"{tr(kpi.label)}: {tr(kpi.formula)}",
        **data(kpi=kpi.id, state="unknown", as_of="", max_age=f"{kpi.stale_after.total_seconds():g}"),
    )  # fmt: skip


def _layers(feeds: Mapping[str, Feed], tr: Translator) -> html.Div:
    return html.Div(
        [
            html.Button(
                [html.Span(className=f"sym layer-{name}"), tr(feed.short), html.B(id=ids.layer(name))],
                type="button", className="chip", **data(layer=name), **aria(pressed="true"),
            )
            for name, feed in sorted(feeds.items(), key=lambda f: desk_order(f[0]))
        ],
        className="layers", role="group", **aria(label=tr("Layers")),
    )  # fmt: skip


def _symbols(feeds: Mapping[str, Feed], tr: Translator) -> html.Ul:
    """What the other symbols mean; units are explained by the counts above."""
    shapes = {"incidents": ("mark sev-{}", ""), "hotspots": ("sym hotspot {}", f"{tr('Hotspot')}: ")}
    return html.Ul(
        [
            html.Li([html.Span(className=shape.format(s.code)), noun + tr(s.label)])
            for name, (shape, noun) in shapes.items()
            if name in feeds
            for s in feeds[name].states
        ],
        className="symbols",
    )


def desk_order(feed: str) -> int:
    """Where a feed stands on the desk: incidents first; feeds of other profiles last."""
    return desk_tables.ORDER.index(feed) if feed in desk_tables.ORDER else len(desk_tables.ORDER)


def _tables(names: list[str], feeds: Mapping[str, Feed], tr: Translator) -> html.Section:
    tools = [
        html.Button(tr("Only open"), type="button", className="button only-open", **aria(pressed="true")),
        html.Button(tr("Clear filters"), type="button", className="button clear-filters", hidden=True),
        html.Details(
            [html.Summary(tr("Columns"), className="button"), html.Div(className="column-list")],
            className="columns",
        ),
        html.Button(tr("Export CSV"), type="button", className="button export"),
    ]
    return html.Section(
        [
            html.Div(
                [
                    html.Div(
                        [
                            html.Button(
                                tr(feeds[n].short), type="button", role="tab", className="tab", id=f"tab-{n}",
                                **data(feed=n),
                                **aria(selected="true" if i == 0 else "false", controls=f"pane-{n}"),
                            )
                            for i, n in enumerate(names)
                        ],
                        className="tabs", role="tablist", **aria(label=tr("Tables")),
                    ),
                    html.Span(className="row-count", role="status"),
                    html.Div(tools, className="tools"),
                ],
                className="table-head",
            ),
            *(
                html.Div(
                    _grid(n, tr), id=f"pane-{n}", className="pane", hidden=i > 0, role="tabpanel",
                    **data(feed=n), **aria(labelledby=f"tab-{n}"),
                )
                for i, n in enumerate(names)
            ),
        ],
        className="panel desk-tables",
    )  # fmt: skip


def _grid(feed: str, tr: Translator) -> AgGrid:
    return AgGrid(
        id=ids.grid(feed),
        columnDefs=desk_tables.columns(feed, tr),
        rowData=[],
        getRowId="params.data.id",
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "minWidth": 64,
            "suppressHeaderMenuButton": False,
        },
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": False},
            "rowHeight": 36,
            "headerHeight": 36,
            "animateRows": False,
            "suppressCellFocus": False,
            "localeText": desk_tables.grid_words(tr),
            "tooltipShowDelay": 400,
        },
        className="desk-grid",
        style={"height": "100%", "width": "100%"},
    )


def _foot(feeds: Mapping[str, Feed], tr: Translator, *, freeze: bool) -> html.Footer:
    held = [
        html.Button(
            [html.Span(tr("Freeze"), className="freeze-word"), html.Kbd("F")],
            id=ids.FREEZE, type="button", className="button", **aria(pressed="false"),
        ),
        html.Span(className="held-text", role="status"),
    ] if freeze else []  # fmt: skip
    return html.Footer(
        [
            *held,
            html.Div(
                [
                    html.Span(
                        [tr(feed.short), " ", html.B(className="age")],
                        id=ids.feed(name), className="cell", title=tr(feed.title),
                        **data(feed=name, as_of="", max_age=f"{feed.silent_after.total_seconds():g}"),
                    )
                    for name, feed in feeds.items()
                ],
                className="desk-strip",
            ),
            html.Button([tr("Help"), html.Kbd("?")], type="button", className="button help-button"),
            html.Button(tr("Copy link"), type="button", className="button copy-link"),
        ],
        className="desk-foot panel",
    )  # fmt: skip
