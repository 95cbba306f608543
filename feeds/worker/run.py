"""The feed worker as a process: `app.py feeds`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import redis
import structlog

from data.boundaries import boundaries
from data.clock import now_ms
from data.contracts import Feed, Format, Kpi
from data.profile import City
from data.settings import Settings
from data.store.connect import Store, check_schema, connect
from data.store.durability import refusal
from data.store.ingest import Ingest
from data.store.keys import Keys
from data.store.registry import Registry
from data.store.workers import WorkerState
from feeds.worker.flood import FloodGate
from feeds.worker.intake import Intake
from feeds.worker.pipeline import BATCH, Pipeline
from feeds.worker.pulse import Pulse
from feeds.worker.subscriber import Subscriber

log = structlog.get_logger("worker")
REGISTRY_EVERY_MS = 2_000


class Lifeline(Protocol):
    """What the process that started us tells, and is told."""

    stopping: Any  # threading.Event

    def ready(self, text: str = "") -> None:
        """Report that the work has begun."""

    def wait_go(self) -> bool:
        """Wait for our turn; False: stop instead."""


def main(
    settings: Settings,
    city: City,
    feeds: Mapping[str, Feed],
    formats: Mapping[str, Format],
    kpis: Sequence[Kpi],
    lifeline: Lifeline,
    *,
    number: int = 1,
) -> None:
    """Run until `lifeline.stopping`; messages read by then are stored and acknowledged first."""
    from feeds.worker.duties import Duties  # pandas: half a second, loaded while others start

    locate = boundaries(city, settings.var).index(city).locate
    if not lifeline.wait_go():
        return
    keys = Keys(city.id)
    name = f"room-{city.id}-worker-{number}"
    store = connect(settings.redis_url)
    registry = Registry(city.registry)
    _wait_for_store(store, keys, registry, feeds, lifeline)
    subscriber = Subscriber(settings.mqtt_url, name, subscriptions(city, formats), 2 * BATCH)
    gate = FloodGate(city.limits.rate_per_s, city.limits.burst)
    pipeline = Pipeline(
        subscriber,
        Intake(city, feeds, formats, registry.known, locate),
        Ingest(store, keys, stream_events=city.limits.stream_events),
        gate,
    )
    started_ms = now_ms()
    broker_since = [started_ms]

    def state() -> WorkerState:
        if not subscriber.trouble:
            broker_since[0] = 0
        elif not broker_since[0]:
            broker_since[0] = now_ms()
        refused = pipeline.refusal
        return WorkerState(
            name=name, at_ms=now_ms(), started_ms=started_ms,
            broker=subscriber.trouble, broker_since_ms=broker_since[0],
            store=refused.text if refused else "", store_since_ms=pipeline.refused_since_ms if refused else 0,
            waiting=pipeline.waiting, stored=pipeline.stored, leaving=lifeline.stopping.is_set(),
            flooding=gate.flooders(now_ms())[:20], dropped=subscriber.dropped_qos0,
        )  # fmt: skip

    pulse = Pulse(connect(settings.redis_url), keys, state)
    duties = Duties(settings, city, feeds, kpis)
    pulse.start()
    duties.start()
    announced = False
    refreshed_ms = watched_ms = now_ms()
    while not lifeline.stopping.is_set():
        now = now_ms()
        blocked = pipeline.refusal is not None and pipeline.waiting > 0
        came = subscriber.step(0.0 if pipeline.waiting and not blocked else 0.1)
        if subscriber.subscribed and not announced:
            announced = True
            lifeline.ready()
        now = now_ms()
        if pipeline.due(now, came):
            pipeline.step(now)
        else:
            time.sleep(pipeline.rest_s())
        if now - watched_ms > 1000:
            watched_ms = now
            pipeline.watch(now)
        if now - refreshed_ms > REGISTRY_EVERY_MS:
            refreshed_ms = now
            # the pipeline reports the store's trouble; the old registry serves meanwhile
            with contextlib.suppress(redis.RedisError):
                registry.refresh(store, keys, list(feeds))
    duties.end()
    _drain(pipeline, subscriber)
    pulse.end()


def subscriptions(city: City, formats: Mapping[str, Format]) -> list[str]:
    """Every filter of this city: the native tree and the topics of the formats its profile names."""
    foreign = [t for name, spec in city.formats.items() if name in formats for t in spec.topics]
    return [f"city/{city.id}/#", *foreign]


def _wait_for_store(
    store: Store, keys: Keys, registry: Registry, feeds: Mapping[str, Feed], lifeline: Lifeline
) -> None:
    said = ""
    while not lifeline.stopping.is_set():
        try:
            check_schema(store, keys)
            registry.refresh(store, keys, list(feeds))
            return
        except redis.RedisError as error:
            why = refusal(error).text
            if why != said:
                log.error("waiting for the store", why=why)
                said = why
            lifeline.stopping.wait(0.3)


def _drain(pipeline: Pipeline, subscriber: Subscriber) -> None:
    """Store what has been read, tell the broker, leave. What cannot be stored stays with the broker."""
    end = time.monotonic() + 3.0
    while pipeline.waiting and time.monotonic() < end:
        if not pipeline.step(now_ms()):
            break
    subscriber.close()
    log.info("worker stopped", stored=pipeline.stored, left_to_broker=pipeline.waiting)
