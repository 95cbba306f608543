"""Scripts and styles compressed once and kept: Dash's own switch would gzip on the event loop every time."""

from __future__ import annotations

import asyncio
import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATHS = ("/_dash-component-suites/", "/assets/", "/basemap.json")
KINDS = ("javascript", "css", "json", "svg")
KEEP_MOST = 64_000_000


class Compressed:
    """Serves gzip to who accepts it. The cache is keyed by address; a new build has new addresses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[str, tuple[list[tuple[bytes, bytes]], bytes]] = {}
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass through all but GETs of static text."""
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or not scope["path"].startswith(PATHS)
            or "gzip" not in Headers(scope=scope).get("accept-encoding", "")
            or "if-none-match" in Headers(scope=scope)
            or "range" in Headers(scope=scope)
        ):
            await self._app(scope, receive, send)
            return
        key = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        kept = self._kept.get(key)
        if kept is None:
            kept = await self._make(key, scope, receive, send)
            if kept is None:
                return
        headers, body = kept
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _make(
        self, key: str, scope: Scope, receive: Receive, send: Send
    ) -> tuple[list[tuple[bytes, bytes]], bytes] | None:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        start = messages[0]
        body = b"".join(m.get("body", b"") for m in messages[1:])
        headers = MutableHeaders(raw=list(start["headers"]))
        if start["status"] != 200 or not any(k in headers.get("content-type", "") for k in KINDS):
            for message in messages:
                await send(message)
            return None
        packed = await asyncio.to_thread(gzip.compress, body, 6)
        headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(packed))
        headers["vary"] = "Accept-Encoding"
        if b"m=" in scope["query_string"] and "cache-control" not in headers:
            headers["cache-control"] = "public, max-age=31536000, immutable"
        made = (headers.raw, packed)
        if self._size + len(packed) <= KEEP_MOST and len(self._kept) < 2000:
            self._kept[key] = made
            self._size += len(packed)
        return made
