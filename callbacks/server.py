"""The web process: one ASGI server for pages, callbacks, HTTP interface and live channel."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import inspect
import logging
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

import orjson
import structlog
import uvicorn
from fastapi import FastAPI

from callbacks import compress, pages, security
from callbacks.api import desk, docs, history, kpi_past, probes, tiles, v1
from callbacks.live import socket
from callbacks.live.hub import Hub
from callbacks.live.socket import Screens
from callbacks.room import Room
from callbacks.security import Origins
from data.basemap import base_map
from data.contracts import Feed, Kpi
from data.i18n import translators
from data.live.follow import Follower
from data.profile import City
from data.settings import PROJECT, Settings
from data.store.connect import connect
from data.store.keys import Keys
from data.store.registry import Registry
from layouts.rows import map_row

log = structlog.get_logger("web")
VERSION = "0.1.0"


class Lifeline(Protocol):
    """What the process that started us tells, and is told."""

    stopping: threading.Event

    def ready(self, text: str = "") -> None:
        """Report that pages are served."""

    def wait_go(self) -> bool:
        """Wait for our turn; False: stop instead."""


def build_id(city: City) -> str:
    """Changes whenever a page of this program would differ: its code, styles, words or city."""
    digest = hashlib.sha256(repr(city).encode())
    for folder in ("assets", "layouts", "callbacks", "feeds", "locales", "data"):
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.suffix in (".py", ".js", ".css", ".po", ".svg"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def create_room(settings: Settings, city: City, feeds: Mapping[str, Feed], kpis: Sequence[Kpi]) -> Room:
    """Everything the routes need; opens no connection yet."""
    drawn = orjson.dumps(base_map(city, settings.var))
    hub_room: list[Room] = []
    build = build_id(city)
    hub = Hub(
        build,
        lambda key: pages.make_view(hub_room[0], key),
        lambda thing: map_row(thing, hub_room[0].response_target_s),
    )
    room = Room(
        settings=settings, city=city, feeds=feeds, kpis=kpis, translators=translators(city.languages),
        build=build, store=connect(settings.redis_url, timeout_s=2.0), keys=Keys(city.id),
        registry=Registry(city.registry), hub=hub, screens=Screens(hub),
        origins=Origins(settings.origins.split(","), any_host=not settings.loopback_only),
        base_map=drawn, base_map_tag=hashlib.sha256(drawn).hexdigest()[:12], info={"version": VERSION},
    )  # fmt: skip
    hub_room.append(room)
    return room


def create_app(room: Room) -> FastAPI:
    """The ASGI application of one room. Nothing global: two rooms can live in one process."""
    closing: list[Any] = []

    @contextlib.asynccontextmanager
    async def lifespan(_server: FastAPI) -> AsyncIterator[None]:
        # Dash sets itself up at the first request to `/` only; a first deep link would lack its scripts.
        backend: Any = app.backend
        for prepare in backend._before_request_funcs:
            result = prepare()
            if inspect.isawaitable(result):
                await result
        assert_async(app)
        room.screens.bind()
        yield
        for resource in closing:
            await resource.close()

    server = FastAPI(
        title=f"Situation room of {room.city.name}",
        description="Live layers, figures and feed health. Every answer carries the moment it was true.",
        version=VERSION, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", lifespan=lifespan,
    )  # fmt: skip
    app = pages.RoomDash(
        __name__, server=cast(bool, server), assets_folder=str(PROJECT / "assets"), title=room.city.name,
        update_title="", compress=False, serve_locally=True, suppress_callback_exceptions=True,
        assets_path_ignore=["docs"], add_log_handler=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )  # fmt: skip
    # Dash's own WebSocket gives up after minutes; ours does not. The route it has added goes as well.
    app.backend.websocket_capability = False
    server.router.routes[:] = [
        r for r in server.router.routes if not str(getattr(r, "path", "")).endswith("_dash-ws-callback")
    ]
    probes.register(server, room)
    v1.register(server, room)
    desk.register(server, room)
    history.register(server, room)
    kpi_past.register(server, room)
    docs.register(server)
    closing.append(tiles.register(server, room))
    socket.register(server, room.screens, room.origins, lambda said: pages.view_key(room, said))
    pages.register(app, server, room)
    policy: list[str] = []

    def content_policy() -> str:
        if not policy:
            policy.append(security.content_policy(f"{h}" for h in app.csp_hashes()))
        return policy[0]

    security.install(server, room.origins, content_policy)
    server.add_middleware(compress.Compressed)
    server.state.dash = app
    return server


def assert_async(app: Any) -> None:
    """Refuse to start with a callback that would run on the event loop and halt every screen."""
    for name, entry in app.callback_map.items():
        call = entry.get("callback")
        call = inspect.unwrap(call) if call else None
        if call is not None and not inspect.iscoroutinefunction(call):
            raise TypeError(f"callback of {name} must be async; a sync one halts every screen")


class _Server(uvicorn.Server):
    """Stops with the lifeline; signals are the supervisor's business."""

    def __init__(self, config: uvicorn.Config, lifeline: Lifeline) -> None:
        super().__init__(config)
        self._lifeline = lifeline

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install nothing."""
        yield

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Report once the port is open."""
        await super().startup(sockets)
        if self.started:
            self._lifeline.ready()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: is it time to end?"""
        return self._lifeline.stopping.is_set() or await super().on_tick(counter)


def main(
    settings: Settings, city: City, feeds: Mapping[str, Feed], kpis: Sequence[Kpi], lifeline: Lifeline
) -> None:
    """Serve until `lifeline.stopping`; open sockets are closed with 1001."""
    room = create_room(settings, city, feeds, kpis)
    app = create_app(room)
    if not lifeline.wait_go():
        return
    follower = Follower(settings.redis_url, city, feeds, kpis, lambda: _tick_ms(room), room.hub.update)
    follower.start()
    config = uvicorn.Config(
        app, host=settings.http_host, port=settings.http_port or 8050, log_config=None, access_log=False,
        ws="websockets-sansio", ws_per_message_deflate=False, ws_max_size=64 * 1024, timeout_graceful_shutdown=3,
        server_header=False,
    )  # fmt: skip
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_Server(config, lifeline).serve())
    follower.end()


def _tick_ms(room: Room) -> float:
    """Shortest time between frames: longer with many screens, so that one process carries a thousand."""
    return min(1000.0, max(float(room.settings.frame_ms), room.screens.count * 1.0))
