"""A unit's way, its stops and its length."""

from __future__ import annotations

import pytest

from data.store.read import Event
from data.track import Fix, fixes, length_km, stops

MIN = 60_000
STEP = 0.001  # of latitude: 111 m


def test_only_positions_make_a_track_in_order_of_time() -> None:
    events = [
        Event(2, "position", "live", {"lat": 1.0, "lon": 2.0, "speed_kmh": 30}),
        Event(3, "status", "live", {"status": "available"}),
        Event(1, "position", "live", {"lat": 1.0, "lon": 2.0}),
    ]
    assert fixes(events) == [Fix(1, 1.0, 2.0), Fix(2, 1.0, 2.0, 30)]


def test_standing_for_two_minutes_is_a_stop_and_a_red_light_is_none() -> None:
    track = [
        Fix(0, 0, 0), Fix(MIN, 0, 0), Fix(3 * MIN, 0.0001, 0),  # 11 m: noise
        Fix(4 * MIN, STEP, 0), Fix(5 * MIN, STEP, 0),  # a minute
        Fix(6 * MIN, 2 * STEP, 0),
    ]  # fmt: skip
    assert [(s.from_ms, s.to_ms) for s in stops(track)] == [(0, 3 * MIN)]


def test_noise_adds_nothing_to_the_way() -> None:
    assert length_km([Fix(0, 0, 0), Fix(1, 0.00005, 0), Fix(2, 0, 0)]) == 0
    assert length_km([Fix(0, 0, 0), Fix(1, STEP, 0), Fix(2, 2 * STEP, 0)]) == pytest.approx(0.2224, abs=0.001)


def test_no_fix_is_no_way() -> None:
    assert stops([]) == [] and length_km([]) == 0
