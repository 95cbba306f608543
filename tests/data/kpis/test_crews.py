"""Figures about crews and outages, each worked out by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from data.contracts import KpiInput
from data.kpis import crews, hotspots

NOW = 1_790_000_000_000
MINUTE, HOUR = 60_000, 3_600_000


def given(rows: list[dict]) -> KpiInput:
    base = {"state": "x", "event_ms": NOW, "since_ms": NOW, "stale": False, "district": "west"}
    return KpiInput(pd.DataFrame([{**base, **r} for r in rows]), NOW, NOW, {})


def call(received: float, dispatched, en_route, on_scene, *, severity: int = 1) -> dict:
    """Minutes ago of the receipt; minutes after it of each stage, None: not reached."""
    at = NOW - received * MINUTE
    stages = {"dispatched_ms": dispatched, "en_route_ms": en_route, "on_scene_ms": on_scene}
    return {
        "severity": severity, "received_ms": at,
        **{k: float("nan") if v is None else at + v * MINUTE for k, v in stages.items()},
    }  # fmt: skip


CALLS = [
    call(100, 1, 2, 8),  # turnout 1, travel 6
    call(200, 1, 3, 11),  # 2, 8
    call(300, 2, 6, 16),  # 4, 10
    call(30, 1, None, None),  # not left yet
    call(60, 5, 4, 9),  # left before it was sent: the button came late; travel 5
    call(90, None, None, None),  # nobody sent
    call(50, 1, 2, 60, severity=4),  # can wait
    call(25 * 60, 1, 50, 99),  # too long ago
]


def test_turnout_is_from_dispatch_to_departure() -> None:
    reading = crews.turnout_p90(given(CALLS))
    # 1 2 4: position 0.9 · 2 = 1.8, so 2 + 0.8 · 2
    assert reading.value == pytest.approx(3.6)
    assert (reading.n, reading.of) == (3, 5)


def test_travel_is_from_departure_to_arrival() -> None:
    reading = crews.travel_p90(given(CALLS))
    # 5 6 8 10: position 0.9 · 3 = 2.7, so 8 + 0.7 · 2
    assert reading.value == pytest.approx(9.4)
    assert (reading.n, reading.of) == (4, 4)


def test_no_calls_are_no_value() -> None:
    for table in (pd.DataFrame(), given(CALLS[5:6]).things):
        for figure in (crews.turnout_p90, crews.travel_p90):
            reading = figure(KpiInput(table, NOW, NOW, {}))
            assert (reading.value, reading.why) == (None, "no_input")


def test_cases_belong_to_the_receipt_and_keep_those_under_way() -> None:
    cases = crews.turnout_cases(given(CALLS))
    assert len(cases) == 6, "all urgent ones that were sent, whatever the window"
    assert int(cases["value"].isna().sum()) == 2
    assert cases["at_ms"].iloc[0] == NOW - 100 * MINUTE


UNITS = [
    {"state": "available"},
    {"state": "available"},
    {"state": "en_route"},
    {"state": "at_hospital"},
    {"state": "out_of_service"},
    {"state": "available", "stale": True},
    {"state": "unknown"},
    {"state": "unknown"},
]


def test_units_in_service_are_counted_against_all_units() -> None:
    reading = crews.in_service(given(UNITS))
    assert (reading.value, reading.n, reading.of) == (50.0, 5, 8)  # 4 of 8 serve, 5 are known


def test_utilisation_is_the_busy_share_of_those_in_service() -> None:
    reading = crews.utilisation(given(UNITS))
    assert (reading.value, reading.n, reading.of) == (50.0, 4, 8)  # 2 of 4


def test_units_that_all_rest_or_are_silent_have_no_utilisation() -> None:
    assert crews.utilisation(given([{"state": "out_of_service"}])).value is None
    assert crews.in_service(given([{"state": "out_of_service"}])).value == 0.0
    assert crews.in_service(given([{"state": "available", "stale": True}])).why == "no_input"


def test_outage_minutes_add_up_over_the_hotspots_that_are_down() -> None:
    rows = [
        {"state": "up", "since_ms": NOW - 9 * HOUR},
        {"state": "down", "since_ms": NOW - 30 * MINUTE},
        {"state": "down", "since_ms": NOW - 2 * HOUR, "stale": True},  # its last word holds
        {"state": "degraded", "since_ms": NOW - HOUR},
        {"state": "unknown", "since_ms": float("nan")},
    ]
    reading = hotspots.outage_minutes(given(rows))
    assert (reading.value, reading.n, reading.of) == (150.0, 2, 4)
    assert hotspots.outage_minutes(given(rows[:1])).value == 0.0
    assert hotspots.outage_minutes(given(rows[4:])).why == "no_input"
