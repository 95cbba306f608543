"""Who floods, and since when: the gate on a made-up clock, and what a flood leaves in a real store."""

from __future__ import annotations

import itertools
import json
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from data.clock import now_ms
from data.store.connect import connect
from data.store.ingest import Ingest
from data.store.keys import Keys
from feeds.worker.flood import FloodGate
from feeds.worker.intake import Arrived, Intake
from feeds.worker.pipeline import Pipeline
from feeds.worker.subscriber import Taken as Message
from tests.room import FEEDS, StoreView

S = 1000


def send(gate, per_s, from_s, to_s, sender="a"):
    """Send evenly; what the last message was told."""
    passed = True
    for n in range(int((to_s - from_s) * per_s)):
        passed = gate.passes(sender, round(from_s * S + n * S / per_s))
    return passed


def test_a_sender_within_its_rate_never_floods():
    assert send(FloodGate(50, 5000), 49, 0, 600)


def test_a_burst_within_its_allowance_is_no_flood():
    gate = FloodGate(50, 500)
    assert all(gate.passes("a", 0) for _ in range(500))
    assert send(gate, 10, 1, 300)


def test_a_sender_over_its_rate_for_a_minute_floods():
    gate = FloodGate(50, 500)
    assert send(gate, 100, 0, 65)  # its allowance is used up after 10 s
    assert not send(gate, 100, 65, 75)
    assert list(gate.flooding) == ["a"]


def test_others_are_not_touched_by_a_flood():
    gate = FloodGate(50, 500)
    send(gate, 200, 0, 120)
    assert send(gate, 10, 0, 120, "b")
    assert list(gate.flooding) == ["a"]


def test_a_flood_ends_after_a_minute_within_the_rate():
    gate = FloodGate(50, 500)
    assert not send(gate, 200, 0, 120)
    assert not send(gate, 1, 120, 170)
    assert send(gate, 1, 170, 190)
    assert not gate.flooding


def test_a_flooder_that_falls_silent_is_not_listed_for_ever():
    gate = FloodGate(50, 500)
    send(gate, 200, 0, 120)
    assert gate.flooders(121 * S) == ["a"]
    assert gate.flooders(180 * S) == []  # told by nobody: it sends nothing more


def test_a_clock_set_back_makes_nobody_a_flooder():
    gate = FloodGate(50, 500)
    assert send(gate, 10, 7200, 7260)
    assert send(gate, 10, 0, 300)


def test_made_up_sender_names_do_not_fill_the_memory():
    gate = FloodGate(50, 500)
    for n in range(60_000):
        gate.passes(f"made-up-{n}", n)
    assert len(gate._buckets) <= 30_000


def test_made_up_sender_names_in_a_rush_cost_no_look_at_all_others():
    """From 20,000 names in 100 s on each new one went through all of them: 5 ms a message."""
    gate, looks = FloodGate(50, 5000), []

    class Counted(dict):
        def items(self):
            looks.append(len(self))
            return super().items()

    for n in range(60_000):
        if not isinstance(gate._buckets, Counted):
            gate._buckets = Counted(gate._buckets)
        gate.passes(f"made-up-{n}", n)
    assert sum(looks) <= 120_000


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5000)), max_size=300))
def test_whoever_never_empties_its_bucket_never_floods(sent):
    gate, now = FloodGate(1, 400), 0
    for sender, wait in sent:
        now += wait
        assert gate.passes(str(sender), now)


class ByHand:
    """A subscriber that is fed by hand."""

    def __init__(self) -> None:
        self.inbox, self.acknowledged = deque(), []

    def acknowledge(self, taken) -> None:
        self.acknowledged += list(taken) if hasattr(taken, "__iter__") else [taken]


def test_made_up_keys_do_not_fill_the_memory(one_store, city):
    """A key is as long as a message may be; a thousand of them were kept."""
    subscriber = ByHand()
    pipeline = Pipeline(
        subscriber, Intake(city, FEEDS, {}, lambda *_: True, lambda *_: None),
        Ingest(connect(one_store.url), Keys(city.id), stream_events=10_000), FloodGate(50, 100),
    )  # fmt: skip
    now = now_ms()
    for n in range(3):
        keys = {f"{n}{k}" + "x" * 100: 1 for k in range(900)}
        payload = json.dumps({"time": now / 1000, "status": "up", **keys}).encode()
        topic = f"city/{city.id}/hotspots/H-{n}/status"
        subscriber.inbox.append(Message(Arrived(topic, payload, now), n, 1, 1))
    assert pipeline.step(now)
    assert len(pipeline.unknown_keys) == 1000
    assert max(len(key) for key in pipeline.unknown_keys) == 64


def test_a_flood_is_thinned_in_the_store_and_others_are_served_first(one_store, city):
    written = []

    class Noted(Ingest):
        def write(self, entries, now):
            written.extend(entries)
            return super().write(entries, now)

    subscriber = ByHand()
    gate = FloodGate(50, 100)
    pipeline = Pipeline(
        subscriber, Intake(city, FEEDS, {}, lambda *_: True, lambda *_: None),
        Noted(connect(one_store.url), Keys(city.id), stream_events=10_000), gate,
    )  # fmt: skip
    base = now_ms() - 100_000
    numbers = itertools.count(1)

    def arrive(id, t, users):
        topic = f"city/{city.id}/hotspots/{id}/telemetry"
        payload = f'{{"time": {(base + t) / 1000}, "clients": {users}, "rx_kbps": 0, "tx_kbps": 0}}'.encode()
        subscriber.inbox.append(Message(Arrived(topic, payload, base + t), next(numbers), 1, 1))

    for t in range(0, 62_000, 10):  # 100 a second for 62 s, in truth twice its rate
        arrive("H-1", t, t // 10 % 1000)
        if len(subscriber.inbox) == 400:
            assert pipeline.step(base + t)
    while subscriber.inbox:
        assert pipeline.step(base + 62_000)
    assert list(gate.flooding) == ["hotspots/H-1"]
    written.clear()
    for t in range(62_000, 64_000, 10):
        arrive("H-1", t, t // 10 % 1000)
    arrive("H-2", 64_000, 5)
    assert pipeline.step(base + 64_000)
    assert written[0][3] == "H-2", "it came last and is served first"
    assert {e[14] for e in written[1:]} == {"thin"}
    on_store = StoreView(one_store.client(), city)
    h = on_store.health("hotspots")
    assert h.accepted == h.received == 6401
    assert 190 <= h.thinned <= 300
    assert on_store.slots("hotspots", "H-1")["telemetry"].event_ms == base + 63_990
    assert [m.mid for m in subscriber.acknowledged] == list(range(1, 6402)), "in the order of arrival"
    on_store.adds_up()
