"""Recordings are read in every form, and what is wrong in one is told with file and line."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path

import pytest

from data.contracts import Member
from feeds.replay.read import read, topic_of
from feeds.replay.records import Record, ReplayError

REGISTRY = {"hotspots": {}, "ambulances": {"4716": Member("4716", "ambulances", "Bus")}}
HEAD = "id,vehicle_id,trip_id,timestamp,latitude,longitude,bearing\n"


@pytest.fixture
def records(tmp_path):
    def make(name, text, **options):
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(file, city="here", registry=REGISTRY, **options)

    return make


def test_a_recorder_file_gives_payloads_as_they_came_with_their_arrival(records):
    text = '2015-08-24T05:55:07Z\t*                 \t{"tst":1, "a":"\ttab"}\n2015-08-24T05:55:14Z\t-\tnot json\r\n'
    assert records("demo.rec", text) == [
        Record("owntracks/replay/demo", b'{"tst":1, "a":"\ttab"}', 1_440_395_707_000),
        Record("owntracks/replay/demo", b"not json", 1_440_395_714_000),
    ]


@pytest.mark.parametrize(
    ("file", "topic"),
    [
        ("store/rec/jane/nokia/2024-02.rec", "owntracks/jane/nokia"),
        ("elsewhere/jane/nokia/2024-02.rec", "owntracks/replay/2024-02"),
        ("my demo+1.rec", "owntracks/replay/my_demo_1"),
    ],
)
def test_a_file_that_names_no_topic_has_one_that_a_profile_can_register(file, topic):
    assert topic_of(Path(file)) == topic


def test_the_topic_can_be_given(records):
    assert records("a.rec", "2015-08-24T05:55:07Z\t*\t{}", topic="owntracks/x/y")[0].topic == "owntracks/x/y"


def test_a_topic_with_wildcards_is_refused(records):
    with pytest.raises(ReplayError, match="--topic: "):
        records("a.rec", "2015-08-24T05:55:07Z\t*\t{}", topic="owntracks/#")


def test_our_own_form_keeps_bytes_retain_and_time(records):
    rows = [
        {"topic": "a/b", "payload": '{"x": 1}', "time": "2026-01-26T15:57:02Z", "retain": True},
        {"topic": "a/b", "payload": {"x": 1}, "time": 1_769_443_022},
        {"topic": "a/b", "payload_base64": base64.b64encode(b"\xff\x00").decode()},
        {"topic": "a/b", "payload": ""},
    ]
    assert records("own.jsonl", "\n\n".join(map(json.dumps, rows))) == [
        Record("a/b", b'{"x": 1}', 1_769_443_022_000, True),
        Record("a/b", b'{"x":1}', 1_769_443_022_000),
        Record("a/b", b"\xff\x00"),
        Record("a/b", b""),
    ]


def test_bare_payloads_go_out_as_they_stand(records):
    assert records("cases.jsonl", '{"file": "x", "text": "{ ... }"}') == [
        Record("owntracks/replay/cases", b"{ ... }")
    ]


def test_a_trace_becomes_native_positions_in_order_of_time(records):
    rows = "1,4716,T1,2026-01-26 15:57:24,53.4,-2.9,53\n2,4716,T1,2026-01-26T15:57:02+01:00,53.5,-2.8,\n"
    early, late = records("trace.csv", HEAD + rows)
    assert early.topic == late.topic == "city/here/ambulances/4716/position"
    assert (early.at_ms, late.at_ms) == (1_769_439_422_000, 1_769_443_044_000)
    assert json.loads(early.payload) == {
        "time": "2026-01-26T15:57:02+01:00", "lat": 53.5, "lon": -2.8, "trip_id": "T1",
    }  # fmt: skip
    assert json.loads(late.payload) == {
        "time": "2026-01-26T15:57:24Z", "lat": 53.4, "lon": -2.9, "heading_deg": 53.0, "trip_id": "T1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.txt", "x", 'not ".txt"'),
        ("a.rec", "", "holds no message"),
        ("a.rec", b"2015-08-24T05:55:07Z\t*\t\xff", "is not UTF-8"),
        ("a.rec", "2015-08-24T05:55:07Z\t*\t{}\n2015-08-24T05", "a.rec:2: expected time, kind and payload"),
        ("a.rec", "yesterday\t*\t{}", 'a.rec:1: time "yesterday"'),
        ("a.jsonl", '{"topic": "a"', "a.jsonl:1: is no JSON"),
        ("a.jsonl", '\n["a"]', "a.jsonl:2: is neither"),
        ("a.jsonl", '{"topic": "a/#", "payload": ""}', 'a.jsonl:1: "a/#" is no topic'),
        ("a.jsonl", json.dumps({"topic": "a" * 70_000, "payload": ""}), "is no topic"),
        ("a.jsonl", '{"topic": "a"}', "a.jsonl:1: has neither payload"),
        ("a.jsonl", '{"topic": "a", "payload_base64": "%"}', "a.jsonl:1: payload_base64"),
        ("a.jsonl", '{"topic": "a", "payload": "", "time": true}', "a.jsonl:1: time is neither"),
        ("a.csv", "vehicle_id,timestamp\n", "a.csv:1: lacks the column latitude, longitude"),
        (
            "a.csv",
            HEAD + "1,9999,T,2026-01-26 15:57:02,1,1,\n",
            'a.csv:2: vehicle "9999" is registered in no',
        ),
        ("a.csv", HEAD + "1,4716,T,2026-01-26 15:57:02,x,1,\n", 'a.csv:2: latitude "x" is no number'),
        ("a.csv", HEAD + "1,4716,T,2026-01-26 15:57:02,1,nan,\n", 'a.csv:2: longitude "nan" is no number'),
        ("a.csv", HEAD + "1,4716,T,,1,1,\n", "a.csv:2: time"),
        ("a.csv", HEAD + "1,4716,T\n", "a.csv:2: time"),
    ],
)
def test_a_broken_recording_is_refused_with_file_and_line(records, name, text, says):
    with pytest.raises(ReplayError) as caught:
        records(name, text)
    assert says in str(caught.value)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(ReplayError, match=r"no\.rec: cannot be read"):
        read(tmp_path / "no.rec", city="here", registry={})


def test_the_bus_trace_has_what_its_provenance_says(recordings):
    ids = ("4716", "4720", "4722", "4733", "4803", "4836", "4841", "4842")
    buses = {id: Member(id, "ambulances", id) for id in ids}
    file = recordings / "traces" / "liverpool_bus_route14.csv"
    fixes = read(file, city="here", registry={"ambulances": buses})
    said = [json.loads(f.payload) for f in fixes]
    assert len(fixes) == 1533
    assert len(Counter(f.topic for f in fixes)) == 8
    assert len(Counter(s["trip_id"] for s in said)) == 16
    assert sum("heading_deg" not in s for s in said) == 399


def test_the_phones_recording_has_what_its_provenance_says(recordings):
    said = [
        json.loads(r.payload)
        for r in read(recordings / "owntracks" / "recorder_demo_iphone.rec", city="here", registry={})
    ]
    assert Counter(s["_type"] for s in said) == {"location": 23, "lwt": 2}
    assert sum(s.get("vel", 0) < 0 or s.get("cog", 0) < 0 for s in said) == 16
    assert sum(isinstance(s["tst"], str) for s in said) == 2
