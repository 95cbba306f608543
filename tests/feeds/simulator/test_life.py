"""What happens in the simulated city: calls, crews, journeys, at a real city's rates."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from data.geo import distance_m
from data.profile import City
from feeds.simulator.calls import Calls, Places
from feeds.simulator.figures import figures
from feeds.simulator.hours import Hours, local_hour
from feeds.simulator.outgoing import DAY, HOUR, MINUTE, SECOND, Outgoing
from feeds.simulator.ways import MAIN, TOLL, Ways
from tests.feeds.simulator.story import START, incidents, parts, statuses

ORDER = ("answered", "dispatched", "en_route", "on_scene", "transporting", "at_hospital", "closed")
NEXT = {
    "available": {"dispatched", "out_of_service"},
    "dispatched": {"en_route", "available", "out_of_service"},
    "en_route": {"on_scene", "available", "out_of_service"},
    "on_scene": {"transporting", "available", "out_of_service"},
    "transporting": {"at_hospital"},
    "at_hospital": {"available", "out_of_service"},
    "out_of_service": {"available"},
}


@pytest.fixture(scope="module")
def ways(semarang: City) -> Ways:
    return Ways(semarang)


def test_calls_come_at_the_profiles_rate_and_hours(semarang: City, ways: Ways) -> None:
    given = figures(semarang.simulation)
    stream = Calls(semarang, Places(semarang, ways), given, "hours", START)
    calls = []
    while (call := stream.take()) is not None and call.at_ms < START + 30 * DAY:
        calls.append(call)
    assert all(a.at_ms <= b.at_ms for a, b in pairwise(calls))
    ambulance = [c for c in calls if c.ambulance]
    assert len(ambulance) / 30 == pytest.approx(given.ambulance_calls_per_day, rel=0.08)
    assert (len(calls) - len(ambulance)) / 30 == pytest.approx(given.other_calls_per_day, rel=0.12)
    by_hour = Counter(int(local_hour(semarang.tz, c.at_ms)) for c in ambulance)
    hours = Hours(given.night_factor, given.peak_factor)
    for hour in range(24):
        expected = 30 * given.ambulance_calls_per_day / 24 * (hours.at(hour) + hours.at(hour + 0.999)) / 2
        assert abs(by_hour[hour] - expected) < 4 * expected**0.5, f"hour {hour}"
    share = Counter(c.severity for c in ambulance)
    for severity, wanted in {1: 0.08, 2: 0.27, 3: 0.45, 4: 0.20}.items():
        assert share[severity] / len(ambulance) == pytest.approx(wanted, abs=0.035)
    kinds = Counter(c.kind.text for c in ambulance)
    assert kinds["Traffic accident"] / len(ambulance) == pytest.approx(0.18, abs=0.03)
    assert kinds["Home care"] / len(ambulance) == pytest.approx(0.12, abs=0.03)
    assert all(
        c.severity >= 3 and c.channel in ("complaint_centre", "online") for c in calls if not c.ambulance
    )


def test_addresses_are_names_of_the_profile(semarang: City, ways: Ways) -> None:
    places, random = Places(semarang, ways), Random(1)
    names = {v.name for d in semarang.districts for v in d.villages} | {d.name for d in semarang.districts}
    names |= {r.name for r in semarang.roads} | {p.name for p in semarang.places}
    for where in (places.home, places.road):
        for _ in range(100):
            lat, lon, address, _narrow = where(random)
            assert all(part in names for part in address.split(", "))
            assert ways.on_land(lat, lon) or where == places.road


def test_most_are_reached_within_ten_minutes_and_some_are_not(month: list[Outgoing]) -> None:
    told = [
        i for i in incidents(month).values() if i.report["channel"] == "112" and i.report["severity"] <= 3
    ]
    minutes = sorted((i.first("on_scene") - i.at_ms) / MINUTE for i in told if i.first("on_scene"))
    assert len(minutes) > 1000
    assert 0.70 <= sum(m <= 10 for m in minutes) / len(minutes) <= 0.85
    assert minutes[0] > 1 and 15 < minutes[int(0.99 * len(minutes))] < 45


def test_every_incident_ends_with_a_code_and_its_stages_are_in_order(month: list[Outgoing]) -> None:
    told = incidents(month)
    last = month[-1].event_ms
    for id, incident in told.items():
        if incident.at_ms > last - 12 * HOUR:
            continue
        closed = incident.first("closed")
        assert closed is not None, id
        assert incident.close_code
        firsts = [t for s in ORDER if (t := incident.first(s)) is not None]
        assert firsts == sorted(firsts) and firsts[0] >= incident.at_ms, id
        assert max(t for t, _, _ in incident.stages) == closed
        units = {u for _, _, u in incident.stages if u}
        for unit in units:
            own = sorted((t, ORDER.index(s)) for t, s, u in incident.stages if u == unit)
            assert [n for _, n in own] == sorted(n for _, n in own)
        assert len(units) <= 4 and (incident.report["channel"] == "112") >= bool(units)


def test_no_unit_is_on_two_incidents_and_its_states_follow_each_other(month: list[Outgoing]) -> None:
    busy = 0
    for unit, said in statuses(month, "ambulances").items():
        for (_, before), (_, now) in pairwise(said):
            assert now["status"] in NEXT[before["status"]], unit
            if "incident_id" in before and "incident_id" in now:
                assert before["incident_id"] == now["incident_id"], unit
        busy += sum("incident_id" in s for _, s in said)
    assert busy > 1000


def test_what_a_unit_says_and_what_its_incident_says_agree(month: list[Outgoing]) -> None:
    told = incidents(month)
    for unit, said in statuses(month, "ambulances").items():
        for t, status in said:
            if "incident_id" in status:
                assert (t, status["status"], unit) in told[status["incident_id"]].stages


def test_the_gravest_calls_get_two_crews_and_patients_go_by_car_to_a_hospital_that_takes_them(
    semarang: City, month: list[Outgoing]
) -> None:
    takes = {h.id for h in semarang.hospitals if h.emergency or h.kind == "women_children"}
    kinds = {m.id: m.kind for m in semarang.registry["ambulances"].values()}
    for m in month:
        if m.payload.get("status") in ("transporting", "at_hospital"):
            assert m.payload["hospital_id"] in takes
            assert kinds[parts(m)[1]] == "car"
    grave = [i for i in incidents(month).values() if i.report["severity"] == 1]
    assert sum(len({u for _, _, u in i.stages if u}) >= 2 for i in grave) > 0.95 * len(grave)


def test_some_units_rest_by_night(semarang: City, month: list[Outgoing]) -> None:
    resting: Counter[int] = Counter()
    for said in statuses(month, "ambulances").values():
        for t, status in said:
            if status["status"] == "out_of_service":
                resting[int(local_hour(semarang.tz, t))] += 1
    assert resting[21] + resting[22] > 100 and sum(resting.values()) < 30 * 25


def test_units_move_without_jumps_and_not_faster_than_an_ambulance_can(evening: list[Outgoing]) -> None:
    fixes: dict[str, dict[int, dict]] = {}
    for m in evening:
        if m.topic.endswith("/position"):
            fixes.setdefault(parts(m)[1], {})[m.event_ms] = m.payload
    driven = 0
    for unit, by_time in fixes.items():
        ordered = sorted(by_time.items())
        for (t1, a), (t2, b) in pairwise(ordered):
            metres = distance_m(a["lat"], a["lon"], b["lat"], b["lon"])
            assert metres < 45 + (t2 - t1) / SECOND * 40, unit
            driven += metres > 40
    assert len(fixes) == 60 and driven > 500


def test_trackers_send_every_five_seconds_on_the_road_and_every_thirty_in_the_yard(
    evening: list[Outgoing],
) -> None:
    gaps: Counter[int] = Counter()
    last: dict[str, int] = {}
    for m in sorted((m for m in evening if m.topic.endswith("/position")), key=lambda m: m.event_ms):
        if m.topic in last:
            gaps[(m.event_ms - last[m.topic]) // SECOND] += 1
        last[m.topic] = m.event_ms
    assert gaps[5] > 500 and gaps[30] > 10_000
    assert sum(n for s, n in gaps.items() if s % 5 and s) == 0


def test_now_and_then_a_unit_on_a_call_goes_silent(semarang: City) -> None:
    from feeds.simulator.city import SimulatedCity
    from feeds.simulator.outgoing import Detail

    model = SimulatedCity(semarang, 112, START)
    silent, last, busy = 0, {}, {}
    for _ in range(24):
        for m in model.until(model.now_ms + HOUR, Detail(telemetry_every=0, heartbeats=False)):
            feed, id, kind = parts(m)
            if feed == "ambulances" and kind == "status":
                busy[id] = "incident_id" in m.payload
            elif feed == "ambulances":
                silent += busy.get(id, False) and m.event_ms - last.get(id, m.event_ms) > 120 * SECOND
                last[id] = m.event_ms
    assert 0 < silent < 20


def test_hotspots_of_a_neighbourhood_fail_together(semarang: City, month: list[Outgoing]) -> None:
    changes = []
    for id, said in statuses(month, "hotspots").items():
        for (_, before), (t, now) in pairwise(said):
            if now["status"] == "down" and before["status"] == "up":
                changes.append((t, id))
    changes.sort()
    together = [(a, b) for (t1, a), (t2, b) in pairwise(changes) if t2 - t1 < 20 * SECOND]
    assert 100 < len(changes) < 2500 and len(together) > len(changes) / 4
    spots = semarang.registry["hotspots"]
    near = [distance_m(spots[a].lat, spots[a].lon, spots[b].lat, spots[b].lon) for a, b in together]
    assert sorted(near)[len(near) // 2] < 2500


def test_motorcycles_keep_off_toll_roads_and_every_place_can_be_reached(semarang: City, ways: Ways) -> None:
    a = ways.spot(semarang.stations[0].lat, semarang.stations[0].lon)
    tolls = {(x, y) for x, joined in enumerate(ways.joined) for y, kind in joined.items() if kind == TOLL}
    assert tolls and any(kind == MAIN for joined in ways.joined for kind in joined.values())
    for district in semarang.districts:
        for village in district.villages:
            b = ways.spot(village.lat, village.lon)
            assert 0 <= ways.minutes(a, b, "car") / 30 < 60
            leg = ways.leg(a, b, "motorcycle", 36, START)
            passed = [j for _, j in leg.junctions]
            assert not {(x, y) for x, y in pairwise(passed)} & tolls
            assert leg.times == sorted(set(leg.times))
            assert leg.at(leg.end_ms)[:2] == pytest.approx((b.lat, b.lon), abs=1e-6)
