"""What a web process sees of the store, and what it says when something is missing."""

from __future__ import annotations

import time

import pytest

from data.clock import now_ms
from data.live.follow import Follower
from data.store import workers
from data.store.durability import REFUSALS
from data.store.keys import Keys
from data.store.workers import WorkerState
from feeds.worker.pulse import Pulse
from tests.data.store.entries import T0 as BASE
from tests.data.store.entries import Writer
from tests.data.store.entries import status as status_at
from tests.room import FEEDS, KPIS
from tests.servers import until

HEALTHY = {"broker": "", "store": ""}


class Seen:
    """A follower with all it has shown, and a worker's pulse beside it."""

    def __init__(self, server, city, tick_ms=50):
        self.pictures, self.changes = [], []
        self.says = dict(HEALTHY)
        self.keys = Keys(city.id)
        self.follower = Follower(server.url, city, FEEDS, KPIS, lambda: tick_ms, self._take)
        self.pulse = Pulse(server.client(), self.keys, self._state)

    def _state(self):
        now = now_ms()
        return WorkerState("w1", now, now, broker_since_ms=now, store_since_ms=now, **self.says)

    def _take(self, picture, changes):
        self.pictures.append((time.monotonic(), picture))
        self.changes.append(changes)

    @property
    def problems(self):
        return {p.code: p.text for p in self.pictures[-1][1].problems} if self.pictures else None

    def until_problem(self, *codes):
        until(lambda: self.pictures and set(self.problems) == set(codes), f"the problems {codes}")
        return self.pictures[-1][0]


@pytest.fixture
def seen(own_store, city):
    server = own_store()
    made = Seen(server, city)
    made.server = server
    made.pulse.start()
    made.follower.start()
    made.until_problem()
    yield made
    made.follower.end()
    made.pulse.end()


def now_status(id, word):
    return status_at(id, word, now_ms() - BASE)


def test_a_change_is_shown_and_a_picture_comes_every_second_without_one(seen, city):
    Writer(seen.server.url, city.id).write(now_status("H-1", "up"))
    until(lambda: seen.pictures[-1][1].things["hotspots"]["H-1"].state == "up", "the change")
    assert any(("hotspots", "H-1") in c.objects for c in seen.changes)
    count = len(seen.pictures)
    until(lambda: len(seen.pictures) >= count + 3, "pictures without a change")
    gaps = [b[0] - a[0] for a, b in zip(seen.pictures[count:], seen.pictures[count + 1 :], strict=False)]
    assert max(gaps) < 5


@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_a_store_that_is_away_is_said_and_the_last_things_stay_until_it_is_back(seen, city, fault):
    Writer(seen.server.url, city.id).write(now_status("H-1", "down"))
    until(lambda: seen.pictures[-1][1].things["hotspots"]["H-1"].state == "down", "the change")
    getattr(seen.server, fault)()
    seen.until_problem("store")
    assert seen.problems["store"] == REFUSALS["away"]
    since = seen.pictures[-1][1].problems[0].since_ms
    assert seen.pictures[-1][1].things["hotspots"]["H-1"].state == "down"
    count = len(seen.pictures)
    until(lambda: len(seen.pictures) >= count + 3, "pictures while it is away")
    assert seen.pictures[-1][1].problems[0].since_ms == since, "since when must not move"
    mark = len(seen.pictures)
    seen.server.start() if fault == "kill" else seen.server.go_on()
    seen.until_problem()
    later = [p.code for _, picture in seen.pictures[mark:] for p in picture.problems]
    assert set(later) <= {"store"}, "its return must not be told as the worker's death"
    assert seen.pictures[-1][1].things["hotspots"]["H-1"].state == "down"


def test_a_fault_of_the_store_is_named(seen):
    seen.server.set(appendfsync="everysec")
    seen.until_problem("store")
    assert seen.problems["store"] == REFUSALS["everysec"]
    seen.server.set(appendfsync="always")
    seen.until_problem()


def test_a_worker_that_dies_is_missed_within_three_seconds_and_its_return_is_seen(seen):
    seen.pulse._stop_event.set()  # no good-bye
    seen.pulse.join()
    dead, died_at = now_ms(), time.monotonic()
    assert seen.until_problem("worker") - died_at < 3
    assert abs(seen.pictures[-1][1].problems[0].since_ms - dead) < 1000
    seen.pulse = Pulse(seen.server.client(), seen.keys, seen._state)
    seen.pulse.start()
    seen.until_problem()


def test_what_the_worker_lacks_is_said(seen):
    seen.says["broker"] = "broker 127.0.0.1:1: connection refused"
    seen.until_problem("broker")
    seen.says.update(HEALTHY, store=REFUSALS["full"])
    seen.until_problem("store")
    assert seen.problems["store"] == REFUSALS["full"]
    seen.says.update(HEALTHY)
    seen.until_problem()


def test_one_of_two_workers_with_a_broker_is_enough(seen):
    now = now_ms()
    workers.publish(
        seen.server.client(),
        seen.keys,
        WorkerState("w2", now + 60_000, now, broker="away", broker_since_ms=now),
    )
    count = len(seen.pictures)
    until(lambda: len(seen.pictures) > count + 2, "pictures")
    assert seen.problems == {}


def test_whose_data_it_is_is_marked(seen, city):
    writer = Writer(seen.server.url, city.id)
    assert seen.pictures[-1][1].mode == "empty"
    writer.write(status_at("H-1", "up", 0, source="simulated"))
    until(lambda: seen.pictures[-1][1].mode == "simulated", "the mark")
    writer.write(status_at("H-1", "up", 1, source="live"))
    until(lambda: seen.pictures[-1][1].mode == "mixed", "the mark")


def test_a_receiver_that_fails_stops_no_picture(seen):
    def fails(picture, changes):
        seen.pictures.append((0, picture))
        raise ValueError("a page that cannot be drawn")

    seen.follower._on_picture = fails
    count = len(seen.pictures)
    until(lambda: len(seen.pictures) >= count + 2, "further pictures")
