"""Hours and days: by hand, by district, late, repeated, and after any number of deaths."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
import redis

from data.contracts import Thing
from data.profile import City
from data.rollups import store as rolls
from data.rollups.make import CASES_MS, FIVE_MS, Roller
from data.store.connect import connect
from data.store.keys import Keys
from tests.room import KPIS

FEW = [k for k in KPIS if k.id.startswith("ambulance.") and k.id != "ambulance.units_by_status"]
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOON = round(datetime(2026, 11, 20, 5, 0, tzinfo=UTC).timestamp() * 1000)  # 12:00 in Jakarta
MIDNIGHT = NOON - 12 * HOUR
HEARD = {"ambulances": NOON, "incidents": NOON, "hotspots": NOON}


def unit(id: str, state: str, district: str, at: int) -> Thing:
    return Thing(
        "ambulances", id, id, "unit-car", state, at, 120.0, "live", frozenset(), -7.0, 110.4, None, at, district,
        True, {},
    )  # fmt: skip


def incident(id: str, received: int, minutes: float | None, district: str = "west") -> Thing:
    there = None if minutes is None else received + round(minutes * MINUTE)
    fields = {"severity": 1, "received_ms": received, "dispatched_ms": received + 1, "on_scene_ms": there,
              "channel": "112"}  # fmt: skip
    return Thing(
        "incidents", id, id, "incident", "1", received, None, "live", frozenset(), -7.0, 110.4, None, received,
        district, True, fields,
    )  # fmt: skip


class Past:
    """A city's rolls, made from things that the test states."""

    def __init__(self, url: str, city: City, name: str = "") -> None:
        self.store, self.city, self.keys = connect(url), city, Keys(city.id + name)
        self.start()

    def start(self, store=None) -> None:
        """A worker without a memory takes over."""
        self.roller = Roller(store or self.store, self.keys, self.city, FEW)

    def turn(self, now: int, *, units=(), incidents=()) -> bool:
        return self.roller.turn(now, {"ambulances": units, "incidents": incidents}, HEARD, live_only=True)

    def read(self, kpi: str, step: str = "hour", district: str | None = None, since: int = MIDNIGHT - DAY):
        names = None if district is None else [district]
        found = rolls.read(self.store, self.keys, kpi, step, self.city.tz, since, NOON + 9 * DAY, names)
        return {at: roll for at, _, roll in found}

    def all(self):
        return {
            (k.id, step, d): self.read(k.id, step, d)
            for k in FEW for step in ("hour", "day") for d in (None, "west", "east")
        }  # fmt: skip


@pytest.fixture
def past(one_store, city) -> Past:
    return Past(one_store.url, city)


def test_an_hour_of_readings_worked_out_by_hand(past: Past) -> None:
    for n, free in enumerate([3, 3, 2, 2, 1, 1, 0, 0, 1, 2, 3, 4]):
        at = NOON + n * FIVE_MS + 2_000
        past.turn(
            at,
            units=[unit(f"U-{m}", "available" if m < free else "on_scene", "west", at) for m in range(4)],
        )
    hour = past.read("ambulance.units_available")[NOON]
    assert (hour.n, hour.of, hour.low, hour.high, hour.mean) == (12, 12, 0, 4, 22 / 12)
    assert hour.last == (NOON + 11 * FIVE_MS, 4.0)
    day = past.read("ambulance.units_available", "day")
    assert list(day) == [MIDNIGHT], "a day of the city, not of UTC"
    assert day[MIDNIGHT] == hour


def test_districts_are_told_apart(past: Past) -> None:
    past.turn(NOON, units=[unit("U-1", "available", "west", NOON), unit("U-2", "on_scene", "east", NOON)])
    by = {d: past.read("ambulance.units_available", "hour", d)[NOON].mean for d in ("west", "east")}
    assert by == {"west": 1.0, "east": 0.0}


def test_response_times_belong_to_the_hour_of_receipt_and_merge_over_the_day(past: Past) -> None:
    first = [incident(f"A-{n}", NOON - 3 * HOUR + n * MINUTE, m) for n, m in enumerate((4, 6, 8, 10))]
    second = [incident(f"B-{n}", NOON - HOUR + n * MINUTE, m, "east") for n, m in enumerate((12, 14, None))]
    past.turn(NOON, incidents=[*first, *second])
    p90 = past.read("ambulance.response_p90")
    assert (p90[NOON - 3 * HOUR].n, p90[NOON - HOUR].n, p90[NOON - HOUR].of) == (4, 2, 3)
    day = past.read("ambulance.response_p90", "day")[MIDNIGHT]
    assert (day.n, day.of) == (6, 7)
    assert day.told(0.9) == pytest.approx(13.0, rel=0.01), "place 4.5 of 4 6 8 10 12 14"
    assert past.read("ambulance.response_p90", "day", "east")[MIDNIGHT].low == 12.0
    share = past.read("ambulance.response_in_target", "day")[MIDNIGHT]
    assert share.told(None) == pytest.approx(100 * 4 / 7), "the open one is past its 10 minutes"


def test_a_late_arrival_corrects_its_hour_and_its_day(past: Past) -> None:
    at = NOON - 20 * HOUR
    past.turn(NOON, incidents=[incident("I-1", at, None)])
    past.turn(NOON + FIVE_MS, incidents=[incident("I-1", at, 7.0), incident("I-2", at - HOUR, 9.0)])
    hours = past.read("ambulance.response_p50")
    assert {h: (r.n, r.total) for h, r in hours.items()} == {at: (1, 7.0), at - HOUR: (1, 9.0)}
    assert past.read("ambulance.response_p50", "day")[MIDNIGHT - DAY].total == 16.0


def test_a_case_that_turns_out_to_be_of_another_hour_leaves_its_old_one(past: Past) -> None:
    past.turn(NOON, incidents=[incident("I-1", NOON - 2 * HOUR, 5.0)])
    past.turn(NOON + FIVE_MS, incidents=[incident("I-1", NOON - 4 * HOUR, 5.0)])
    assert list(past.read("ambulance.response_p50")) == [NOON - 4 * HOUR]
    assert list(past.read("ambulance.response_p50", "hour", "west")) == [NOON - 4 * HOUR]


def test_cases_that_have_left_the_store_do_not_take_their_hour_along(past: Past) -> None:
    at = NOON - CASES_MS + 2 * HOUR
    past.turn(NOON, incidents=[incident("I-1", at, 5.0)])
    past.turn(NOON + 4 * HOUR)
    assert past.read("ambulance.response_p50", since=at)[at].total == 5.0


def test_a_moment_told_anew_replaces_what_was_told_before(past: Past) -> None:
    past.turn(NOON, units=[unit("U-1", "available", "west", NOON)])
    told = {"ambulances": [unit("U-1", "on_scene", "west", NOON)]}
    past.roller.note(NOON, NOON, told, HEARD, live_only=True)
    past.roller.save(NOON + FIVE_MS, told, HEARD, live_only=True)
    hour = past.read("ambulance.units_available")[NOON]
    assert (hour.of, hour.mean) == (1, 0.0)


def test_no_reading_is_a_sample_without_a_value(past: Past) -> None:
    past.turn(NOON, units=[unit("U-1", "available", "west", NOON - HOUR)])
    assert (
        past.read("ambulance.units_available")[NOON].n,
        past.read("ambulance.units_available")[NOON].of,
    ) == (0, 1)


class Dying:
    """A store whose client dies at the given call."""

    def __init__(self, real, after: int) -> None:
        self._real, self._left = real, after

    def __getattr__(self, name: str):
        self._left -= 1
        if self._left < 0:
            raise redis.ConnectionError("died")
        return getattr(self._real, name)


def test_after_any_number_of_deaths_all_is_as_in_a_run_without_one(one_store, city) -> None:
    """Killed at random between any two commands; the next one takes the moment that was under way again."""
    dice = random.Random(11)
    whole, broken = Past(one_store.url, city), Past(one_store.url, city, "b")
    cases, deaths = [], 0
    for n in range(16):
        now = NOON + n * FIVE_MS
        cases += [incident(f"I-{n}", now - dice.randint(0, 5) * HOUR, dice.choice((None, 3.0, 9.5, 20.0)))]
        units = [unit(f"U-{m}", dice.choice(("available", "on_scene")), dice.choice(("west", "east")), now)
                 for m in range(5)]  # fmt: skip
        whole.turn(now, units=units, incidents=cases)
        broken.start(Dying(broken.store, dice.randint(0, 60)))
        while True:
            try:
                broken.turn(now, units=units, incidents=cases)
                break
            except redis.ConnectionError:
                deaths += 1
                broken.start(Dying(broken.store, dice.randint(20, 120)))
    assert deaths > 10
    assert broken.all() == whole.all()


def test_hours_leave_after_two_years_and_days_after_ten(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolls, "HOURS_KEPT_DAYS", 3)
    monkeypatch.setattr(rolls, "DAYS_KEPT", 5)
    for day in range(8):
        at = NOON + day * DAY
        past.turn(at, units=[unit("U-1", "available", "west", at)])
    kpi = "ambulance.units_available"
    assert len(past.read(kpi)) == 4 and len(past.read(kpi, "day")) == 6
