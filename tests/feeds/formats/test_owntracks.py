"""What OwnTracks messages become, odd ones included."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.contracts import BadMessage, Decoded
from feeds.ambulances import Position
from feeds.formats.owntracks import BELOW_A_DEVICE, SILENT, decode, sender_of

TOPIC = "owntracks/crew/amb07"
FIX = {"_type": "location", "tst": 1_700_000_000, "lat": -6.98, "lon": 110.41}


def take(message, topic=TOPIC):
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return decode(topic, payload)


def values(**odd):
    return dict(take(FIX | odd).values)


def refusal(message, topic=TOPIC):
    with pytest.raises(BadMessage) as caught:
        take(message, topic)
    assert str(caught.value)
    return caught.value.code


def test_a_location_becomes_a_position_in_our_units():
    said = take(
        FIX | {"vel": 42, "cog": 271, "acc": 5, "batt": 80, "alt": 12, "tid": "A7", "conn": "m", "m": 1}
    )
    assert said == Decoded(
        TOPIC,
        "position",
        {
            "lat": -6.98, "lon": 110.41, "speed_kmh": 42.0, "heading_deg": 271.0, "accuracy_m": 5.0,
            "battery_pct": 80.0,
        },
        1_700_000_000.0,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["vel", "cog", "acc", "batt"])
@pytest.mark.parametrize("unknown", [-1, -1.0, "-1", None, "n/a", True, [], {}, 10**9, "1e3", "", 10**30])
def test_what_makes_no_sense_is_dropped_and_the_position_stays(name, unknown):
    assert values(**{name: unknown}) == {"lat": -6.98, "lon": 110.41}


@pytest.mark.parametrize(
    ("odd", "ours"),
    [
        ({"vel": 0}, {"speed_kmh": 0.0}),
        ({"vel": 400}, {"speed_kmh": 400.0}),
        ({"cog": 0}, {"heading_deg": 0.0}),
        ({"cog": 360}, {"heading_deg": 360.0}),
        ({"cog": 361}, {}),
        ({"batt": 0}, {"battery_pct": 0.0}),
        ({"batt": 101}, {}),
        ({"batt": "55"}, {"battery_pct": 55.0}),
        ({"acc": 3000}, {"accuracy_m": 3000.0}),
    ],
)
def test_the_ends_of_each_range_count(odd, ours):
    assert values(**odd) == {"lat": -6.98, "lon": 110.41} | ours


@pytest.mark.parametrize("tst", ["1700000000", 1_700_000_000, 1_700_000_000.0])
def test_a_time_may_be_text(tst):
    assert take(FIX | {"tst": tst}).time == 1_700_000_000


def test_coordinates_may_be_text():
    assert values(lat="-6.98", lon="110.41") == {"lat": -6.98, "lon": 110.41}


@pytest.mark.parametrize("tst", ["", "soon", "2026-11-24T00:00:00Z", True, [], {"s": 1}])
def test_a_time_that_is_no_number_of_seconds_is_refused(tst):
    assert refusal(FIX | {"tst": tst}) == "bad_time"


def test_a_missing_time_is_left_to_the_door():
    assert take({k: v for k, v in FIX.items() if k != "tst"}).time is None


@pytest.mark.parametrize(
    "odd",
    [
        {"lat": 90.01}, {"lat": -91}, {"lon": 180.5}, {"lon": -1e9}, {"lat": None}, {"lon": None}, {"lat": "north"},
        {"lat": True}, {"lat": [1]}, {"lon": "110,41"}, {"lat": 10**30}, {"lat": "NaN"},
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_is_refused(odd):
    assert refusal(FIX | odd) == "invalid"


@pytest.mark.parametrize("event", ["enter", "leave"])
def test_a_transition_says_where_the_unit_is(event):
    said = take(
        {"_type": "transition", "event": event, "lat": 2.5, "lon": 1.5, "tst": 1_700_000_000, "acc": 65,
         "wtst": 1, "desc": "Depot"},
        f"{TOPIC}/event",
    )  # fmt: skip
    assert said == Decoded(TOPIC, "position", {"lat": 2.5, "lon": 1.5, "accuracy_m": 65.0}, 1_700_000_000.0)


def test_a_transition_without_a_place_is_counted_and_says_nothing():
    assert take({"_type": "transition", "event": "enter", "tst": 1, "acc": 5}).ignored == "transition"


@pytest.mark.parametrize("type_", sorted(SILENT))
def test_other_types_are_counted_by_type(type_):
    assert take({"_type": type_, "tst": "1700000000"}) == Decoded(TOPIC, ignored=type_)


def test_a_cleared_retained_message_is_counted_as_empty():
    assert take(b"") == Decoded(TOPIC, ignored="empty")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"owntracks/jane/nokia {}", "not_json"),
        (b"{", "not_json"),
        (b"[]", "not_json"),
        (b"null", "not_json"),
        (b'"location"', "not_json"),
        (b'{"_type":"location","tst":1,"lat":NaN,"lon":1}', "not_json"),
        (b'{"_type":"location","tst":1,"lat":1e999,"lon":1}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"\xff\xfe", "not_utf8"),
        (b"{}", "invalid"),
        (b'{"_type":null}', "invalid"),
        (b'{"_type":["location"]}', "invalid"),
        (b'{"_type":"teleport","lat":1,"lon":1,"tst":1}', "unknown_message"),
    ],
)
def test_what_is_no_owntracks_message_is_refused(payload, code):
    assert refusal(payload) == code


@pytest.mark.parametrize("below", sorted(BELOW_A_DEVICE))
def test_sub_topics_belong_to_the_device(below):
    assert sender_of(f"{TOPIC}/{below}") == TOPIC
    assert sender_of(f"fleet/amb07/{below}") == "fleet/amb07"


@pytest.mark.parametrize(
    ("topic", "sender"),
    [
        ("owntracks/crew/event", "owntracks/crew/event"),  # a device of that name
        ("owntracks/crew/amb07/new/thing", TOPIC),
        ("fleet/amb07", "fleet/amb07"),
        ("/", "/"),
    ],
)
def test_a_device_is_named_by_its_topic(topic, sender):
    assert sender_of(topic) == sender


@pytest.mark.parametrize("topic", ["owntracks", "owntracks/crew"])
def test_a_topic_without_a_device_is_refused(topic):
    assert refusal(FIX, topic) == "bad_topic"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    | st.sampled_from(["-1", "1700000000", "52.5", "1e9", "NaN", "-0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
odd_message = st.fixed_dictionaries(
    {"_type": st.sampled_from(["location", "location", "transition", "lwt", "card", ""]) | anything},
    optional={
        k: anything for k in ("tst", "lat", "lon", "vel", "cog", "acc", "batt", "event", "tid", "extra")
    },
)
odd_fix = st.tuples(st.just(FIX), st.dictionaries(st.sampled_from(["vel", "cog", "acc", "batt"]), anything))


@settings(deadline=None)
@given(odd_message)
def test_odd_fields_end_as_a_position_or_a_refusal(message):
    try:
        said = take(message)
    except BadMessage as bad:
        assert bad.code and str(bad)
    else:
        assert said.ignored or Position.model_validate(dict(said.values))


@settings(deadline=None)
@given(odd_fix)
def test_odd_optional_fields_never_cost_the_position(parts):
    fix, odd = parts
    try:
        said = take(fix | odd)
    except BadMessage as bad:
        assert bad.code == "not_json"  # NaN and infinity, which JSON does not have
    else:
        assert Position.model_validate(dict(said.values)).lat == FIX["lat"]


@settings(deadline=None)
@given(st.text(max_size=40), st.binary(max_size=60))
def test_any_bytes_on_any_topic_end_as_decoded_or_bad(topic, payload):
    try:
        assert isinstance(decode(topic, payload), Decoded)
    except BadMessage as bad:
        assert bad.code in ("bad_topic", "not_json", "not_utf8", "invalid", "unknown_message")
