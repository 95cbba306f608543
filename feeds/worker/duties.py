"""Work that must happen once, whoever holds the lease: readings of all KPIs, and housekeeping."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial

import redis
import structlog

from data.archive.move import Mover
from data.clock import now_ms
from data.contracts import Feed, Kpi, Thing
from data.kpis import past
from data.kpis.evaluate import evaluate
from data.live.history import history_size, moments
from data.live.world import Changes, World
from data.profile import City
from data.rollups.make import FIVE_MS, Roller
from data.settings import Settings
from data.store import read, readings
from data.store.connect import connect
from data.store.keys import Keys
from data.store.registry import Registry
from data.store.sources import live_seen
from data.store.workers import Lease
from feeds.worker.housekeeping import tidy

log = structlog.get_logger("duties")
EVALUATE_S = 3.0
TIDY_MS = 300_000
MINUTE_MS = readings.MINUTE_MS
SETTLE_MS = 3_000  # late messages come in bunches; wait until the bunch is through
SETTLE_MOST_MS = 60_000
REDO_MOST_MS = 24 * 3600 * 1000
REDO_EVERY_MS = 60_000
REDO_EVENTS_MOST = 400_000  # more would hold up the present for a past of minutes
FINE_MS = 3600 * 1000  # the last hour is told anew by the minute, what is older every five


class Duties(threading.Thread):
    """One thread a worker; idle unless it holds the lease."""

    def __init__(
        self, settings: Settings, city: City, feeds: Mapping[str, Feed], kpis: Sequence[Kpi]
    ) -> None:
        super().__init__(name="duties", daemon=True)
        self._city = city
        self._feeds = feeds
        self._kpis = [k for k in kpis if k.reads in feeds]
        self._keys = Keys(city.id)
        self._store = connect(settings.redis_url)
        self._registry = Registry(city.registry)
        self._mover = Mover(self._store, self._keys, city, settings.var)
        self._roller = Roller(self._store, self._keys, city, self._kpis)
        self._world = World(self._store, self._keys, feeds, self._registry)
        self._lease = Lease(self._store, self._keys, "duties")
        self._stop_event = threading.Event()
        self._redo_from_ms: int | None = None
        self._late_seen_ms = self._late_since_ms = 0
        self._redone_ms = 0
        self._minute_ms = 0
        self._tidied_ms = now_ms()
        self._fresh = True

    def run(self) -> None:
        """Until `end`; an error of the store is no reason to stop."""
        while not self._stop_event.wait(EVALUATE_S if not self._fresh else 0.5):
            try:
                if self._lease.hold():
                    self._turn(now_ms())
            except redis.RedisError:
                self._world.forget()  # the pipeline says what is wrong with the store
            except Exception:
                log.exception("duties failed; trying again")
                self._world.forget()

    def end(self) -> None:
        """Stop and let another worker take over at once."""
        self._stop_event.set()
        self.join(5.0)
        try:
            self._lease.release()
        except redis.RedisError:
            log.warning("lease not given back: the store does not answer")

    def _turn(self, now: int) -> None:
        renewed = self._registry.refresh(self._store, self._keys, list(self._feeds))
        self._note(self._world.look(1), now)
        if renewed and not self._fresh:
            self._world.members_changed(Changes())
        live_only = live_seen(self._store, self._keys)
        health = read.health(self._store, self._keys, list(self._feeds))
        latest = evaluate(
            self._kpis, {n: t.values() for n, t in self._world.things.items()},
            {n: h.last_heard_ms for n, h in health.items()}, self._city.kpis, now, live_only=live_only,
        )  # fmt: skip
        readings.save_latest(self._store, self._keys, latest)
        minute = now - now % MINUTE_MS
        if minute != self._minute_ms:
            readings.save_minutes(self._store, self._keys, [(i, minute, r) for i, r in latest.items()], now)
            self._minute_ms = minute
        heard = {n: h.last_heard_ms for n, h in health.items()}
        self._roller.turn(now, self._things(), heard, live_only=live_only)
        if self._fresh:
            self._fresh = False
            self._mark_gap(now)
        if self._redo_from_ms is not None and self._redo_due(now):
            self._redone_ms = now
            self._redo(self._redo_from_ms, now, live_only)
        self._mover.turn(now)
        if now - self._tidied_ms > TIDY_MS:
            self._tidied_ms = now
            tidy(
                self._store,
                self._keys,
                self._feeds,
                self._world.things,
                now,
                hot_hours=self._city.limits.hot_hours,
            )

    def _things(self) -> dict[str, list[Thing]]:
        return {n: list(t.values()) for n, t in self._world.things.items()}

    def _redo_due(self, now: int) -> bool:
        """Once the bunch is through; a device that is late with every message ends no bunch."""
        settled = now - self._late_seen_ms > SETTLE_MS or now - self._late_since_ms > SETTLE_MOST_MS
        return settled and now - self._redone_ms > REDO_EVERY_MS

    def _note(self, changes: Changes, now: int) -> None:
        if changes.late_from_ms is not None:
            self._late_seen_ms = now
            if self._redo_from_ms is None:
                self._late_since_ms = now
            self._redo_from_ms = min(changes.late_from_ms, self._redo_from_ms or changes.late_from_ms)

    def _mark_gap(self, now: int) -> None:
        """Readings that nobody wrote while no worker ran."""
        if self._kpis and history_size(self._store, self._keys, list(self._feeds)):
            found = readings.minutes(
                self._store, self._keys, [self._kpis[0].id], now - 6 * FINE_MS, now - 2 * MINUTE_MS
            )
            last = found[self._kpis[0].id][-1][0] if found[self._kpis[0].id] else now - 6 * FINE_MS
            if now - last > 5 * MINUTE_MS:
                self._redo_from_ms = min(last, self._redo_from_ms or last)
                self._late_seen_ms = self._late_since_ms = now

    def _again(
        self,
        live_only: bool,
        minute: int,
        things: Mapping[str, Sequence[Thing]],
        heard: Mapping[str, int | None],
    ) -> None:
        if minute % FIVE_MS == 0:
            self._roller.note(minute, minute, things, heard, live_only=live_only)
            self._lease.hold()  # a day of late messages takes longer than the lease lives

    def _redo(self, from_ms: int, now: int, live_only: bool) -> None:
        self._redo_from_ms = None
        start = max(from_ms, now - REDO_MOST_MS)
        start -= start % (5 * MINUTE_MS)
        coarse = range(start, now - FINE_MS, 5 * MINUTE_MS)
        fine_from = max(start, (now - FINE_MS) // MINUTE_MS * MINUTE_MS)
        # the present minute too: its reading may stand on half of what has just arrived
        minutes = [*coarse, *range(fine_from, now, MINUTE_MS)]
        events = history_size(self._store, self._keys, list(self._feeds))
        if events > REDO_EVENTS_MOST:
            log.warning("readings not told anew: too many events", events=events, most=REDO_EVENTS_MOST)
            return
        history = moments(self._store, self._keys, list(self._feeds), self._registry, now)
        rows = list(
            past.readings(
                history,
                self._feeds,
                self._registry,
                self._kpis,
                self._city.kpis,
                minutes,
                live_only=live_only,
                also=partial(self._again, live_only),
            )
        )
        if not self._lease.hold():  # it took so long that another worker has taken over
            self._roller.forget()
            return
        readings.save_minutes(self._store, self._keys, rows, now)
        self._roller.save(now, self._things(), {}, live_only=live_only)
        log.info("readings told anew", minutes=len(minutes), from_ms=start, events=len(history))
