"""Periods: days of the city, moments with an offset, and clear words on all else."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.archive.period import BadPeriod, period

JAKARTA = ZoneInfo("Asia/Jakarta")
NOW = round(datetime.fromisoformat("2026-11-24T12:00:00+07:00").timestamp() * 1000)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_a_day_is_a_day_of_the_city_and_the_last_one_counts() -> None:
    assert period("2026-11-20", "2026-11-21", JAKARTA, NOW) == (
        ms("2026-11-20T00:00+07:00"),
        ms("2026-11-22T00:00+07:00"),
    )


def test_moments_are_taken_as_they_are_and_nothing_ends_after_now() -> None:
    assert period("2026-11-20T01:00:00Z", "2027-01-01", JAKARTA, NOW) == (
        ms("2026-11-20T08:00+07:00"),
        NOW + 1,
    )
    assert period("2026-11-20T01:00:00 07:00", "2026-11-21", JAKARTA, NOW)[0] == ms("2026-11-20T01:00+07:00")


@pytest.mark.parametrize(
    ("from_", "to", "why"),
    [
        ("2026-11-21", "2026-11-20", "before"),
        ("2026-11-20T10:00Z", "2026-11-20T10:00Z", "before"),
        ("2027-01-01", "2027-01-02", "future"),
        ("2026-11-31", "2026-12-01", '"from" is no moment'),
        ("2026-02-01", "2026-02-30", '"to" is no moment'),
        ("2026-11-20T10:00", "2026-11-21", "offset"),
        ("0001-01-01", "2026-11-21", "is no moment"),
        ("1969-07-20", "2026-11-21", "1971"),
        ("2026-11-20", "9999-12-31", '"to" is no moment'),
        ("", "2026-11-21", "is no moment"),
        ("'; DROP TABLE x; --", "2026-11-21", "is no moment"),
    ],
)
def test_impossible_periods_are_refused_in_words(from_: str, to: str, why: str) -> None:
    with pytest.raises(BadPeriod, match=why):
        period(from_, to, JAKARTA, NOW)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_a_period_or_a_clear_refusal(from_: str, to: str) -> None:
    try:
        start, finish = period(from_, to, JAKARTA, NOW)
    except BadPeriod as error:
        assert str(error)
    else:
        assert 0 < start < finish <= NOW + 1
