"""OwnTracks as a phone sends it: Debian's mosquitto_pub, a real broker, the real worker, a real store."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace

import pytest

from callbacks.api import answers
from data.clock import now_ms
from data.profile.city import DeviceTarget, Format
from data.store import read
from tests.conftest import started
from tests.feeds.listening import Listening
from tests.servers import Missing, until


@pytest.fixture
def phones(make_room, one_store, broker, city):
    """A room whose unit AMB-01 carries a phone; every test has topics of its own."""
    own = f"owntracks/{city.id}"
    devices = {f"{own}/amb01": DeviceTarget("ambulances", "AMB-01")}
    city = replace(city, formats={"owntracks": Format((f"{own}/#",), devices)})
    made = make_room(one_store, broker, city)
    made.worker = Listening(one_store.url, broker.url, made.var, city)
    made.worker.start()
    return made


@pytest.fixture
def publish(phones):
    """mosquitto_pub with QoS 1, waiting for the broker's word."""
    program = shutil.which("mosquitto_pub")
    if not program:
        started(lambda: (_ for _ in ()).throw(Missing("mosquitto-clients")))

    def send(below: str, message, *more: str) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        body = ["-m", text] if text else ["-n"]
        subprocess.run(
            [program, "-V", "5", "-h", "127.0.0.1", "-p", str(phones.broker.port), "-q", "1",
             "-t", f"owntracks/{phones.city.id}/{below}", *body, *more],
            check=True, timeout=20,
        )  # fmt: skip

    return send


def fix(**odd):
    return {"_type": "location", "tst": now_ms() // 1000, "lat": -7.0, "lon": 110.41, "vel": -1} | odd


def counts(room):
    return read.format_counts(room.client, room.keys, ["owntracks"])["owntracks"]


def test_a_phones_location_moves_the_unit_the_registry_maps_it_to(phones, publish):
    publish("amb01", fix(cog=90, batt=77, acc=8, tst=str(now_ms() // 1000)))
    phones.has_taken(1)
    unit = phones.thing("ambulances", "AMB-01")
    assert (unit.lat, unit.lon, unit.heading_deg) == (-7.0, 110.41, 90.0)
    assert unit.fields["battery_pct"] == 77 and unit.fields["accuracy_m"] == 8
    assert unit.fields["speed_kmh"] is None  # -1 is unknown, not slow
    assert unit.source == "live"
    publish("amb01/event", fix(_type="transition", event="leave", lat=-7.02, tst=now_ms() // 1000 + 1))
    phones.has_taken(2)
    assert phones.thing("ambulances", "AMB-01").lat == -7.02
    phones.adds_up()


def test_an_unknown_phone_is_listed_with_its_topic_and_kept(phones, publish):
    publish("stranger", fix())
    publish("stranger", fix(lat=-7.1))
    phones.has_taken(2)
    [sender] = [answers.sender(s) for s in read.unknown_senders(phones.client, phones.keys)]
    topic = f"owntracks/{phones.city.id}/stranger"
    assert (sender["sender"], sender["format"], sender["topic"]) == (topic, "owntracks", topic)
    assert sender["count"] == 2
    assert [d.code for d in phones.dead_letters()] == ["unknown_device", "unknown_device"]
    phones.adds_up()


def test_wills_and_cards_are_counted_by_type_and_move_nothing(phones, publish):
    publish("amb01", {"_type": "lwt", "tst": "1440363922"})
    publish("amb01/info", {"_type": "card", "name": "Unit 1"})
    publish("amb01", fix(), "-r")
    publish("amb01", "", "-r")
    publish("amb01", "mosquitto_pub -t owntracks/x -m {}")
    phones.has_taken(5)
    row = answers.format_row("owntracks", counts(phones))
    assert row["ignored_by_type"] == {"lwt": 1, "card": 1, "empty": 1}
    health = phones.health("ambulances")
    assert (health.received, health.accepted, health.ignored, health.rejected) == (5, 1, 3, 1)
    assert len(phones.history("ambulances", "AMB-01")) == 1
    phones.adds_up()


def test_a_stored_location_sent_again_to_a_new_worker_counts_once(phones, publish):
    publish("amb01", fix(), "-r")
    phones.has_taken(1)
    phones.worker.stop()
    phones.worker.start()
    publish("amb01", fix(lat=-7.05, tst=now_ms() // 1000 + 2))
    until(lambda: phones.thing("ambulances", "AMB-01").lat == -7.05, "the unit's new place")
    assert len(phones.history("ambulances", "AMB-01")) == 2
    assert counts(phones)["accepted"] == 2
