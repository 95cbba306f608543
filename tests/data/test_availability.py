"""Spans of availability, worked out by hand."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from data.availability import Span, share, spans

words = st.lists(st.tuples(st.integers(-50, 150), st.sampled_from(["up", "down", None])), max_size=12)


def test_each_word_holds_until_the_next() -> None:
    found = spans([(10, "up"), (40, "down")], 0, 100, stale_ms=1000)
    assert found == [Span(0, 10, "unknown"), Span(10, 40, "up"), Span(40, 100, "down")]


def test_silence_past_the_longest_age_is_unknown_and_ends_with_a_sign_of_life() -> None:
    found = spans([(0, "up"), (50, None)], 0, 80, stale_ms=20)
    assert found == [Span(0, 20, "up"), Span(20, 50, "unknown"), Span(50, 70, "up"), Span(70, 80, "unknown")]


def test_what_held_before_counts_from_the_beginning() -> None:
    assert spans([(30, "down")], 0, 60, 1000, before="up") == [Span(0, 30, "up"), Span(30, 60, "down")]


def test_the_share_is_weighted_by_known_time_only() -> None:
    assert share([Span(0, 30, "up"), Span(30, 40, "down"), Span(40, 100, "unknown")], "up") == 0.75
    assert share([Span(0, 10, "unknown")], "up") is None


@given(words, st.integers(1, 60))
def test_spans_cover_the_time_without_gap_or_overlap(said: list[tuple[int, str | None]], stale: int) -> None:
    found = spans(said, 0, 100, stale)
    assert found[0].from_ms == 0 and found[-1].to_ms == 100
    assert all(a.to_ms == b.from_ms and a.state != b.state for a, b in pairwise(found))
    assert all(s.from_ms < s.to_ms for s in found)
