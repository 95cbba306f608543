"""What the shipped city promises: real places, sound references, a target with a source."""

from __future__ import annotations

from collections import Counter

import pytest

import app
from data.profile import City, load_city
from data.settings import PROJECT

FEEDS, KPIS = set(app.find_feeds()), {k.id for k in app.find_kpis()}


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(
        "semarang", [PROJECT / "data" / "cities"], known_feeds=FEEDS, known_kpis=KPIS,
        known_formats={"owntracks"}, known_kinds={"ambulances": {"car", "motorcycle"}},
    )  # fmt: skip


def test_it_has_its_16_districts_and_177_villages(city):
    assert len(city.districts) == 16
    assert len(city.village_names) == 177
    assert 360 < sum(v.area_km2 for d in city.districts for v in d.villages) < 380
    assert all(v.id.startswith(d.code + ".") for d in city.districts for v in d.villages)


def test_its_clock_is_utc_plus_seven(city):
    assert city.tz.key == "Asia/Jakarta"


def test_every_unit_waits_at_a_station_and_every_district_has_one(city):
    stations = {s.id for s in city.stations}
    units = city.registry["ambulances"].values()
    assert Counter(u.kind for u in units) == {"car": 45, "motorcycle": 15}
    assert all(u.extra["station"] in stations for u in units)
    assert {s.district for s in city.stations} == set(city.district_names)
    assert [s.id for s in city.stations if not s.assumed] == [
        "Dinkes", "Karangmalang", "Halmahera", "Srondol", "Bangetayu",
    ]  # fmt: skip


def test_every_hotspot_knows_village_and_district(city):
    hotspots = city.registry["hotspots"].values()
    assert len(hotspots) == 400
    assert all(
        h.lat and h.lon and h.extra["place"] and h.district == city.district_of[h.village] for h in hotspots
    )
    assert {h.district for h in hotspots} == set(city.district_names)


def test_every_target_names_its_source(city):
    assert city.kpis["ambulance.response_p90"].value == 10
    assert all(t.source for t in city.kpis.values())


def test_the_overview_shows_six_figures(city):
    assert city.scenes["overview"].tiles == (
        "ambulance.response_p90", "ambulance.units_available", "incidents.open", "calls.last_hour",
        "hotspots.up_pct", "hotspots.users_online",
    )  # fmt: skip


def test_its_limits_are_those_of_the_contract(city):
    limits = city.limits
    assert (limits.future_s, limits.past_s, limits.distance_km, limits.payload_bytes) == (
        300, 400 * 86_400, 1500, 256 * 1024,
    )  # fmt: skip
    assert (limits.rate_per_s, limits.burst) == (50, 5000)
