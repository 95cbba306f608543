"""Recorded times move to now, all by the same, and nothing else of a payload changes."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.replay.records import Record
from feeds.replay.shift import shift_ms, shifted, timetable

NOW = 1_795_000_000_000
HOUR = 3_600_000


def recorded(*at_ms):
    return [Record("t", b"", at) for at in at_ms]


def test_the_first_record_is_now():
    assert shift_ms(recorded(1_000, 1_000 + HOUR), NOW, 1.0) == NOW - 1_000


def test_played_faster_the_last_record_is_now_when_it_is_sent():
    records = recorded(0, HOUR)
    assert HOUR + shift_ms(records, NOW, 10.0) == NOW + HOUR // 10
    assert HOUR + shift_ms(records, NOW, 0) == NOW


def test_played_slower_the_first_record_is_now():
    assert shift_ms(recorded(0, HOUR), NOW, 0.5) == NOW


def test_without_recorded_times_nothing_moves():
    assert shift_ms(recorded(None, None), NOW, 1.0) == 0


@settings(deadline=None)
@given(
    st.lists(st.none() | st.integers(0, 10**12), min_size=1, max_size=8),
    st.just(0) | st.floats(0.1, 1e6),
    st.integers(10**12, 2 * 10**12),
)
def test_no_record_lies_in_the_future_when_it_is_sent(times, speed, start_ms):
    known = [t for t in times if t is not None]
    moved = shift_ms(recorded(*times), start_ms, speed)
    assert moved % 1000 == 0
    for at in known:
        sent = start_ms if speed == 0 else start_ms + max(0, (at - known[0]) / speed)
        if speed == 0 or speed >= 1:
            assert at + moved <= sent + 1


def test_records_are_due_at_the_recorded_pace():
    records = recorded(5_000, None, 5_000 + HOUR, 4_000)
    due = timetable(records, NOW, 10)
    assert [due(r) for r in records] == [NOW, 0, NOW + HOUR // 10, NOW - 100]
    due = timetable(records, NOW, 0)
    assert [due(r) for r in records] == [0, 0, 0, 0]


def test_times_keep_their_form():
    by = 3_600_000
    assert json.loads(shifted(b'{"_type":"lwt","tst":"1440363922"}', by)) == {
        "_type": "lwt",
        "tst": "1440367522",
    }
    assert json.loads(shifted(b'{"_type":"location","tst":100,"created_at":90,"lat":1}', by)) == {
        "_type": "location", "tst": 3700, "created_at": 3690, "lat": 1,
    }  # fmt: skip
    assert json.loads(shifted(b'{"time":"2026-01-26T15:57:02.250Z","v":1}', by))["time"] == (
        "2026-01-26T16:57:02.250000Z"
    )
    assert (
        json.loads(shifted(b'{"time":"2026-01-26T15:57:02+07:00"}', by))["time"]
        == "2026-01-26T16:57:02+07:00"
    )
    assert json.loads(shifted(b'{"time":1.5}', by)) == {"time": 3601.5}


def test_other_keys_that_look_like_times_stay():
    assert shifted(b'{"time":"soon","tst":5}', 1000) == b'{"time":"soon","tst":5}'
    assert json.loads(shifted(b'{"_type":"waypoint","time":5,"tst":5}', 1000)) == {
        "_type": "waypoint", "time": 5, "tst": 6,
    }  # fmt: skip


@settings(deadline=None)
@given(st.binary(max_size=40) | st.sampled_from([b"[1]", b"{}", b'{"time":true}', b'{"time":[]}', b"\xff"]))
def test_what_has_no_time_stays_byte_for_byte(payload):
    try:
        raw = json.loads(payload)
    except (ValueError, RecursionError):
        raw = None
    if not (isinstance(raw, dict) and (set(raw) & {"time", "tst", "created_at"})):
        assert shifted(payload, 5000) == payload


@settings(deadline=None)
@given(st.integers(-(2**40), 2**40).map(lambda n: n * 1000))
def test_moved_back_it_is_the_same(by):
    message = {"_type": "location", "tst": 1_700_000_000, "lat": -6.98, "note": "ü"}
    there = shifted(json.dumps(message).encode(), by)
    assert json.loads(shifted(there, -by)) == message
