"""The tile proxy against a tile server that fails: nobody waits for it longer than once."""

from __future__ import annotations

import asyncio
import os

import httpx
import pytest

from callbacks.api.tiles import EMPTY, FRESH_S, Tiles
from data.profile import TileServer

PICTURE = b"\x89PNG\r\n\x1a\n and so on"


def tiles(folder, answer) -> Tiles:
    made = Tiles(TileServer(url="http://tiles.test/{z}/{x}/{y}.png"), folder, "test")
    made._client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return made


def test_a_screen_full_of_tiles_waits_only_once_for_a_server_that_hangs(tmp_path):
    asked = []

    async def hang(request):
        asked.append(request.url)
        await asyncio.sleep(0)
        raise httpx.ReadTimeout("nothing came")

    async def screen():
        return await asyncio.gather(*(proxy.tile(12, x, 2127) for x in range(40)))

    proxy = tiles(tmp_path, hang)
    assert {content for content, _, _ in asyncio.run(screen())} == {EMPTY}
    assert len(asked) <= 4  # those that were under way at once; the others need not try


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_server_that_turns_us_away_is_left_alone_for_a_while(tmp_path, status):
    asked = []

    def refuse(request):
        asked.append(request.url)
        return httpx.Response(status)

    async def twice():
        return [await proxy.tile(12, x, 2127) for x in (3302, 3303)]

    proxy = tiles(tmp_path, refuse)
    assert [content for content, _, _ in asyncio.run(twice())] == [EMPTY, EMPTY]
    assert len(asked) == 1


def test_one_tile_that_does_not_exist_stops_no_other(tmp_path):
    def answer(request):
        return httpx.Response(404) if "/3302/" in request.url.path else httpx.Response(200, content=PICTURE)

    async def both():
        return [await proxy.tile(12, x, 2127) for x in (3302, 3303)]

    proxy = tiles(tmp_path, answer)
    assert [content for content, _, _ in asyncio.run(both())] == [EMPTY, PICTURE]


def test_an_old_tile_is_served_while_the_server_fails(tmp_path):
    up = True

    def answer(request):
        return httpx.Response(200, content=PICTURE) if up else httpx.Response(503)

    proxy = tiles(tmp_path, answer)

    async def first_and_again():
        nonlocal up
        first = await proxy.tile(12, 3302, 2127)
        up = False
        for path in tmp_path.rglob("*.tile"):
            os.utime(path, (0, path.stat().st_mtime - FRESH_S - 1))
        return first, await proxy.tile(12, 3302, 2127)

    first, again = asyncio.run(first_and_again())
    assert first[0] == again[0] == PICTURE
    assert again[2] < first[2]  # asked again soon
