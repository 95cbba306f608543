"""Sparklines end where knowledge ends, and change only when a value does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from layouts.sparkline import HOURS_MS, POINTS, STEP_MS, series_text
from tests.layouts.invented import NOW

MIN = 60_000
POINT = st.tuples(st.integers(NOW - 2 * HOURS_MS, NOW), st.none() | st.floats(-1e6, 1e6))


def test_a_gap_stays_a_gap() -> None:
    series = [(NOW - i * 5 * MIN, None if i in (3, 4) else float(i)) for i in range(10)]
    assert series_text(series, NOW).split(",")[-10:] == ["9", "8", "7", "6", "5", "", "", "2", "1", "0"]


def test_a_figure_that_went_unknown_ends_there() -> None:
    series = [(NOW - 40 * MIN, 4.0), (NOW - 35 * MIN, 5.0)]
    assert series_text(series, NOW).endswith("4,5,,,,,,")


def test_nothing_known_draws_nothing() -> None:
    assert series_text([], NOW) == ""
    assert series_text([(NOW, None)], NOW) == ""
    assert series_text([(NOW - 2 * HOURS_MS, 1.0)], NOW) == ""


def test_the_text_does_not_change_with_every_second() -> None:
    start = NOW // STEP_MS * STEP_MS
    series = [(start - i * MIN, float(i)) for i in range(300)]
    assert len({series_text(series, start + s * 1000) for s in range(0, 299, 7)}) == 1


@given(st.lists(POINT, max_size=50))
def test_order_does_not_matter_and_length_is_fixed(series: list[tuple[int, float | None]]) -> None:
    unique = list({ms: (ms, v) for ms, v in series}.values())
    text = series_text(unique, NOW)
    assert text == series_text(sorted(unique, reverse=True), NOW)
    assert text == "" or len(text.split(",")) in (POINTS - 1, POINTS)
