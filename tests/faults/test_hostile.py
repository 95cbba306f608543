"""Thousands of hostile messages through a real broker and store: each is accounted for, all good ones arrive."""

from __future__ import annotations

import base64
import json
import os
import random
from pathlib import Path

import pytest

from data.clock import now_ms
from tests.room import FEEDS, source_property
from tests.servers import until

RECORDINGS = Path(
    os.environ.get("ROOM_TEST_RECORDINGS", Path(__file__).resolve().parents[3] / "shared/data/recordings")
)
HOSTILE = RECORDINGS / "hostile"


def recorded() -> list[bytes]:
    """Payloads of public test suites, where they are at hand."""
    found: list[bytes] = []
    if (HOSTILE / "json_test_suite.jsonl").is_file():
        for line in (HOSTILE / "json_test_suite.jsonl").read_text().splitlines():
            found.append(base64.b64decode(json.loads(line)["base64"]))
    if (HOSTILE / "blns.json").is_file():
        for text in json.loads((HOSTILE / "blns.json").read_text()):
            found += [text.encode(), json.dumps({"time": 1, "category": text, "note": text}).encode()]
    return found


def invented(seed: int, count: int) -> list[bytes]:
    """Damaged and absurd payloads."""
    rng = random.Random(seed)
    good = json.dumps({"time": now_ms() // 1000, "status": "up", "lat": -7.0, "lon": 110.4}).encode()
    found = []
    for _ in range(count):
        match rng.randrange(6):
            case 0:
                found.append(rng.randbytes(rng.randrange(200)))
            case 1:
                cut = rng.randrange(len(good))
                found.append(good[:cut])
            case 2:
                at = rng.randrange(len(good))
                found.append(good[:at] + rng.randbytes(2) + good[at + 1 :])
            case 3:
                found.append(b'{"a":' * rng.randrange(3000) + b"1")
            case 4:
                value = rng.choice(
                    [1e308, -1, 10**30, "x" * 5000, [[[]]], None, {"a": {}}, "<img src=x onerror=alert(1)>"]
                )
                key = rng.choice(["time", "lat", "lon", "status", "id", "city", "clients", "severity"])
                found.append(json.dumps({"time": now_ms() // 1000, "status": "up", key: value}).encode())
            case _:
                found.append(
                    json.dumps(
                        {"time": rng.uniform(-1e12, 1e12), "status": rng.choice(["up", "UP", 1])}
                    ).encode()
                )
    return [*found, b"x" * 1_000_000, b'{"note": "' + b"\\u0000" * 100_000 + b'"}']


def topics(city: str) -> list[str]:
    """Where the hostile payloads go: every place that a device could name, and some that it could not."""
    return [
        *(f"city/{city}/{feed.name}/{id}/{kind.name}" for feed in FEEDS.values() for kind in feed.messages
          for id in ("H-9", "AMB-04", "I-666", "X", "<script>alert(1)</script>", "a b", "é")),
        f"city/{city}/feeds/hotspots/heartbeat", f"city/{city}/feeds/zeppelins/heartbeat", f"city/{city}/zeppelins/1/x",
        f"city/{city}", f"city/{city}/", f"city/{city}/a/b/c/d/e/f", f"city/{city}/ambulances/\u2028/position",
    ]  # fmt: skip


GOOD = [f"H-{n}" for n in range(1, 9)]  # several, so that none is over its rate


def storm(room, payloads, seed, first=0):
    """Send hostile payloads with a good message after every tenth, numbered from `first`; how many of each."""
    rng = random.Random(seed)
    places = topics(room.city.id)
    bad, good = room.post(), room.post()
    devices = [room.device(id, post=good) for id in GOOD]
    sent = 0
    for n, payload in enumerate(payloads):
        properties = None
        if n % 7 == 0:
            properties = source_property(rng.choice(["live", "", "x" * 300, "<b>", "simulated", "éé"]))
        bad.publish(rng.choice(places), payload, properties=properties, retain=n % 11 == 0)
        if n % 10 == 0:
            device = devices[sent % len(devices)]
            device.publish("telemetry", clients=n % 100, rx_kbps=first + sent, tx_kbps=1)
            sent += 1
        if n % 500 == 499:
            bad.arrived()
    bad.arrived()
    good.arrived()
    bad.close()
    good.close()
    return len(payloads), sent


def check(room, hostile, good):
    room.has_taken(hostile + good, 60)
    room.adds_up()
    assert room.received() == hostile + good
    arrived = {e.value["rx_kbps"] for id in GOOD for e in room.history("hotspots", id)}
    assert len(arrived) == good
    assert room.worker.alive
    for letter in room.dead_letters(10_000):
        assert letter.reason.isprintable() and letter.topic.isprintable() and letter.excerpt.isprintable()
        assert letter.code and len(letter.excerpt) <= 200


def test_thousands_of_hostile_messages_stop_nothing_and_each_is_counted(make_room, one_store, broker, city):
    room = make_room(one_store, broker, city)
    room.worker.start()
    payloads = [*recorded(), *invented(1, 1000)]
    random.Random(2).shuffle(payloads)
    check(room, *storm(room, payloads, 3))


@pytest.mark.long
def test_a_million_hostile_messages(make_room, one_store, broker, city):
    room = make_room(one_store, broker, city)
    room.worker.start()
    total = good = 0
    for seed in range(int(os.environ.get("ROOM_TEST_HOSTILE", 1_000_000)) // 10_000):
        sent = storm(room, [*invented(seed, 9_998)], seed, good)
        total, good = total + sent[0], good + sent[1]
        room.has_taken(total + good, 600)
    check(room, total, good)


@pytest.mark.parametrize("text", ["\ufeff", "a\ufeffb", "\x00", "\x01", "\ud7ff", "\U0010ffff"], ids=ascii)
def test_a_property_that_our_client_library_refuses_holds_up_nothing(
    make_room, one_store, broker, city, text
):
    """It dropped the connection, the broker sent the message again, and nothing else ever came through."""
    room = make_room(one_store, broker, city)
    room.worker.start()
    try:
        hostile = room.post()
        hostile.publish(
            f"city/{city.id}/hotspots/H-2/status", b'{"status": "up"}', properties=source_property(text)
        )
        hostile.arrived(2)
        passed = True
    except AssertionError:
        passed = False  # the broker itself throws such a sender out
    room.device("H-1").publish("status", status="up")
    until(lambda: "status" in room.slots("hotspots", "H-1"), "the message after it")
    if passed:
        until(lambda: room.received() == 2, "the message itself to be accounted for")
        assert room.health("hotspots").rejected == 1
    room.adds_up()
