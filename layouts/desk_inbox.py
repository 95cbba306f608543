"""The desk's inbox: all that needs somebody, low severities too; every row is a link to its object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from dash import html

from data.attention import Attention
from data.contracts import Feed
from data.i18n import Translator
from data.profile.city import City
from layouts import attention, ids
from layouts.leaves import Leaves, aria, data

SLOTS = 40  # more open matters than a person can hold; the rest is counted
FEED_OF = {"incident": "incidents", "unit": "ambulances"}


def panel(tr: Translator) -> html.Section:
    """The panel with its empty rows; `leaves` fills them."""
    return html.Section(
        [
            html.Div(
                [
                    html.H2(tr("Needs attention")),
                    html.Span(id=ids.ATTENTION_OPEN, className="open"),
                    html.Span(id=ids.ATTENTION_UNASSIGNED, className="unassigned"),
                ],
                className="inbox-head",
            ),
            html.Ol([_slot(i, tr) for i in range(SLOTS)], className="inbox-rows", **aria(label=tr("Inbox"))),
            html.P(id=ids.ATTENTION_NONE, className="none", hidden=True),
            html.Div(
                [html.Span(id=ids.ATTENTION_MORE), html.Span([html.Kbd("j"), " ", html.Kbd("k")], className="keys")],
                className="inbox-foot",
            ),
        ],
        id=ids.INBOX, className="panel inbox",
    )  # fmt: skip


def _slot(i: int, tr: Translator) -> html.Li:
    row = html.A(
        [
            html.Span(className="row-mark"),
            html.Span(
                [
                    html.Span(id=ids.row(i, "title"), className="row-title"),
                    html.Span(id=ids.row(i, "place"), className="row-place"),
                    html.Span(
                        [
                            html.Span(
                                tr("Nobody assigned"), id=ids.row(i, "nobody"), className="filled", hidden=True
                            ),
                            html.Span(id=ids.row(i, "who"), className="row-who"),
                        ],
                        className="row-crew",
                    ),
                ],
                className="row-what",
            ),
            html.Span(
                [html.Span(className="elapsed"), html.Span(id=ids.row(i, "state"), className="row-state")],
                className="row-when",
            ),
        ],
        id=ids.row(i, "link"), className="row-link", href="",
    )  # fmt: skip
    return html.Li(
        row, id=ids.row(i), className="row", hidden=True,
        **data(id="", kind="", severity="", since="", ended="", target_s="", style=""),
    )  # fmt: skip


def leaves(
    rows: Sequence[Attention], *, empty: bool, city: City, feeds: Mapping[str, Feed], tr: Translator
) -> Leaves:
    """The inbox now; hidden rows keep their last text."""
    found = attention.leaves(rows, SLOTS, empty=empty, city=city, feeds=feeds, tr=tr, low=True)
    for i, row in enumerate(rows[:SLOTS]):
        found[ids.row(i, "link")] = {"href": href(row, tr)}
    return found


def href(row: Attention, tr: Translator) -> str:
    """Where a row leads: its object on the desk, a feed to feed health."""
    if row.kind == "feed":
        return f"/desk/feeds?lang={tr.lang}"
    return f"/desk?lang={tr.lang}&sel={FEED_OF[row.kind]}/{quote(row.id)}"
