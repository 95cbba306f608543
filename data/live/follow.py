"""Follows the change spine once for a whole process and hands out pictures of the room."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import redis
import structlog

from data.clock import now_ms
from data.contracts import N_, Feed, FeedHealth, Kpi, Problem, Reading
from data.live.picture import Mode, Picture
from data.live.world import Changes, World
from data.profile import City
from data.store import read, readings, sources, workers
from data.store.connect import connect
from data.store.durability import REFUSALS, probe, refusal
from data.store.keys import Keys
from data.store.registry import Registry

log = structlog.get_logger("live")
SECOND_MS = 1000
WORKER_SILENT_MS = 1_800  # with a look a second it is on the screens within 3 s
SERIES_MS = 6 * 3600 * 1000
SERIES_EVERY_MS = 10_000
STORE_WAIT_S = 1.5  # a store that hangs must be on the screens within 3 s
RATE_OVER_MS = 10_000

OnPicture = Callable[[Picture, Changes], None]


class Follower(threading.Thread):
    """A thread with its own connection, so that the store can never halt the event loop.

    on_picture is called in this thread, at most once a tick and at least once a second, also
    while the store is away: then with the last known things and a problem that says so.
    """

    def __init__(
        self,
        redis_url: str,
        city: City,
        feeds: Mapping[str, Feed],
        kpis: Sequence[Kpi],
        tick_ms: Callable[[], float],
        on_picture: OnPicture,
    ) -> None:
        super().__init__(name="follower", daemon=True)
        self._keys = Keys(city.id)
        self._store = connect(redis_url, timeout_s=STORE_WAIT_S)
        self._feeds = feeds
        self._kpi_ids = [k.id for k in kpis if k.reads in feeds]
        self._registry = Registry(city.registry)
        self._world = World(self._store, self._keys, feeds, self._registry)
        self._tick_ms = tick_ms
        self._on_picture = on_picture
        self._stop_event = threading.Event()
        self._started_ms = now_ms()
        self._store_back_ms = 0
        self._since: dict[str, int] = {}
        self._rates: deque[tuple[int, Mapping[str, FeedHealth]]] = deque(maxlen=12)
        self._second_ms = self._series_ms = 0
        self._mode: Mode = "empty"
        self._readings: dict[str, Reading] = {}
        self._series: Mapping[str, Sequence[tuple[int, float | None]]] = {}
        self._health: Mapping[str, FeedHealth] = {}
        self._problems: tuple[Problem, ...] = ()
        self._news = False
        self.picture: Picture | None = None

    def run(self) -> None:
        """Until `end`."""
        while not self._stop_event.is_set():
            began = time.monotonic()
            self._news = False
            changes = self._look()
            if self._news or changes.objects or changes.whole:
                self._emit(changes)
            left = self._tick_ms() / 1000 - (time.monotonic() - began)
            if left > 0:
                self._stop_event.wait(left)

    def end(self) -> None:
        """Stop following."""
        self._stop_event.set()
        self.join(5.0)

    def _look(self) -> Changes:
        now = now_ms()
        try:
            # wake for the first change, or in time for the frame that every screen gets each second
            block = max(1, min(SECOND_MS - (now - self._second_ms), round(SECOND_MS - self._tick_ms())))
            changes = self._world.look(block)
            if now_ms() - self._second_ms >= SECOND_MS - 20:
                self._each_second(now_ms(), changes)
            return changes
        except redis.RedisError as error:
            self._store_away(refusal(error).code)
            self._world.forget()
            self._stop_event.wait(0.3)
            return Changes()
        except Exception:
            log.exception("live picture failed; reading everything anew")
            self._world.forget()
            self._stop_event.wait(0.5)
            return Changes()

    def _each_second(self, now: int, changes: Changes) -> None:
        self._second_ms = now
        self._news = True
        if self._registry.refresh(self._store, self._keys, list(self._feeds)):
            self._world.members_changed(changes)
        self._health = self._with_rates(read.health(self._store, self._keys, list(self._feeds)), now)
        self._readings = readings.latest(self._store, self._keys)
        self._mode = sources.mode(sources.counts(self._store, self._keys))
        if now - self._series_ms >= SERIES_EVERY_MS:
            self._series_ms = now
            self._series = readings.series(self._store, self._keys, self._kpi_ids, now - SERIES_MS, now)
        promise = probe(self._store)
        if promise.ok:
            if self._since.pop("store", None) is not None:
                self._store_back_ms = now
            self._problems = self._workers_problems(now)
        else:
            self._store_away(promise.code)

    def _workers_problems(self, now: int) -> tuple[Problem, ...]:
        alive = [w for w in workers.workers(self._store, self._keys) if now - w.at_ms <= WORKER_SILENT_MS]
        found: list[Problem] = []
        if not alive and now - self._store_back_ms <= WORKER_SILENT_MS:
            return ()  # while the store was away no worker could say that it lives
        if not alive:
            last = max((w.at_ms for w in workers.workers(self._store, self._keys)), default=self._started_ms)
            found.append(Problem("worker", N_("Feed worker stopped"), last))
        elif all(w.broker for w in alive):
            since = min(w.broker_since_ms for w in alive)
            found.append(Problem("broker", N_("No connection to the message broker"), since))
        refusing = [w for w in alive if w.store]
        if refusing:
            found.append(Problem("store", refusing[0].store, refusing[0].store_since_ms))
        return tuple(found)

    def _store_away(self, code: str) -> None:
        self._news = True
        since = self._since.setdefault("store", now_ms())
        self._problems = (Problem("store", REFUSALS[code], since),)

    def _with_rates(self, health: Mapping[str, FeedHealth], now: int) -> Mapping[str, FeedHealth]:
        while self._rates and now - self._rates[0][0] > RATE_OVER_MS:
            self._rates.popleft()
        self._rates.append((now, health))
        then, before = self._rates[0]
        seconds = (now - then) / 1000
        if seconds <= 0:
            return health
        return {
            name: replace(h, rate_per_s=max(0.0, (h.received - before[name].received) / seconds))
            for name, h in health.items()
        }

    def _emit(self, changes: Changes) -> None:
        self.picture = Picture(
            now_ms=now_ms(),
            mode=self._mode,
            things={name: dict(things) for name, things in self._world.things.items()},
            readings=self._readings,
            series=self._series,
            feeds=self._health,
            problems=self._problems,
        )
        try:
            self._on_picture(self.picture, changes)
        except Exception:
            log.exception("a picture could not be shown; the next one follows")
