"""The WebSocket `/live`: a screen says what it shows and gets frames, one in flight at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from callbacks.live.hub import Hub, ViewKey
from callbacks.security import Origins

log = structlog.get_logger("live")
SCREENS_MOST = 5_000
HELLO_MOST = 4_096


class Screens:
    """All open screens of this process: woken together when a new picture is there."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self.count = 0
        self.frames = 0
        self.bytes = 0
        hub.wake = self._wake

    def bind(self) -> None:
        """Tie to the running event loop; the follower's thread wakes it."""
        self._loop = asyncio.get_running_loop()

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._announce)

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def news(self) -> None:
        """Wait for the next picture."""
        await self._news.wait()

    async def serve(self, socket: WebSocket, key_of: Callable[[dict[str, Any]], ViewKey]) -> None:
        """One screen, from its hello to its end."""
        await socket.accept()
        self.count += 1
        screen = _Screen(socket, self._hub, self, key_of)
        sender: asyncio.Task[None] | None = None
        try:
            if await screen.hello(await asyncio.wait_for(socket.receive_text(), 10)):
                sender = asyncio.create_task(screen.send())
                while True:
                    await screen.hear(await socket.receive_text())
        except (
            WebSocketDisconnect,
            TimeoutError,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            RuntimeError,
        ):
            pass  # it left, or talks nonsense: the next hello starts anew
        finally:
            self.count -= 1
            if sender is not None:
                sender.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await sender
            screen.leave()
            with contextlib.suppress(Exception):
                await socket.close(1000)


class _Screen:
    def __init__(
        self, socket: WebSocket, hub: Hub, screens: Screens, key_of: Callable[[dict[str, Any]], ViewKey]
    ) -> None:
        self._socket, self._hub, self._screens, self._key_of = socket, hub, screens, key_of
        self._key: ViewKey | None = None
        self._since = 0
        self._number = 0
        self._acked = asyncio.Event()
        self._acked.set()

    async def hello(self, text: str) -> bool:
        """A screen says what it shows; it gets everything with the next frame."""
        if len(text) > HELLO_MOST:
            return False
        said = orjson.loads(text)
        key = self._key_of(said["hello"])
        if key != self._key:
            if not await asyncio.to_thread(self._hub.subscribe, key):
                return False
            self.leave()
            self._key = key
        self._since = 0
        return True

    async def hear(self, text: str) -> None:
        """An acknowledgement, or a new hello after navigation."""
        if len(text) > HELLO_MOST:
            raise ValueError("message too long")
        said = orjson.loads(text)
        if "hello" in said:
            if not await self.hello(text):
                raise ValueError("no such view")
        elif said.get("ack") == self._number:
            self._acked.set()

    async def send(self) -> None:
        """Frames as fast as the screen acknowledges them, never more than one under way."""
        while True:
            version = self._hub.version
            if version > self._since or self._since == 0:
                if self._hub.picture is None:
                    await self._screens.news()
                    continue
                assert self._key is not None
                version, body = self._hub.frame(self._key, self._since)
                self._since = version
                self._number += 1
                self._acked.clear()
                text = body + b',"n":%d}' % self._number
                await self._socket.send_text(text.decode())
                self._screens.frames += 1
                self._screens.bytes += len(text)
                del body, text  # while a screen is slow, its own copy would be kept for nothing
                # a frozen tab acknowledges when it wakes; until then nothing queues up for it
                await self._acked.wait()
            else:
                await self._screens.news()

    def leave(self) -> None:
        """Stop showing the present view."""
        if self._key is not None:
            self._hub.unsubscribe(self._key)
            self._key = None


def register(
    server: FastAPI, screens: Screens, origins: Origins, key_of: Callable[[dict[str, Any]], ViewKey]
) -> None:
    """Add the route. A foreign origin is refused before the handshake."""

    @server.websocket("/live")
    async def live(socket: WebSocket) -> None:
        if not origins.allow(socket.headers.get("origin"), socket.headers.get("host")):
            await socket.close(1008)
            return
        if screens.count >= SCREENS_MOST:
            await socket.close(1013)
            return
        await screens.serve(socket, key_of)
