"""A web process of one city without a store: pictures are handed in, pages and sockets are real."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from callbacks.room import Room
from callbacks.server import create_app, create_room
from data.contracts import Thing
from data.kpis import ambulances as ambulance_kpis
from data.kpis import hotspots as hotspot_kpis
from data.kpis import incidents as incident_kpis
from data.live.picture import Picture
from data.live.world import Changes
from data.profile import load_city
from data.settings import Settings
from feeds import ambulances, hotspots, incidents

FEEDS = {m.FEED.name: m.FEED for m in (ambulances, incidents, hotspots)}
KPIS = [*ambulance_kpis.KPIS, *incident_kpis.KPIS, *hotspot_kpis.KPIS]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def unit(id: str, *, state: str = "available", lat: float = -6.99, event_ms: int = 1_000) -> Thing:
    return Thing(
        "ambulances", id, id, "unit-car", state, event_ms, 120.0, "simulated", frozenset(), lat, 110.42, 90.0,
        event_ms, None, True, {},
    )  # fmt: skip


@dataclass
class Web:
    """A running server and the room behind it."""

    room: Room
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def show(self, *things: Thing, now_ms: int = 2_000) -> None:
        """Make these things the newest picture."""
        old = self.room.hub.picture
        everything = {f: dict(t) for f, t in (old.things if old else {}).items()}
        for thing in things:
            everything.setdefault(thing.feed, {})[thing.id] = thing
        changes = Changes({(t.feed, t.id) for t in things}, whole=old is None)
        self.room.hub.update(Picture(now_ms=now_ms, mode="simulated", things=everything), changes)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    port = free_port()
    # the store's port is closed on purpose: pages and sockets must live without it
    settings = Settings(
        redis_url=f"redis://127.0.0.1:{free_port()}", http_port=port, var=_var(tmp_path_factory)
    )
    city = load_city(settings.city, settings.city_folders)
    room = create_room(settings, city, FEEDS, KPIS)
    config = uvicorn.Config(
        create_app(room), port=port, log_config=None, ws="websockets-sansio", ws_per_message_deflate=False
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    started = threading.Event()
    while not server.started and thread.is_alive():
        started.wait(0.02)
    running = Web(room, port)
    running.show(unit("AMB-01"))
    yield running
    server.should_exit = True
    thread.join(10)


def _var(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("var")
