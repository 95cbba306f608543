"""`/healthz`, `/readyz` and `/metrics`: for supervisors, load balancers and Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import redis
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from callbacks.room import Room
from data.clock import now_ms, rfc3339
from data.store import read

UNROUTED = "unrouted"
OUTCOMES = ("accepted", "duplicates", "ignored", "rejected")


def register(server: FastAPI, room: Room) -> None:
    """Add the routes to the server."""
    metrics = CollectorRegistry()
    metrics.register(_Metrics(room))

    @server.head("/healthz", include_in_schema=False)
    @server.get("/healthz", tags=["probes"])
    async def healthz() -> PlainTextResponse:
        """200 while the process lives."""
        return PlainTextResponse("ok\n")

    @server.head("/readyz", include_in_schema=False)
    @server.get("/readyz", tags=["probes"])
    async def readyz() -> JSONResponse:
        """200 when store, worker and first picture are there, else 503 naming what is not."""
        missing = await asyncio.to_thread(_missing, room)
        body = {"ready": not missing, "as_of": rfc3339(now_ms()), "missing": missing, "build": room.build}
        return JSONResponse(body, 503 if missing else 200)

    @server.head("/metrics", include_in_schema=False)
    @server.get("/metrics", tags=["probes"])
    async def metrics_() -> Response:
        """Counters for Prometheus."""
        return Response(
            await asyncio.to_thread(generate_latest, metrics), media_type="text/plain; version=0.0.4"
        )


def _missing(room: Room) -> list[dict[str, Any]]:
    picture = room.hub.picture
    if picture is None:
        return [{"part": "picture", "text": "the first picture is not there yet"}]
    if now_ms() - picture.now_ms > 5_000:
        return [{"part": "picture", "text": "the picture is not kept current"}]
    return [
        {"part": p.code, "text": p.text, "since": rfc3339(p.since_ms)}
        for p in picture.problems
        if p.code in ("store", "worker")
    ]


class _Metrics:
    """Collected at each scrape from the store's counters, so that they survive restarts."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def collect(self) -> Iterator[Metric]:
        """All metrics; those of the store are left out while it is away (room_store_up says so)."""
        room = self._room
        yield GaugeMetricFamily("room_screens", "Open screens on /live.", value=room.screens.count)
        frames = CounterMetricFamily("room_frames", "Frames sent to screens.")
        frames.add_metric([], room.screens.frames)
        yield frames
        sent = CounterMetricFamily("room_frame_bytes", "Bytes sent to screens.")
        sent.add_metric([], room.screens.bytes)
        yield sent
        try:
            health = read.health(room.store, room.keys, [*room.feeds, UNROUTED])
            reasons = room.store.hgetall(room.keys.reasons())
            spine = room.store.xlen(room.keys.changes)
            up = 1
        except redis.RedisError:
            health, reasons, spine, up = {}, {}, 0, 0
        yield GaugeMetricFamily("room_store_up", "1 while the store answers.", value=up)
        if not up:
            return
        messages = CounterMetricFamily(
            "room_messages", "Messages by feed and outcome; they add up to what was received.",
            labels=["feed", "outcome"],
        )  # fmt: skip
        late = CounterMetricFamily(
            "room_messages_late", "Accepted, older than what was known.", labels=["feed"]
        )
        thinned = CounterMetricFamily(
            "room_messages_thinned", "Accepted from a flooding sender.", labels=["feed"]
        )
        age = GaugeMetricFamily("room_feed_age_seconds", "Since the feed last spoke.", labels=["feed"])
        for name, h in health.items():
            for outcome in OUTCOMES:
                messages.add_metric([name, outcome], getattr(h, outcome))
            late.add_metric([name], h.late)
            thinned.add_metric([name], h.thinned)
            seconds = h.age_s(now_ms())
            if seconds is not None:
                age.add_metric([name], seconds)
        refused = CounterMetricFamily(
            "room_messages_refused", "Refused messages by reason.", labels=["reason"]
        )
        for code, n in reasons.items():
            refused.add_metric([code.decode()], int(n))
        yield from (messages, late, thinned, age, refused)
        yield GaugeMetricFamily("room_changes_kept", "Entries in the change stream.", value=spine)
        picture = room.hub.picture
        problems = {p.code for p in picture.problems} if picture else {"picture"}
        problem = GaugeMetricFamily(
            "room_problem", "1 for each part of the room that is missing.", labels=["part"]
        )
        for part in ("store", "worker", "broker", "picture"):
            problem.add_metric([part], 1 if part in problems else 0)
        yield problem
