"""Plain pages: the front page with the ways in, and the page for an address that leads nowhere."""

from __future__ import annotations

from collections.abc import Iterable

from dash import html
from dash.development.base_component import Component

from data.i18n import Translator
from data.profile.city import City, Scene
from layouts.leaves import data


def index(*, city: City, scenes: Iterable[Scene], tr: Translator, theme: str = "dark") -> html.Div:
    """`/`: links to the wall's scenes, the HTTP interface and the probes."""
    links = [
        *(
            (f"/wall/{s.name}", f"{tr('Wall')} · {tr(s.title)}", tr("for the control room's screens"))
            for s in scenes
        ),
        ("/desk", tr("Desk"), tr("for those who decide and answer for it")),
        ("/api/docs", tr("HTTP interface"), tr("data for other programs")),
        ("/readyz", tr("State of the room"), tr("what runs and what is missing")),
    ]
    return _page(
        theme,
        tr,
        html.H1(city.name),
        html.P(tr("Situation room"), className="lead"),
        html.Ul(
            [
                html.Li(html.A([html.B(name), html.Span(what)], href=href, className="way"))
                for href, name, what in links
            ],
            className="ways",
        ),
    )


def not_found(*, tr: Translator, path: str = "", theme: str = "dark") -> html.Div:
    """The page of an unknown address. path: what was asked for, shown as text."""
    return _page(
        theme,
        tr,
        html.H1(tr("Nothing is here")),
        html.P(tr("No page has the address {path}.", path=path or "/"), className="lead"),
        html.Ul(
            [
                html.Li(html.A([html.B(tr("Wall")), html.Span("/wall")], href="/wall", className="way")),
                html.Li(html.A([html.B(tr("Front page")), html.Span("/")], href="/", className="way")),
            ],
            className="ways",
        ),
    )


def _page(theme: str, tr: Translator, *children: Component) -> html.Div:
    return html.Div(
        html.Main(list(children), className="panel front-panel"),
        className="front",
        lang=tr.lang,
        **data(theme=theme),
    )
