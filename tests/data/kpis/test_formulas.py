"""Each KPI against figures worked out by hand; zero and "nothing to say" are never the same."""

from __future__ import annotations

import pytest

from data.contracts import Member, Reading, Target
from data.kpis.evaluate import counted, covered, evaluate
from data.live.things import thing
from tests.data.things import HOUR, MINUTE, NOW, hotspot, incident, slot, unit
from tests.room import FEEDS, KPIS

BY_ID = {k.id: k for k in KPIS}
TARGETS = {"ambulance.response_p90": Target(10.0)}


def read(kpi, things, *, heard=NOW, targets=TARGETS, live_only=False) -> Reading:
    feed = BY_ID[kpi].reads
    return evaluate([BY_ID[kpi]], {feed: things}, {feed: heard}, targets, NOW, live_only=live_only)[kpi]


def told(reading):
    return reading.value, reading.n, reading.of


# --- units ----------------------------------------------------------------------------------

FREE = "ambulance.units_available"
BY_STATUS = "ambulance.units_by_status"


def test_units_available_counts_those_that_are_free_and_seen_lately():
    things = [
        unit("AMB-01", "available"), unit("AMB-02", "available", 119_000), unit("AMB-03", "en_route"),
        unit("AMB-04", "available", 121_000), unit("MTR-01", None, None),
    ]  # fmt: skip
    reading = read(FREE, things)
    assert told(reading) == (2.0, 3, 5)
    assert reading.as_of_ms == NOW


def test_no_free_unit_is_a_true_zero():
    assert told(read(FREE, [unit("AMB-01", "on_scene"), unit("AMB-02", "out_of_service")])) == (0.0, 2, 2)


def test_units_that_are_all_silent_are_no_zero():
    reading = read(FREE, [unit("AMB-01", "available", HOUR), unit("AMB-02", None, None)])
    assert (reading.value, reading.why, reading.n, reading.of) == (None, "no_input", 0, 2)
    assert reading.as_of_ms == NOW - HOUR


def test_a_unit_that_sends_its_place_but_never_said_what_it_does_is_not_known():
    assert told(read(FREE, [unit("AMB-01", "available"), unit("AMB-02", None, 0)])) == (1.0, 1, 2)
    reading = read(FREE, [unit("AMB-01", None, 0), unit("AMB-02", None, 0)])
    assert (reading.value, reading.why) == (None, "no_input")


def test_too_few_known_units_withhold_the_figure():
    things = [unit("AMB-01", "available"), *(unit(f"AMB-0{n}", None, None) for n in (2, 3, 4))]
    reading = read(FREE, things)
    assert (reading.value, reading.why, reading.n, reading.of) == (None, "low_coverage", 1, 4)


def test_half_of_the_units_are_enough():
    assert read(FREE, [unit("AMB-01", "available"), unit("AMB-02", None, None)]).value == 1.0


def test_units_by_status_names_the_silent_ones():
    things = [
        unit("AMB-01", "available"), unit("AMB-02", "available"), unit("AMB-03", "transporting"),
        unit("AMB-04", "en_route", 10 * MINUTE), unit("MTR-01", None, None),
    ]  # fmt: skip
    reading = read(BY_STATUS, things)
    assert told(reading) == (3.0, 3, 5)
    assert {k: v for k, v in reading.parts.items() if v} == {
        "available": 2.0,
        "transporting": 1.0,
        "unknown": 2.0,
    }
    assert sum(reading.parts.values()) == 5


# --- response times -------------------------------------------------------------------------

P50, P90, SHARE = "ambulance.response_p50", "ambulance.response_p90", "ambulance.response_in_target"


def reached(minutes):
    return [incident(f"I-{n}", 60, dispatched=1, on_scene=m) for n, m in enumerate(minutes)]


def test_percentiles_interpolate_between_calls():
    # 4, 6, 8, 20: the median lies between 6 and 8; 0.9 * 3 = 2.7, so 8 + 0.7 * 12
    things = reached([20, 4, 8, 6])
    assert told(read(P50, things)) == (pytest.approx(7.0), 4, 4)
    assert told(read(P90, things)) == (pytest.approx(16.4), 4, 4)


def test_calls_under_way_are_left_out_of_the_figure_and_counted_beside_it():
    things = [*reached([6]), incident("I-9", 30, dispatched=1)]
    assert told(read(P90, things)) == (pytest.approx(6.0), 1, 2)


def test_no_call_reached_yet_is_no_value():
    reading = read(P90, [incident("I-1", 5, dispatched=1)])
    assert (reading.value, reading.n, reading.of, reading.why) == (None, 0, 1, "no_input")
    assert read(P90, []).value is None
    assert read(P90, [], heard=None).as_of_ms is None


def test_a_crew_that_is_there_at_once_took_zero_minutes():
    assert read(P50, reached([0])).value == 0.0


def test_a_quiet_hour_is_no_dead_feed():
    assert read(P90, reached([5]), heard=NOW - 1000).as_of_ms == NOW - 1000


def test_the_window_is_24_hours_to_the_minute():
    inside, outside = incident("I-1", 24 * 60, on_scene=5), incident("I-2", 24 * 60 + 0.001, on_scene=50)
    assert told(read(P90, [inside, outside])) == (pytest.approx(5.0), 1, 1)


def test_only_calls_that_need_a_crew_are_timed():
    booked = incident("I-1", 60, severity=4, dispatched=1, on_scene=40)
    nobody_sent = incident("I-2", 60, severity=2)
    assert told(read(P90, [booked, nobody_sent, *reached([5])])) == (pytest.approx(5.0), 1, 1)


def test_the_first_crew_stops_the_clock():
    two = incident("I-1", 60, dispatched=1, on_scene=12)
    from data.live.things import thing
    from tests.data.things import slot

    slots = {
        "report": slot(60 * MINUTE, category="fall", severity=1, lat=-7.0, lon=110.4, channel="112"),
        "on_scene:AMB-01": slot((60 - 12) * MINUTE, stage="on_scene"),
        "on_scene:MTR-01": slot((60 - 5) * MINUTE, stage="on_scene"),
    }
    assert read(P50, [thing(FEEDS["incidents"], "I-2", slots, None)]).value == pytest.approx(5.0)
    assert read(P50, [two]).value == pytest.approx(12.0)


def test_an_arrival_before_the_call_is_no_response_time():
    assert told(read(P90, [*reached([6]), incident("I-9", 60, dispatched=1, on_scene=-3)])) == (
        pytest.approx(6.0), 1, 2,
    )  # fmt: skip


def test_share_in_target_counts_to_the_minute():
    # within 10 minutes: 5 and exactly 10; not: 11 and 20
    assert told(read(SHARE, reached([5, 10, 11, 20]))) == (50.0, 4, 4)


def test_a_call_that_nobody_reaches_is_missed_once_its_target_has_passed():
    things = [*reached([5]), incident("I-8", 9, dispatched=1), incident("I-9", 11, dispatched=1)]
    assert told(read(SHARE, things)) == (50.0, 2, 3)


def test_none_in_target_is_a_true_zero_and_no_call_is_none():
    assert read(SHARE, reached([30])).value == 0.0
    assert read(SHARE, []).value is None
    assert read(SHARE, [incident("I-1", 5, dispatched=1)]).value is None


def test_a_share_of_no_target_is_no_share():
    reading = read(SHARE, reached([5]), targets={})
    assert (reading.value, reading.why) == (None, "no_target")


# --- incidents ------------------------------------------------------------------------------

OPEN, OLDEST, CALLS = "incidents.open", "incidents.oldest_open", "calls.last_hour"


def test_open_incidents_are_split_by_severity():
    things = [
        incident("I-1", 5, severity=1), incident("I-2", 9, severity=3, on_scene=4), incident("I-3", 99, severity=3),
        incident("I-4", 50, severity=1, closed=40),
    ]  # fmt: skip
    reading = read(OPEN, things)
    assert told(reading) == (3.0, 3, 3)
    assert reading.parts == {"1": 1.0, "2": 0.0, "3": 2.0, "4": 0.0}


def test_none_open_is_a_true_zero_and_a_feed_never_heard_is_none():
    assert read(OPEN, []).value == 0.0
    assert read(OPEN, [incident("I-1", 9, closed=5)]).value == 0.0
    reading = read(OPEN, [], heard=None)
    assert (reading.value, reading.why) == (None, "no_input")


def test_the_oldest_open_incident_gives_its_age():
    things = [incident("I-1", 42), incident("I-2", 7), incident("I-3", 300, closed=290)]
    assert told(read(OLDEST, things)) == (pytest.approx(42.0), 2, 2)


@pytest.mark.parametrize("things", [[], [incident("I-1", 9, closed=5)]])
def test_with_none_open_there_is_no_oldest(things):
    reading = read(OLDEST, things)
    assert (reading.value, reading.why) == (None, "none_open")
    assert read(OLDEST, things, heard=None).why == "no_input"


def test_calls_of_the_last_hour_are_those_of_112_by_their_receipt():
    things = [
        incident("I-1", 0), incident("I-2", 60), incident("I-3", 60.001), incident("I-4", 5, channel="online"),
        incident("I-5", 30, closed=10), incident("I-6", -1),
    ]  # fmt: skip
    assert read(CALLS, things).value == 3.0
    assert read(CALLS, []).value == 0.0
    assert read(CALLS, [], heard=None).value is None


# --- hotspots -------------------------------------------------------------------------------

UP, USERS = "hotspots.up_pct", "hotspots.users_online"


def test_degraded_hotspots_are_not_up():
    things = [hotspot("H-1", "up"), hotspot("H-2", "up"), hotspot("H-3", "degraded"), hotspot("H-4", "down")]
    assert told(read(UP, things)) == (50.0, 4, 4)


def test_silent_hotspots_are_neither_up_nor_down():
    things = [
        hotspot("H-1", "up", 15 * MINUTE),
        hotspot("H-2", "down"),
        hotspot("H-3", "up", 15 * MINUTE + 1),
    ]
    assert told(read(UP, things)) == (50.0, 2, 3)


def test_all_down_is_a_true_zero_and_all_silent_is_none():
    assert read(UP, [hotspot("H-1", "down")]).value == 0.0
    reading = read(UP, [hotspot("H-1", "up", HOUR), hotspot("H-2", None)])
    assert (reading.value, reading.why) == (None, "no_input")


def test_users_are_summed_and_a_hotspot_that_is_down_has_none():
    things = [
        hotspot("H-1", "up", users=12), hotspot("H-2", "up", users=0), hotspot("H-3", "down", users=99),
        hotspot("H-4", "up", HOUR, users=50), hotspot("H-5", "up"),
    ]  # fmt: skip
    assert told(read(USERS, things)) == (12.0, 3, 5)


def test_nobody_online_is_a_true_zero_and_nobody_telling_is_none():
    assert read(USERS, [hotspot("H-1", "up", users=0)]).value == 0.0
    assert read(USERS, [hotspot("H-1", "up"), hotspot("H-2", None)]).value is None
    assert read(USERS, []).value is None


# --- what all share -------------------------------------------------------------------------


@pytest.mark.parametrize("kpi", KPIS, ids=lambda k: k.id)
def test_without_any_input_no_kpi_has_a_value_or_fails(kpi):
    reading = evaluate([kpi], {}, {}, {}, NOW, live_only=False)[kpi.id]
    assert reading.value is None or kpi.id == BY_STATUS
    assert not reading.why.startswith("error")
    assert reading.as_of_ms is None


def test_exercises_never_count_and_simulated_ones_only_without_live_ones():
    things = [
        incident("I-1", 5), incident("I-2", 5, source="simulated"), incident("I-3", 5, source="exercise"),
        incident("I-4", 5, source="replay"),
    ]  # fmt: skip
    assert [t.id for t in counted(things, live_only=True)] == ["I-1"]
    assert [t.id for t in counted(things, live_only=False)] == ["I-1", "I-2", "I-4"]


def test_a_registered_object_that_only_a_simulation_spoke_for_counts_as_never_heard():
    """Else the first live unit of sixty would read 1 of 1, as if all were there."""
    things = [
        unit("AMB-01", "available"), unit("AMB-02", "available", source="simulated"),
        unit("MTR-01", "available", source="exercise"),
    ]  # fmt: skip
    reading = read(FREE, things, live_only=True)
    assert (reading.value, reading.why, reading.n, reading.of) == (None, "low_coverage", 1, 3)
    assert told(read(FREE, things)) == (2.0, 2, 3)
    users = [hotspot("H-1", "up", users=3), hotspot("H-2", "up", users=40, source="simulated")]
    assert told(read(USERS, users, live_only=True)) == (3.0, 1, 2)


def test_what_a_simulation_registered_for_itself_is_not_counted_against():
    extra = Member("SIM-00001", "ambulances", "SIM-00001", simulated=True)
    seen = slot(0, source="simulated", lat=-7.0, lon=110.4)
    simulated = thing(FEEDS["ambulances"], extra.id, {"position": seen}, extra)
    assert told(read(FREE, [unit("AMB-01", "available"), simulated], live_only=True)) == (1.0, 1, 1)


def test_coverage_withholds_the_value_and_keeps_the_rest():
    kpi = BY_ID[UP]
    reading = covered(kpi, Reading(90.0, 4, 9, NOW))
    assert reading == Reading(None, 4, 9, NOW, {}, "low_coverage")
    assert covered(kpi, Reading(90.0, 5, 9, NOW)).value == 90.0


@pytest.mark.parametrize(
    ("kpi", "value", "state"),
    [
        (P90, 9.0, "good"), (P90, 9.1, "watch"), (P90, 10.0, "watch"), (P90, 10.1, "bad"), (P90, 15.1, "critical"),
        (UP, 95.0, "good"), (UP, 94.9, "watch"), (UP, 89.9, "bad"), (UP, 0.0, "critical"), (UP, None, "unknown"),
        (USERS, 0.0, "good"),
    ],
)  # fmt: skip
def test_bands_begin_past_their_limit(kpi, value, state):
    target = {P90: Target(10, 9, 10, 15), UP: Target(95, 95, 90, 75), USERS: Target(None, 5, 4, 3)}[kpi]
    assert BY_ID[kpi].judge(Reading(value, 1, 1, NOW), target) == state
    assert BY_ID[kpi].judge(None, target) == "unknown"
