"""Sends what the model yields: the missing past at full speed, then live."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import orjson

from data.clock import now_ms, rfc3339
from feeds.simulator.city import SimulatedCity
from feeds.simulator.crowd import Crowd
from feeds.simulator.devices import Devices
from feeds.simulator.link import Link
from feeds.simulator.outgoing import CHANGES_ONLY, HOUR, MINUTE, SECOND, Detail, Outgoing
from feeds.simulator.pace import Pace
from feeds.simulator.state import Told

SAVE_EVERY_MS = 5 * SECOND
REGISTERED_MS = 4 * SECOND  # the worker looks for newly registered objects every two seconds
TERSE = ("/position", "/telemetry")


class Lifeline(Protocol):
    """What the process that started us tells, and is told."""

    stopping: Any  # threading.Event

    def ready(self, text: str = "") -> None:
        """Report that the city runs live."""

    def busy(self, text: str) -> None:
        """Report what keeps it from that."""

    def cure(self, text: str) -> None:
        """Report why it cannot run and what to do."""

    def wait_go(self) -> bool:
        """Wait for our turn; False: stop instead."""


def detail(age_ms: int) -> Detail:
    """What is worth sending of something that old: the last hour is whole, older is sparse.

    Six hours of telemetry, one every 15 minutes, and of positions, one every 110 seconds, give
    the figures' curves a past: just often enough that no hotspot and no unit counts as stale.
    """
    if age_ms >= 6 * HOUR:
        return CHANGES_ONLY
    return Detail(
        positions_every=1 if age_ms < HOUR else 22,
        telemetry_every=1 if age_ms < 16 * MINUTE else 3,
        heartbeats=age_ms < 2 * MINUTE,
    )


class Sender:
    """Sends in the model's order and at its times; pulls no more from it than can be sent.

    So a broker that is away costs no memory: the model waits, and what is older than `detail`
    keeps is left out afterwards.
    """

    def __init__(
        self, model: SimulatedCity, link: Link, devices: Devices, pace: Pace, told: Told, *,
        crowd: Crowd | None = None, note: Callable[[Told], None] = lambda _: None,
        clock: Callable[[], int] = now_ms,
    ) -> None:  # fmt: skip
        self._model, self._link, self._devices, self._pace = model, link, devices, pace
        self._told, self._crowd, self._note, self._clock = told, crowd, note, clock
        self._queue: deque[Outgoing] = deque()
        self._open: set[str] = set()
        self._last = self._began = told.published_until_ms
        self._live = False
        self._saved = self._stepped = self._reported = 0
        self._greetings: Iterator[Outgoing] | None = None
        self._crowd_from = 0
        self._counted = self._goal = 0  # connections so far; up to when the past goes

    def run(self, first: Iterable[Outgoing], lifeline: Lifeline) -> None:
        """Work until `lifeline.stopping`. first: what goes before anything of the model."""
        self._recall()
        self._queue.extend(first)
        self._reported = self._clock()
        self._crowd_from = self._reported + REGISTERED_MS
        while not lifeline.stopping.is_set():
            now = self._clock()
            self._send_due(now)
            if self._live:
                self._send_crowd(now)
            else:
                self._watch_the_past(now, lifeline)
            self._now_and_then(now)
            self._link.step(self._pause_s(now))
        self._save()
        self._devices.close()
        self._link.close(1.0)
        self._save()

    def _recall(self) -> None:
        """Run the model in memory over what was sent before."""
        until = self._told.published_until_ms
        while self._model.now_ms <= until:
            for message in self._model.until(min(self._model.now_ms + HOUR, until + 1), CHANGES_ONLY):
                self._observe(message)
                self._devices.takes(message, b"")

    # --- the city's messages

    def _fill(self, now: int) -> None:
        """Let the model run on until it has something to say or is a little ahead."""
        ahead = int(2 * SECOND * max(1.0, self._pace.speed))
        while not self._queue:
            behind = self._pace.model(now) - self._model.now_ms
            if behind < -ahead:
                return
            step = ahead
            if behind > 15 * ahead:
                age = now - self._pace.wall(self._model.now_ms)
                step = 10 * MINUTE if age > 7 * HOUR else 30 * SECOND
            to = self._model.now_ms + step
            self._queue.extend(self._model.until(to, detail(now - self._pace.wall(to))))

    def _send_due(self, now: int) -> None:
        while self._link.ready:
            if not self._queue:
                self._fill(now)
            if not self._queue or self._pace.wall(self._queue[0].at_ms) > now:
                return
            message = self._queue.popleft()
            payload = self._encode(message)
            if not self._devices.takes(message, payload):
                self._link.publish(message.topic, payload, message.retain, message.at_ms)
            self._observe(message)
            self._last = message.at_ms

    def _encode(self, message: Outgoing) -> bytes:
        at = self._pace.wall(message.event_ms)
        # trackers and access points count seconds, dispatch systems write dates: the contract has both
        return orjson.dumps(
            {"time": at / 1000 if message.topic.endswith(TERSE) else rfc3339(at), **message.payload}
        )

    def _observe(self, message: Outgoing) -> None:
        _, _, feed, id, kind = message.topic.split("/")
        if feed == "incidents":
            if kind == "report":
                self._open.add(id)
            elif message.payload.get("stage") == "closed":
                self._open.discard(id)

    # --- beside them

    def _send_crowd(self, now: int) -> None:
        if self._crowd is None or now < self._crowd_from:
            return
        if self._greetings is None:
            self._greetings = self._crowd.statuses(now)
        for source in (self._greetings, self._crowd.due(now)):
            while True:
                if not self._link.ready:
                    return
                message = next(source, None)
                if message is None:
                    break
                text = {"time": message.event_ms / 1000, **message.payload}
                self._link.publish(message.topic, orjson.dumps(text), message.retain, self._last)

    def _watch_the_past(self, now: int, lifeline: Lifeline) -> None:
        if self._link.connections != self._counted:
            self._counted, self._goal = self._link.connections, self._pace.model(now)
        left = (self._link.oldest, self._queue[0].at_ms if self._queue else None, self._model.now_ms)
        if self._counted and all(at is None or at > self._goal for at in left):
            self._live = True
            self._devices.start()
            lifeline.ready("the city lives")
        elif now - self._reported > 2 * SECOND:
            self._reported = now
            if self._link.connected:
                share = (self._last - self._began) / max(1, self._goal - self._began)
                lifeline.busy(f"sending the city's past, {min(99, int(100 * share))} %")
            else:
                lifeline.busy("waiting for the broker")

    def _now_and_then(self, now: int) -> None:
        if now - self._stepped >= SECOND // 2:
            self._stepped = now
            self._devices.step()
        if now - self._saved >= SAVE_EVERY_MS:
            self._saved = now
            self._save()

    def _pause_s(self, now: int) -> float:
        if not self._link.ready:
            return 0.05
        if self._crowd is not None and self._live:
            return 0.01
        due = self._pace.wall(self._queue[0].at_ms) if self._queue else now
        return min(0.25, max(0.005, (due - now) / 1000))

    def _save(self) -> None:
        """Note up to when everything has been acknowledged; what is sent twice after a crash counts once."""
        until = self._last
        if self._link.oldest is not None:
            until = min(until, self._link.oldest - 1)
        if self._queue:
            until = min(until, self._queue[0].at_ms - 1)
        now = self._clock()
        self._told = replace(
            self._told,
            published_until_ms=max(until, self._told.published_until_ms),
            offset_ms=self._pace.model(now) - now,
            open=tuple(sorted(self._open)),
        )
        self._note(self._told)
