"""What needs somebody, and in which order."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from data.attention import needs_attention
from data.contracts import FeedHealth
from data.live.picture import Picture
from tests.data.things import HOUR, MINUTE, NOW, hotspot, incident, unit
from tests.room import FEEDS

TARGET_S = 600


def picture(*things, heard=None):
    by_feed = {name: {} for name in FEEDS}
    for t in things:
        by_feed[t.feed][t.id] = t
    health = {
        name: FeedHealth(name, last_heard_ms=NOW - round(ago * 1000)) for name, ago in (heard or {}).items()
    }
    return Picture(NOW, things=by_feed, feeds=health)


def order(*things, heard=None, target=TARGET_S):
    return [r.id for r in needs_attention(picture(*things, heard=heard), FEEDS, target)]


def row(*things, **more):
    (found,) = needs_attention(picture(*things, **more), FEEDS, TARGET_S)
    return found


def test_nothing_is_wrong_when_nothing_is():
    assert order(unit("AMB-01", "en_route"), hotspot("H-1", "up"), incident("I-1", 60, closed=50)) == []


def test_incidents_past_their_target_come_first_whatever_their_severity():
    assert order(
        incident("young-1", 5, severity=1), incident("late-3", 11, severity=3, dispatched=2),
        incident("late-2", 11, severity=2, dispatched=2),
    ) == ["late-2", "late-3", "young-1"]  # fmt: skip


def test_then_by_severity_nobody_assigned_first_and_the_oldest_first():
    assert order(
        incident("assigned-1", 9, severity=1, dispatched=2), incident("waiting-1", 3, severity=1),
        incident("younger-2", 4, severity=2), incident("older-2", 8, severity=2), incident("third", 9, severity=3),
    ) == ["waiting-1", "assigned-1", "older-2", "younger-2", "third"]  # fmt: skip


def test_a_crew_on_the_scene_stops_the_clock():
    found = row(incident("I-1", 60, severity=1, dispatched=2, on_scene=30))
    assert not found.past_target
    assert found.ended_ms == NOW - 30 * MINUTE
    assert found.units == (("AMB-01", "on_scene"),)


def test_the_target_is_passed_a_moment_after_it_and_not_before():
    assert not row(incident("I-1", 10, severity=1)).past_target
    assert row(incident("I-1", 10.001, severity=1)).past_target


def test_what_needs_no_crew_has_no_clock():
    for booked in (incident("I-1", 500, severity=4), incident("I-1", 500, severity=3, channel="online")):
        found = row(booked)
        assert (found.past_target, found.target_s) == (False, None)
    assert row(incident("I-1", 500, severity=3)).past_target, "a 112 call has one"


def test_a_city_without_a_target_races_nobody():
    assert needs_attention(picture(incident("I-1", 500, severity=1)), FEEDS, None)[0].past_target is False


def test_a_unit_that_is_silent_on_a_call_asks_for_somebody_and_one_at_its_station_does_not():
    things = [
        unit("AMB-01", "en_route", 3 * MINUTE, incident_id="I-7"), unit("AMB-02", "available", HOUR),
        unit("AMB-03", "at_hospital", HOUR), unit("AMB-04", "transporting", MINUTE), unit("MTR-01", None, None),
    ]  # fmt: skip
    found = row(*things)
    assert (found.kind, found.id, found.severity, found.place) == ("unit", "AMB-01", None, "I-7")
    assert found.since_ms == NOW - 3 * MINUTE


def test_a_feed_that_fell_silent_asks_for_somebody_and_one_never_heard_does_not():
    found = row(hotspot("H-1", "up"), heard={"hotspots": 91, "ambulances": 89})
    assert (found.kind, found.id, found.since_ms, found.members) == ("feed", "hotspots", NOW - 91_000, 1)


def test_what_is_unknown_stands_after_severity_2_and_before_3():
    assert order(
        incident("two", 5, severity=2), incident("three", 9, severity=3), unit("AMB-01", "en_route", 3 * MINUTE),
        heard={"hotspots": 300},
    ) == ["two", "hotspots", "AMB-01", "three"]  # fmt: skip


def test_an_incident_of_which_only_a_stage_is_known_is_shown_too():
    whole = incident("I-1", 5, dispatched=1)
    fields = {**whole.fields, "severity": None, "category": "", "received_ms": None}
    found = row(replace(whole, fields=fields))
    assert (found.severity, found.title) == (4, "")


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 40), st.booleans(), st.sampled_from(["112", "online"])),
        max_size=12,
    ),
    st.randoms(),
)
def test_the_order_does_not_depend_on_the_order_of_the_things(calls, random):
    things = [
        incident(f"I-{n}", ago, severity=severity, channel=channel, **({"dispatched": 0} if sent else {}))
        for n, (severity, ago, sent, channel) in enumerate(calls)
    ]
    first = order(*things)
    random.shuffle(things)
    assert order(*things) == first
    assert sorted(first) == sorted(t.id for t in things)


def test_beside_live_data_a_simulated_incident_asks_nobody_for_anything():
    made_up = replace(incident("sim", 5, severity=1), source="simulated")
    true = replace(incident("true", 5, severity=2), source="live")
    shown = picture(made_up, true)
    assert [r.id for r in needs_attention(replace(shown, mode="mixed"), FEEDS, TARGET_S)] == ["true"]
    assert [r.id for r in needs_attention(replace(shown, mode="simulated"), FEEDS, TARGET_S)] == [
        "sim",
        "true",
    ]
