"""The last six hours of a figure as text that `assets/25-sparkline.js` draws: gaps stay gaps."""

from __future__ import annotations

from collections.abc import Sequence

HOURS_MS = 6 * 3_600_000
POINTS = 72
STEP_MS = HOURS_MS // POINTS


def series_text(series: Sequence[tuple[int, float | None]], now_ms: int) -> str:
    """72 values of five minutes each, oldest first, "" where there is none: "4.2,4.1,,3.9".

    series: (ms, value or None), any order, older than six hours left out. Each step takes its
    newest value, so a figure that went unknown ends there instead of being drawn on.
    """
    # Steps lie on whole five minutes: the text changes when a value does, not with every second.
    end = now_ms // STEP_MS
    steps: list[tuple[int, float | None]] = [(-1, None)] * POINTS
    for ms, value in series:
        i = POINTS - 1 - (end - ms // STEP_MS)
        if 0 <= i < POINTS and ms >= steps[i][0]:
            steps[i] = (ms, value)
    if steps[-1][0] < 0:
        steps = steps[:-1]  # the step that has just begun is no gap yet
    if all(value is None for _, value in steps):
        return ""
    return ",".join("" if value is None else f"{value:.4g}" for _, value in steps)
