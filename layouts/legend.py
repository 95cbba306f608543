"""Unit counts under the map: the map's legend and, from afar, its summary."""

from __future__ import annotations

from collections.abc import Mapping

from dash import html

from data.clock import rfc3339
from data.contracts import Feed, Kpi
from data.i18n import Translator
from data.live.picture import Picture
from layouts import ids
from layouts.leaves import Leaves, data

KPI = "ambulance.units_by_status"
FEED = "ambulances"


def states(feeds: Mapping[str, Feed]) -> list[tuple[str, str]]:
    """Code and short word of each state shown, what is unknown last."""
    feed = feeds.get(FEED)
    return [*((s.code, s.short) for s in feed.states), ("unknown", "unknown")] if feed else []


def legend(feeds: Mapping[str, Feed], kpis: Mapping[str, Kpi], tr: Translator) -> html.Ul:
    """One entry a state: symbol, number, word. Ages with the KPI that it shows."""
    kpi = kpis.get(KPI)
    return html.Ul(
        [
            html.Li(
                [
                    html.Span(className=f"sym unit {code}"),
                    html.B("–", id=ids.count(code)),
                    html.Span(tr(word)),
                ],
                className=f"count count-{code}",
            )
            for code, word in states(feeds)
        ],
        id=ids.LEGEND, className="legend",
        **data(as_of="", max_age=f"{kpi.stale_after.total_seconds():g}" if kpi else "120"),
    )  # fmt: skip


def leaves(picture: Picture, feeds: Mapping[str, Feed], tr: Translator) -> Leaves:
    """The counts now; a dash where the reading does not say."""
    reading = picture.readings.get(KPI)
    found: Leaves = {ids.LEGEND: {"data-as-of": (rfc3339(reading.as_of_ms) or "") if reading else ""}}
    for code, _ in states(feeds):
        found[ids.count(code)] = {"children": tr.number(reading.parts.get(code) if reading else None)}
    return found
