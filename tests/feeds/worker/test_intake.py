"""The door: what each bad input is called, and that nothing a sender can do gets past it or stops it."""

from __future__ import annotations

import json
from dataclasses import replace

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.contracts import BadMessage, Decoded, Format
from data.profile import DeviceTarget
from data.profile.city import Format as FormatSpec
from feeds.formats import owntracks
from feeds.worker.intake import Arrived, Intake, topics_matcher
from tests.room import FEEDS, make_city

NOW = 1_790_000_000_000
TIME = NOW // 1000


def broken(topic: str, payload: bytes) -> Decoded:
    """A format whose decoder has a fault of its own."""
    raise KeyError(payload[:1])


CITY = replace(
    make_city("semarang"),
    formats={
        "owntracks": FormatSpec(("owntracks/#",), {"owntracks/crew/a": DeviceTarget("ambulances", "AMB-01")}),
        "broken": FormatSpec(("broken/+/x",), {}),
    },
)
FORMATS = {"owntracks": owntracks.FORMAT, "broken": Format("broken", broken)}
INTAKE = Intake(
    CITY, FEEDS, FORMATS, lambda feed, id: id in CITY.registry.get(feed, ()),
    lambda lat, lon: ("west", "V1") if 110.3 < lon < 110.5 and -7.1 < lat < -6.9 else None,
)  # fmt: skip

POSITION = {"time": TIME, "lat": -7.0, "lon": 110.4}
UNIT = "city/semarang/ambulances/AMB-01/position"
STATUS = "city/semarang/hotspots/H-1/status"
REPORT = "city/semarang/incidents/I-1/report"
CALL = {"time": TIME, "category": "fall", "severity": 2, "lat": -7.0, "lon": 110.4, "channel": "112"}
BEAT = "city/semarang/feeds/hotspots/heartbeat"


def take(topic, payload, **more):
    if not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    entry, unknown = INTAKE.take(Arrived(topic, payload, NOW, **more))
    assert isinstance(entry, list)
    assert all(isinstance(v, str) for v in entry)
    orjson.dumps(entry)  # the store's script must be able to read it
    assert len(entry) == {"e": 16, "h": 6, "r": 9, "i": 4}[entry[0]]
    return entry, unknown


def code(topic, payload, **more):
    entry, _ = take(topic, payload, **more)
    return entry[3] if entry[0] == "r" else entry[0]


def nested(depth):
    return b'{"time":' + b"[" * depth + b"]" * depth + b"}"


BAD = {
    # no JSON
    "empty": (UNIT, b"", "not_json"),
    "cut off": (UNIT, b'{"time": 17', "not_json"),
    "a word": (UNIT, b"up", "not_json"),
    "a list": (UNIT, b"[1, 2]", "not_json"),
    "a number": (UNIT, b"7", "not_json"),
    "null": (UNIT, b"null", "not_json"),
    "a trailing comma": (UNIT, b'{"time": 1,}', "not_json"),
    "two objects": (UNIT, b"{}{}", "not_json"),
    "NaN": (UNIT, b'{"time": %d, "lat": NaN, "lon": 110.4}' % TIME, "not_json"),
    "Infinity": (UNIT, b'{"time": %d, "lat": Infinity, "lon": 110.4}' % TIME, "not_json"),
    "invalid UTF-8": (UNIT, b'{"time": "\xff\xfe"}', "not_utf8"),
    "UTF-16": (UNIT, '{"time": 1}'.encode("utf-16"), "not_utf8"),
    "a lone surrogate": (UNIT, b'{"time": %d, "crew": "\\ud800"}' % TIME, "not_json"),
    "raw control characters": (UNIT, b'{"time": "\x00\x01"}', "not_json"),
    "deep nesting": (UNIT, nested(100_000), "not_json"),
    "a megabyte": (UNIT, b'{"note": "' + b"x" * 1_000_000 + b'"}', "too_large"),
    # wrong types
    "a number in text": (UNIT, {**POSITION, "lat": "-7.0"}, "invalid"),
    "true for a number": (UNIT, {**POSITION, "lat": True}, "invalid"),
    "a list for a number": (UNIT, {**POSITION, "lat": [-7.0]}, "invalid"),
    "null for a number": (UNIT, {**POSITION, "lat": None}, "invalid"),
    "a missing field": (UNIT, {"time": TIME, "lat": -7.0}, "invalid"),
    "a word we do not have": (STATUS, {"time": TIME, "status": "asleep"}, "invalid"),
    "a word in capitals": (STATUS, {"time": TIME, "status": "UP"}, "invalid"),
    "a broken number of users": (
        "city/semarang/hotspots/H-1/telemetry",
        {"time": TIME, "clients": 1.5, "rx_kbps": 1, "tx_kbps": 1},
        "invalid",
    ),
    "users below zero": (
        "city/semarang/hotspots/H-1/telemetry",
        {"time": TIME, "clients": -1, "rx_kbps": 1, "tx_kbps": 1},
        "invalid",
    ),
    "severity 0": (REPORT, {**CALL, "severity": 0}, "invalid"),
    "severity 5": (REPORT, {**CALL, "severity": 5}, "invalid"),
    "a note that is a book": (REPORT, {**CALL, "note": "x" * 2001}, "invalid"),
    "an id that is a path": (
        "city/semarang/incidents/I-1/progress", {"time": TIME, "stage": "dispatched", "unit_id": "../x"}, "invalid",
    ),
    "an id that is HTML": (
        "city/semarang/incidents/I-1/progress", {"time": TIME, "stage": "dispatched", "unit_id": "<b>"}, "invalid",
    ),
    "an unknown source": (UNIT, POSITION, "invalid", {"source": "<script>"}),
    # huge numbers
    "1e400": (UNIT, b'{"time": %d, "lat": 1e400, "lon": 110.4}' % TIME, ("not_json", "invalid")),
    "a number of 5000 digits": (
        UNIT, b'{"time": %d, "lat": %s, "lon": 1}' % (TIME, b"9" * 5000), ("not_json", "invalid"),
    ),
    "speed of light": (UNIT, {**POSITION, "speed_kmh": 1_079_252_848.8}, "invalid"),
    # impossible places
    "latitude 91": (UNIT, {**POSITION, "lat": 91}, "invalid"),
    "longitude -181": (UNIT, {**POSITION, "lon": -181}, "invalid"),
    "exactly 0,0": (UNIT, {**POSITION, "lat": 0, "lon": 0}, "no_fix"),
    "exactly -0,0": (UNIT, {**POSITION, "lat": -0.0, "lon": 0.0}, "no_fix"),
    "in Paris": (UNIT, {**POSITION, "lat": 48.9, "lon": 2.3}, "too_far"),
    "at the pole": (UNIT, {**POSITION, "lat": -90, "lon": 0}, "too_far"),
    # impossible times
    "no time": (UNIT, {"lat": -7.0, "lon": 110.4}, "time_missing"),
    "time null": (UNIT, {**POSITION, "time": None}, "time_missing"),
    "six minutes ahead": (UNIT, {**POSITION, "time": TIME + 360}, "time_future"),
    "401 days back": (UNIT, {**POSITION, "time": TIME - 401 * 86_400}, "time_past"),
    "1970": (UNIT, {**POSITION, "time": 0}, "time_past"),
    "milliseconds for seconds": (UNIT, {**POSITION, "time": NOW}, "bad_time"),
    "time true": (UNIT, {**POSITION, "time": True}, "bad_time"),
    "time in a list": (UNIT, {**POSITION, "time": [TIME]}, "bad_time"),
    "time in words": (UNIT, {**POSITION, "time": "yesterday"}, "bad_time"),
    "a day without a time": (UNIT, {**POSITION, "time": "2026-09-21"}, "bad_time"),
    "a time without an offset": (UNIT, {**POSITION, "time": "2026-09-21T14:00:00"}, "bad_time"),
    "31 February": (UNIT, {**POSITION, "time": "2026-02-31T14:00:00Z"}, "bad_time"),
    "year 1 with an offset": (UNIT, {**POSITION, "time": "0001-01-01T00:00:00+23:59"}, ("bad_time", "time_past")),
    "year 9999 with an offset": (UNIT, {**POSITION, "time": "9999-12-31T23:59:59-23:59"}, ("bad_time", "time_future")),
    "time 1e308": (UNIT, {**POSITION, "time": 1e308}, "bad_time"),
    "time of 300 digits": (UNIT, {**POSITION, "time": 10**300}, "bad_time"),
    # topic and payload
    "another id in the payload": (UNIT, {**POSITION, "id": "AMB-02"}, "id_mismatch"),
    "a number for the id": (UNIT, {**POSITION, "id": 1}, "id_mismatch"),
    "a nest for the id": (UNIT, b'{"id": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}", "id_mismatch"),
    "another city in the payload": (UNIT, {**POSITION, "city": "jakarta"}, "city_mismatch"),
    "another city in a heartbeat": (BEAT, {"time": TIME, "sender": "a", "city": "jakarta"}, "city_mismatch"),
    "another city's topic": ("city/jakarta/ambulances/AMB-01/position", POSITION, "bad_topic"),
    "a short topic": ("city/semarang/ambulances", POSITION, "bad_topic"),
    "a long topic": (UNIT + "/more", POSITION, "bad_topic"),
    "an empty topic": ("", POSITION, "bad_topic"),
    "somebody else's topic": ("zigbee2mqtt/lamp", POSITION, "bad_topic"),
    "an unknown feed": ("city/semarang/zeppelins/Z-1/position", POSITION, "unknown_feed"),
    "an unknown message": ("city/semarang/ambulances/AMB-01/mood", POSITION, "unknown_message"),
    "an unknown object": ("city/semarang/ambulances/AMB-99/position", POSITION, "unknown_object"),
    "an id with spaces": ("city/semarang/incidents/a b/report", CALL, "bad_id"),
    "an id of HTML": ("city/semarang/incidents/<b>/report", CALL, "bad_id"),
    "an id with a NUL": ("city/semarang/incidents/a\0b/report", CALL, "bad_id"),
    "an id that ends a line": ("city/semarang/incidents/I-1\n/report", CALL, "bad_id"),
    "no id": ("city/semarang/incidents//report", CALL, "bad_id"),
    "an id of 65 letters": (f"city/semarang/incidents/{'x' * 65}/report", CALL, "bad_id"),
    "a heartbeat of an unknown feed": ("city/semarang/feeds/zeppelins/heartbeat", {"sender": "a"}, "unknown_feed"),
    "no heartbeat": ("city/semarang/feeds/hotspots/heart", {"sender": "a"}, "unknown_message"),
    "a heartbeat of nobody": (BEAT, {"time": TIME}, "invalid"),
    "a heartbeat of HTML": (BEAT, {"time": TIME, "sender": "<script>"}, "invalid"),
    "a queue below zero": (BEAT, {"time": TIME, "sender": "a", "queue": -1}, "invalid"),
    "a queue of true": (BEAT, {"time": TIME, "sender": "a", "queue": True}, "invalid"),
    # foreign formats
    "OwnTracks that is no JSON": ("owntracks/crew/a", b"lat=1", "not_json"),
    "OwnTracks of a stranger": (
        "owntracks/crew/zz", {"_type": "location", "lat": -7, "lon": 110, "tst": TIME}, "unknown_device",
    ),
    "OwnTracks of a megabyte": ("owntracks/crew/a", b"x" * 1_000_000, "too_large"),
    "a decoder with a fault": ("broken/1/x", b"{}", "invalid"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_each_bad_input_has_its_code(what):
    topic, payload, expected, *more = BAD[what]
    expected = (expected,) if isinstance(expected, str) else expected
    assert code(topic, payload, **(more[0] if more else {})) in expected


@pytest.mark.parametrize("what", [w for w, b in BAD.items() if b[2] not in ("bad_topic", "unknown_feed")])
def test_each_bad_input_counts_for_its_feed(what):
    topic, payload, _, *more = BAD[what]
    entry, _ = take(topic, payload, **(more[0] if more else {}))
    if topic.startswith("city/"):
        parts = topic.split("/")
        assert entry[1] == (parts[3] if parts[2] == "feeds" else parts[2])
    elif topic.startswith("owntracks/"):
        assert entry[2] == "owntracks"


GOOD = {
    "a position": (UNIT, POSITION),
    "a position with all it may say": (
        UNIT, {**POSITION, "speed_kmh": 40, "heading_deg": 360, "accuracy_m": 5, "battery_pct": 80, "id": "AMB-01",
               "city": "semarang"},
    ),
    "RFC 3339 with an offset": (UNIT, {**POSITION, "time": "2026-09-21T20:13:20+07:00"}),
    "RFC 3339 in UTC": (UNIT, {**POSITION, "time": "2026-09-21T13:13:20.123Z"}),
    "epoch with a fraction": (UNIT, {**POSITION, "time": TIME - 0.5}),
    "five minutes ahead": (UNIT, {**POSITION, "time": TIME + 300}),
    "399 days back": (UNIT, {**POSITION, "time": TIME - 399 * 86_400}),
    "a referral to Jakarta": (UNIT, {**POSITION, "lat": -6.2, "lon": 106.8}),
    "a status": (STATUS, {"time": TIME, "status": "down"}),
    "a last will": (STATUS, {"status": "down"}),
    "a call": (REPORT, CALL),
    "a heartbeat": (BEAT, {"time": TIME, "sender": "centre-1", "queue": 0}),
}  # fmt: skip


@pytest.mark.parametrize("what", GOOD)
def test_what_is_right_is_taken(what):
    assert code(*GOOD[what]) in ("e", "h")


def test_keys_that_we_do_not_know_are_told_and_change_nothing():
    plain, _ = take(UNIT, POSITION)
    entry, unknown = take(UNIT, {**POSITION, "firmware": "9", "_district": "east"})
    assert entry == plain
    assert set(unknown) == {"firmware", "_district"}


def test_html_is_kept_as_the_text_it_is_and_control_characters_go():
    entry, _ = take(REPORT, {**CALL, "note": "<script>alert(1)</script>\x07\x1b[31m\nred"})
    assert json.loads(entry[11])["note"] == "<script>alert(1)</script>  [31m red"


def test_a_place_in_the_city_gets_its_district_and_one_outside_is_marked():
    entry, _ = take(UNIT, POSITION)
    assert json.loads(entry[11])["_district"] == "west"
    assert entry[9] == ""
    entry, _ = take(UNIT, {**POSITION, "lat": -6.2, "lon": 106.8})
    assert entry[9] == "outside"


def test_a_dead_letter_says_where_what_and_who():
    entry, _ = take("city/semarang/hotspots/H-77/status", b'{"time": 1790000000, "status": "up"}')
    _, feed, _, what, reason, topic, excerpt, received, sender = entry
    assert (feed, what, sender, received) == ("hotspots", "unknown_object", "hotspots/H-77", str(NOW))
    assert (topic, excerpt) == (
        "city/semarang/hotspots/H-77/status", '{"time": 1790000000, "status": "up"}',
    )  # fmt: skip
    assert '"H-77" is not registered' in reason


def test_a_dead_letter_is_short_and_printable_whatever_came():
    entry, _ = take("x" * 60_000 + "\x00\x1b", bytes(range(256)) * 100)
    assert all(v.isprintable() for v in entry)
    assert max(map(len, entry)) <= 330


def test_a_message_without_a_time_is_live_stored_or_again():
    will = b'{"status": "down"}'
    for more, mode, flags in (
        ({}, "assumed", "time_assumed"), ({"redelivered": True}, "again", "time_assumed"),
        ({"retain": True}, "stored", "age_unknown"), ({"retain": True, "redelivered": True}, "stored", "age_unknown"),
    ):  # fmt: skip
        entry, _ = take(STATUS, will, **more)
        assert (entry[14], entry[9], entry[6]) == (mode, flags, str(NOW))


def test_a_stored_copy_with_a_time_is_a_message_like_any_other():
    entry, _ = take(STATUS, {"time": TIME - 3600, "status": "down"}, retain=True)
    assert (entry[14], entry[9], entry[6]) == ("", "", str((TIME - 3600) * 1000))


@pytest.mark.parametrize("source", ["live", "simulated", "exercise", "replay"])
def test_a_message_carries_its_source(source):
    assert take(UNIT, POSITION, source=source)[0][8] == source
    assert take(UNIT, POSITION)[0][8] == "live"


def test_the_worst_to_read_is_refused_like_any_other():
    worst = [
        (UNIT, nested(120_000)),
        (UNIT, b'{"a":' * 50_000),
        (UNIT, b'{"time": %s}' % (b"9" * 250_000)),
        (UNIT, b"{" + b",".join(b'"k%d":1' % n for n in range(25_000)) + b"}"),
        (REPORT, json.dumps({**CALL, "note": "a\0" * 20_000}).encode()),
        ("owntracks/" + "a/" * 30_000, b"{}"),
        ("owntracks/crew/a", b'{"_type": "location", "lat": "' + b"9" * 200_000 + b'x", "lon": 1}'),
    ]
    for topic, payload in worst:
        assert code(topic, payload) not in ("e", "h")


# --- anything at all ------------------------------------------------------------------------

levels = st.sampled_from(
    ["city", "semarang", "ambulances", "hotspots", "incidents", "feeds", "heartbeat", "position", "status", "report",
     "progress", "telemetry", "AMB-01", "H-1", "I-1", "owntracks", "crew", "a", "broken", "x", "", "+", "#"]
)  # fmt: skip
topics = st.one_of(
    st.text(max_size=80), st.lists(levels, max_size=7).map("/".join),
    st.sampled_from([UNIT, STATUS, REPORT, BEAT, "city/semarang/incidents/I-1/progress", "owntracks/crew/a"]),
)  # fmt: skip
keys = st.one_of(
    st.sampled_from(
        ["time", "id", "city", "lat", "lon", "status", "sender", "queue", "category", "severity", "channel", "stage",
         "unit_id", "note", "_type", "tst", "vel", "speed_kmh"]
    ),
    st.text(max_size=8),
)  # fmt: skip
values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
        st.sampled_from([TIME, NOW, -7.0, 110.4, "up", "112", "answered", "location", "AMB-01", "semarang", 2]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip
payloads = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(keys, values, max_size=8).map(lambda d: json.dumps(d).encode()),
    st.dictionaries(keys, values, max_size=4).map(lambda d: json.dumps({**POSITION, **CALL, **d}).encode()),
    values.map(lambda v: json.dumps(v).encode()),
    st.text(max_size=100).map(lambda t: t.encode("utf-16", "surrogatepass")),
)


@given(topics, payloads, st.booleans(), st.booleans(), st.one_of(st.none(), st.text(max_size=12)))
@example("city/semarang/ambulances/AMB-01/position\ud800", b"{}", False, False, "\ud800")
@settings(max_examples=700, deadline=None)
def test_whatever_arrives_ends_as_exactly_one_entry(topic, payload, retain, redelivered, source):
    entry, _ = take(topic, payload, retain=retain, redelivered=redelivered, source=source)
    assert entry[0] in "ehri"
    if entry[0] == "r":
        assert all(v.isprintable() for v in entry)


@given(
    st.text(max_size=40) | st.floats() | st.integers() | st.none() | st.booleans() | st.lists(st.integers())
)
@settings(max_examples=500, deadline=None)
def test_whatever_stands_for_a_time_is_a_time_or_refused(said):
    from feeds.worker.times import event_time_ms

    try:
        assert isinstance(event_time_ms(said), int)
    except BadMessage as bad:
        assert bad.code == "bad_time"


@pytest.mark.parametrize(
    ("filter", "topic", "matches"),
    [
        ("owntracks/#", "owntracks", True), ("owntracks/#", "owntracks/a/b", True),
        ("owntracks/#", "owntracksx/a", False),
        ("a/+/c", "a/b/c", True), ("a/+/c", "a//c", True), ("a/+/c", "a/b/d/c", False), ("#", "any/thing", True),
        ("a.b/+", "axb/c", False), ("+", "a/b", False), ("a/#", "a/b\nc", True),
    ],
)  # fmt: skip
def test_a_filter_matches_as_the_broker_does(filter, topic, matches):
    assert topics_matcher(filter)(topic) is matches
