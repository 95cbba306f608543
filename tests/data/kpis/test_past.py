"""Readings of past minutes: the room as it stood, told from what the objects' histories keep."""

from __future__ import annotations

import pytest

from data.contracts import Slot
from data.kpis import past
from data.store.registry import Registry
from tests.data.things import CITY, MINUTE, NOW
from tests.room import FEEDS, KPIS

BASE = NOW // MINUTE * MINUTE


def event(minute, feed, id, name, **value):
    at = BASE + round(minute * MINUTE)
    return at, feed, id, name, Slot(at, at, at, "live", frozenset(), value)


def told(history, minutes, kpi, *, live_only=True):
    history = sorted(history, key=lambda m: m[0])
    rows = past.readings(
        history,
        FEEDS,
        Registry(CITY.registry),
        KPIS,
        {},
        [BASE + m * MINUTE for m in minutes],
        live_only=live_only,
    )
    return {(at - BASE) // MINUTE: reading for id, at, reading in rows if id == kpi}


def test_each_minute_sees_only_what_had_happened_by_then():
    history = [event(n / 10, "hotspots", f"H-{n}", "status", status="up") for n in range(1, 10)]
    history.append(event(2.5, "hotspots", "H-1", "status", status="down"))
    found = told(history, [0, 1, 2, 3], "hotspots.up_pct")
    assert found[0].value is None
    assert found[1].value == found[2].value == 100.0
    assert found[3].value == pytest.approx(100 * 8 / 9)


def test_what_was_silent_then_is_unknown_then():
    history = [event(0, "hotspots", f"H-{n}", "status", status="up") for n in range(1, 10)]
    found = told(history, [15, 16], "hotspots.up_pct")
    assert (found[15].value, found[16].value) == (100.0, None)


def test_a_feed_that_had_not_spoken_yet_has_no_value_and_then_a_true_zero():
    report = {"category": "x", "severity": 1, "lat": -7.0, "lon": 110.4, "channel": "112"}
    history = [
        event(1.5, "incidents", "I-1", "report", **report),
        event(3.5, "incidents", "I-1", "closed", stage="closed"),
    ]
    found = told(history, [1, 2, 4], "incidents.open")
    assert [found[m].value for m in (1, 2, 4)] == [None, 1.0, 0.0]


def test_an_event_of_the_very_minute_counts():
    history = [event(1, "hotspots", f"H-{n}", "status", status="down") for n in range(1, 10)]
    assert told(history, [1], "hotspots.up_pct")[1].value == 0.0
