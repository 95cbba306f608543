"""The panel "Needs attention": a fixed number of rows, each saying what, where, who and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import html

from data.attention import ARRIVED, Attention
from data.clock import rfc3339
from data.contracts import Feed
from data.i18n import Translator
from data.profile.city import City
from layouts import ids
from layouts.leaves import Leaves, data

LOW = 4  # SPEC, Alerts: severity 4 is for the desk only
ROW_LETTERS = 40
UNITS_NAMED = 2  # more names do not fit a row; the rest is counted


def panel(slots: int, tr: Translator) -> html.Section:
    """The panel with `slots` empty rows; `leaves` fills them."""
    return html.Section(
        [
            html.Div(
                [
                    html.H2(tr("Needs attention")),
                    html.Span(id=ids.ATTENTION_OPEN, className="open"),
                    html.Span(id=ids.ATTENTION_UNASSIGNED, className="unassigned"),
                    html.Span(id=ids.ATTENTION_MORE, className="more"),
                ],
                className="attention-head",
            ),
            html.Ol([_slot(i, tr) for i in range(slots)], className="rows"),
            html.P(id=ids.ATTENTION_NONE, className="none", hidden=True),
        ],
        className="panel attention",
    )


def _slot(i: int, tr: Translator) -> html.Li:
    return html.Li(
        [
            html.Span(className="row-mark"),
            html.Div(
                [
                    html.Div(id=ids.row(i, "title"), className="row-title"),
                    html.Div(
                        [
                            html.Span(id=ids.row(i, "place"), className="row-place"),
                            html.Span(
                                tr("Nobody assigned"),
                                id=ids.row(i, "nobody"),
                                className="filled",
                                hidden=True,
                            ),
                            html.Span(id=ids.row(i, "who"), className="row-who"),
                        ],
                        className="row-where",
                    ),
                ],
                className="row-what",
            ),
            html.Div(
                [
                    html.Span(className="elapsed"),
                    html.Span(html.I(), className="bar"),
                    html.Span(id=ids.row(i, "state"), className="row-state"),
                ],
                className="row-when",
            ),
        ],
        id=ids.row(i), className="row", hidden=True,
        **data(id="", kind="", severity="", since="", ended="", target_s="", style=""),
    )  # fmt: skip


def leaves(
    rows: Sequence[Attention],
    slots: int,
    *,
    empty: bool,
    city: City,
    feeds: Mapping[str, Feed],
    tr: Translator,
    low: bool = False,
) -> Leaves:
    """The first `slots` rows and the counts of all. empty: nothing was ever heard, so silence is no calm.

    low: rows of severity 4 are shown too, not only counted.
    """
    incidents = [r for r in rows if r.kind == "incident"]
    # What can wait belongs on the desk; here it is counted, so that the open ones add up.
    waiting = 0 if low else sum(r.severity == LOW for r in rows)
    rows = [r for r in rows if low or r.severity != LOW]
    unassigned = sum(r.unassigned for r in rows)
    more = len(rows) - slots
    rest = [tr("{n} more", n=tr.number(more))] if more > 0 else []
    rest += [tr("{n} can wait", n=tr.number(waiting))] if waiting else []
    found: Leaves = {
        ids.ATTENTION_OPEN: {"children": tr("{n} open", n=tr.number(len(incidents)))},
        ids.ATTENTION_UNASSIGNED: {
            "children": tr("{n} unassigned", n=tr.number(unassigned)) if unassigned else ""
        },
        ids.ATTENTION_MORE: {"children": " · ".join(rest)},
        ids.ATTENTION_NONE: {
            "children": tr("No data yet") if empty else tr("Nothing needs action"),
            "hidden": bool(rows),
        },
    }
    for i in range(slots):
        found |= _row(i, rows[i], city, feeds, tr) if i < len(rows) else {ids.row(i): {"hidden": True}}
    return found


def _row(i: int, row: Attention, city: City, feeds: Mapping[str, Feed], tr: Translator) -> Leaves:
    state, loud = _state(row, tr)
    classes = [
        "row", f"row-{row.kind}", f"sev-{row.severity or 'unknown'}", "row-loud" if loud else "",
        "row-past" if row.past_target else "", "row-stopped" if row.ended_ms is not None else "",
    ]  # fmt: skip
    return {
        ids.row(i): {
            "hidden": False,
            "className": " ".join(c for c in classes if c),
            "data-id": row.id,
            "data-kind": row.kind,
            "data-severity": str(row.severity or ""),
            "data-since": rfc3339(row.since_ms) or "",
            "data-ended": rfc3339(row.ended_ms) or "",
            "data-target-s": "" if row.target_s is None else f"{row.target_s:g}",
            "data-style": "age" if row.target_s is None else "clock",
        },
        ids.row(i, "title"): {"children": title(row, tr)},
        ids.row(i, "place"): {"children": shortened(_place(row, city, feeds, tr), _who(row, feeds, tr))},
        ids.row(i, "nobody"): {"hidden": not row.unassigned},
        ids.row(i, "who"): {"children": _who(row, feeds, tr)},
        ids.row(i, "state"): {"children": state, "className": "row-state filled" if loud else "row-state"},
    }


def title(row: Attention, tr: Translator) -> str:
    """What it is, in the reader's language; a category that no catalog knows is shown as sent."""
    if row.kind == "feed":
        return tr("{feed}: no data", feed=tr(row.title))
    if row.kind == "unit":
        return tr("{unit}: no position", unit=row.title)
    return tr(row.title) if row.title else tr("Incident")


def shortened(place: str, who: str) -> str:
    """The place without what follows its first comma (the district), where a row cannot hold both."""
    return place.split(",")[0] if len(place) + len(who) > ROW_LETTERS else place


def _place(row: Attention, city: City, feeds: Mapping[str, Feed], tr: Translator) -> str:
    if row.kind == "feed":
        return tr.plural("{n} object unknown", "{n} objects unknown", row.members)
    if row.kind == "unit":
        return city.district_names.get(row.district or "", row.district or tr("place unknown"))
    return city.district_names.get(row.place, row.place) or tr("place unknown")


def _who(row: Attention, feeds: Mapping[str, Feed], tr: Translator) -> str:
    words = {s.code: s.short for s in feeds["ambulances"].states} if "ambulances" in feeds else {}
    if row.kind == "feed":
        return ""
    if row.kind == "unit":
        stage = row.units[0][1] if row.units else ""
        return " · ".join(x for x in (tr(words.get(stage, stage)) if stage else "", row.place) if x)
    # Who is there comes first: it is what the reader asks. Two stages do not fit a row.
    units = sorted(row.units, key=lambda u: (u[1] not in ARRIVED, u[0]))
    named = units[:UNITS_NAMED]
    if len({stage for _, stage in named}) > 1:
        named = named[:1]
    if not named:
        return ""
    rest = len(units) - len(named)
    text = f"{', '.join(unit for unit, _ in named)} {_stage(named[0][1], words, tr)}"
    return f"{text} +{rest}" if rest > 0 else text


def _stage(stage: str, words: Mapping[str, str], tr: Translator) -> str:
    return tr(words.get(stage, stage))


def _state(row: Attention, tr: Translator) -> tuple[str, bool]:
    """State word, and whether it is so urgent that it is drawn filled."""
    if row.kind != "incident":
        return tr("silent"), False
    if row.past_target:
        return tr("past target"), True
    if row.unassigned:
        return tr("new"), True
    return (tr("reached"), False) if row.ended_ms is not None else (tr("assigned"), False)
