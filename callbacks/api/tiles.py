"""`/tiles/{z}/{x}/{y}`: our caching proxy, so that a browser asks no other host; and `/basemap.json`."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from pathlib import Path

import httpx
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import Response

from callbacks.room import Room
from data.profile import TileServer

log = structlog.get_logger("tiles")
FRESH_S = 7 * 24 * 3600
ASK_AGAIN_S = 60
TILE_MOST = 2_000_000
TURNED_AWAY = (403, 429)  # asking on would only make it worse; a server's own faults (5xx) likewise
# a transparent picture of one pixel: the local vector map below stays visible
EMPTY = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4"
    "890000000b4944415478da636000020000050001e9fadcd80000000049454e44"
    "ae426082"
)


class Tiles:
    """Fetches each tile once, keeps it on disk, serves the old one when the server fails."""

    def __init__(self, server: TileServer, folder: Path, agent: str) -> None:
        self._server = server
        name = hashlib.sha256(server.url.encode()).hexdigest()[:12]
        self._folder = folder / name
        self._agent = agent
        self._client: httpx.AsyncClient | None = None
        self._gate = asyncio.Semaphore(4)
        self._quiet_until = 0.0

    async def tile(self, z: int, x: int, y: int) -> tuple[bytes, str, int]:
        """(picture, media type, seconds a browser may keep it)."""
        if (
            not self._server.enabled
            or not 0 <= z <= self._server.max_zoom
            or not (0 <= x < 2**z and 0 <= y < 2**z)
        ):
            return EMPTY, "image/png", 3600
        path = self._folder / str(z) / str(x) / f"{y}.tile"
        kept, age_s = await asyncio.to_thread(_read, path)
        if kept and age_s < FRESH_S:
            return kept, _media(kept), 24 * 3600
        fetched = await self._fetch(z, x, y)
        if fetched:
            await asyncio.to_thread(_write, path, fetched)
            return fetched, _media(fetched), 24 * 3600
        if kept:
            return kept, _media(kept), 600
        return EMPTY, "image/png", ASK_AGAIN_S

    async def _fetch(self, z: int, x: int, y: int) -> bytes | None:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=5, headers={"User-Agent": self._agent}, follow_redirects=False
            )
        url = self._server.url.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
        try:
            async with self._gate:
                if time.monotonic() < self._quiet_until:  # told while this one waited for its turn, too
                    return None
                answer = await self._client.get(url)
                if answer.status_code in TURNED_AWAY or answer.status_code >= 500:
                    self._leave_alone(f"HTTP {answer.status_code}")
            if answer.status_code == 200 and 0 < len(answer.content) <= TILE_MOST and _media(answer.content):
                return answer.content
            return None
        except httpx.HTTPError as error:
            self._leave_alone(type(error).__name__)
            return None

    def _leave_alone(self, why: str) -> None:
        now = time.monotonic()
        if now >= self._quiet_until:  # one line a minute, not one a tile; and no waiting for who is away
            log.info("tile server gives no tiles; the local map serves", why=why)
        self._quiet_until = now + ASK_AGAIN_S

    async def close(self) -> None:
        """End open connections."""
        if self._client is not None:
            await self._client.aclose()


def _media(content: bytes) -> str:
    """The picture's type by its first bytes; empty for what is no picture."""
    if content.startswith(b"\x89PNG"):
        return "image/png"
    if content.startswith(b"\xff\xd8"):
        return "image/jpeg"
    return "image/webp" if content[8:12] == b"WEBP" else ""


def _read(path: Path) -> tuple[bytes | None, float]:
    try:
        return path.read_bytes(), time.time() - path.stat().st_mtime
    except OSError:
        return None, 0.0


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        log.warning("tile not kept", why=str(error))


def register(server: FastAPI, room: Room) -> Tiles:
    """Add the routes; returns the proxy, to be closed at the end."""
    agent = f"situation-room/{room.info.get('version', '0')} ({room.city.id})"
    tiles = Tiles(room.city.tiles, room.settings.var / "tiles", agent)

    @server.get("/tiles/{z}/{x}/{y}", include_in_schema=False)
    async def tile(z: int, x: int, y: int) -> Response:
        content, media, keep_s = await tiles.tile(z, x, y)
        return Response(content, media_type=media, headers={"Cache-Control": f"public, max-age={keep_s}"})

    @server.get("/basemap.json", include_in_schema=False)
    async def base_map(request: Request) -> Response:
        tag = f'"{room.base_map_tag}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304)
        headers = {"ETag": tag, "Cache-Control": "public, max-age=3600"}
        return Response(room.base_map, media_type="application/json", headers=headers)

    return tiles
