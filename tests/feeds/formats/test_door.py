"""Foreign messages at the door: whose they are, where they are counted, what is cleared and what refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from data.clock import now_ms
from data.profile.city import DeviceTarget, Format
from feeds.formats import owntracks
from feeds.worker.intake import Arrived, Intake, feed_by_topic
from tests.room import FEEDS, make_city

PHONE = "owntracks/crew/amb01"
DEVICES = {PHONE: DeviceTarget("ambulances", "AMB-01")}


def door(**changed):
    usual = {"formats": {"owntracks": Format(("owntracks/#",), DEVICES)}, "districts": ()}
    city = replace(make_city(), **{**usual, **changed})
    known = lambda feed, id: id in city.registry.get(feed, {})  # noqa: E731
    intake = Intake(city, FEEDS, {"owntracks": owntracks.FORMAT}, known, lambda _lat, _lon: None)

    def take(topic, payload, **more):
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return intake.take(Arrived(topic, body, now_ms(), **more))[0]

    return take


def fix(**odd):
    return {"_type": "location", "tst": now_ms() // 1000, "lat": -7.0, "lon": 110.4} | odd


def test_a_phone_moves_the_unit_it_stands_for():
    entry = door()(PHONE, fix(vel=30))
    what, counted, feed, id, kind, *_ = entry
    assert (what, counted, feed, id, kind) == ("e", "ambulances", "ambulances", "AMB-01", "position")
    assert json.loads(entry[11]) == {"lat": -7.0, "lon": 110.4, "speed_kmh": 30.0}
    assert entry[-1] == "owntracks"


def test_an_event_below_the_devices_topic_moves_the_same_unit():
    entry = door()(f"{PHONE}/event", fix(_type="transition", event="leave"))
    assert entry[:4] == ["e", "ambulances", "ambulances", "AMB-01"]


@pytest.mark.parametrize("type_", ["lwt", "card"])
def test_what_says_nothing_is_counted_by_type_with_its_feed(type_):
    assert door()(PHONE, {"_type": type_, "tst": 1}) == ["i", "ambulances", "owntracks", type_]


def test_an_unknown_device_is_refused_and_named():
    what, counted, format_, code, *_, sender = door()("owntracks/who/knows", fix())
    assert (what, counted, format_, code) == ("r", "unrouted", "owntracks", "unknown_device")
    assert sender == "owntracks/who/knows"


@pytest.mark.parametrize("below", ["", "/event", "/cmd/deeper"])
def test_a_bad_message_of_a_known_device_is_counted_with_its_feed(below):
    what, counted, format_, code, *_ = door()(PHONE + below, b'{"_type":')
    assert (what, counted, format_, code) == ("r", "ambulances", "owntracks", "not_json")


def test_a_bad_message_of_nobody_known_is_unrouted():
    assert door()("owntracks/who/knows", b"?")[:2] == ["r", "unrouted"]
    assert feed_by_topic("owntracks/crew", DEVICES) == ""
    assert feed_by_topic("/" * 65_000, DEVICES) == ""


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        ({"tst": None}, "time_missing"),
        ({"tst": 1}, "time_past"),
        ({"tst": 4_000_000_000}, "time_future"),
        ({"tst": 1_700_000_000_000}, "bad_time"),
        ({"lat": 0, "lon": 0}, "no_fix"),
        ({"lat": 52.0, "lon": 5.0}, "too_far"),
        ({"lat": 91}, "invalid"),
    ],
)
def test_times_and_places_are_held_to_the_citys_limits(odd, code):
    assert door()(PHONE, fix(**odd))[:4] == ["r", "ambulances", "owntracks", code]


def test_a_device_of_a_feed_without_positions_is_refused_with_that_feed():
    devices = {PHONE: DeviceTarget("incidents", "I-1")}
    take = door(formats={"owntracks": Format(("owntracks/#",), devices)})
    assert take(PHONE, fix())[:4] == ["r", "incidents", "owntracks", "unknown_message"]


def test_clearing_a_stored_status_is_no_bad_message():
    assert door()("city/testville/hotspots/H-1/status", b"") == ["i", "hotspots", "", "empty"]


def test_an_empty_message_that_nothing_stores_is_refused():
    assert door()("city/testville/ambulances/AMB-01/position", b"")[:4] == ["r", "ambulances", "", "not_json"]


def test_without_boundaries_outside_means_outside_the_citys_bounds():
    take = door()
    assert take(PHONE, fix())[9] == ""
    assert take(PHONE, fix(lat=-7.3))[9] == "outside"


def test_with_boundaries_outside_means_in_no_village():
    assert door(districts=make_city().districts)(PHONE, fix())[9] == "outside"
