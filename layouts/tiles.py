"""Tiles: one figure each, with its target, what it stands on, its age and its last six hours."""

from __future__ import annotations

from dash import html

from data.clock import rfc3339
from data.contracts import Kpi, Reading, Target
from data.i18n import Translator
from data.live.picture import Picture
from layouts import ids
from layouts.leaves import Leaves, data
from layouts.sparkline import series_text

COUNTED = 999  # above this "52 of 60" becomes per cent: five digits a side do not fit
COUNTED_TIGHT = 99


def tile(kpi: Kpi, target: Target, tr: Translator) -> html.Section:
    """A KPI's tile without its reading. The words for "unknown" are there, shown by state or age."""
    return html.Section(
        [
            html.H3(tr(kpi.short), className="tile-label"),
            html.Span(className="tile-mark"),
            html.Div(
                [
                    html.Span(id=ids.tile(kpi.id, "value"), className="tile-value"),
                    html.Span(tr(kpi.unit) if kpi.unit else "", className="tile-unit"),
                    html.Span(tr("unknown"), className="tile-unknown"),
                    html.Canvas(
                        id=ids.tile(kpi.id, "spark"), className="spark",
                        role="presentation", **data(series="", target=_plain(target.value)),
                    ),
                ],
                className="tile-figure",
            ),
            html.Div(
                [
                    html.Span(
                        target_text(kpi, target, tr), className="tile-target", hidden=target.value is None
                    ),
                    html.Span(id=ids.tile(kpi.id, "coverage"), className="tile-coverage"),
                    html.Span(className="age"),
                ],
                className="tile-foot",
            ),
        ],
        id=ids.tile(kpi.id), className="panel tile", title=f"{tr(kpi.label)}: {tr(kpi.formula)}",
        **data(
            kpi=kpi.id, state="unknown", as_of="", max_age=f"{kpi.stale_after.total_seconds():g}",
        ),
    )  # fmt: skip


def leaves(kpi: Kpi, picture: Picture, target: Target, tr: Translator, *, tight: bool = False) -> Leaves:
    """A tile's reading now. tight: large type leaves less room for the coverage."""
    reading = picture.readings.get(kpi.id)
    value = reading.value if reading else None
    return {
        ids.tile(kpi.id): {
            "data-state": kpi.judge(reading, target),
            "data-as-of": (rfc3339(reading.as_of_ms) or "") if reading else "",
        },
        ids.tile(kpi.id, "value"): {"children": "" if value is None else tr.number(value, kpi.decimals)},
        ids.tile(kpi.id, "coverage"): {
            "children": coverage_text(reading, tr, COUNTED_TIGHT if tight else COUNTED)
        },
        ids.tile(kpi.id, "spark"): {
            "data-series": series_text(picture.series.get(kpi.id, ()), picture.now_ms)
        },
    }


def target_text(kpi: Kpi, target: Target, tr: Translator) -> str:
    """The target with its direction, "≤ 10"; empty without one."""
    if target.value is None:
        return ""
    sign = {"lower": "≤ ", "higher": "≥ "}.get(kpi.better, "")
    decimals = 0 if target.value == int(target.value) else max(1, kpi.decimals)
    return f"{sign}{tr.number(target.value, decimals)}"


def coverage_text(reading: Reading | None, tr: Translator, counted: int = COUNTED) -> str:
    """How much of its input the figure stands on: "52/60", above `counted` in per cent, rounded down."""
    if reading is None or reading.of == 0:
        return ""
    if reading.of > counted:
        return tr("{n} %", n=tr.number(reading.n * 100 // reading.of))
    return f"{tr.number(reading.n)}/{tr.number(reading.of)}"


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
