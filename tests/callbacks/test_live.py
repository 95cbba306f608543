"""The socket `/live`: who gets in, and how frames flow."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.callbacks.conftest import Web, unit

HELLO = orjson.dumps({"hello": {"view": "wall", "lang": "en", "path": "/wall", "search": ""}}).decode()


async def receive(socket: Any, seconds: float = 5) -> dict[str, Any]:
    return orjson.loads(await asyncio.wait_for(socket.recv(), seconds))


def test_a_screen_gets_everything_first_and_one_frame_at_a_time(web: Web) -> None:
    async def talk() -> None:
        async with connect(f"ws://127.0.0.1:{web.port}/live", origin=web.url) as socket:  # type: ignore[arg-type]
            await socket.send(HELLO)
            first = await receive(socket)
            assert first["full"] and first["n"] == 1 and first["props"]
            for n in range(3):
                web.show(unit("AMB-01", lat=-6.9 - n / 100))
            with pytest.raises(TimeoutError):
                await receive(socket, 0.3)  # not acknowledged: nothing is sent, nothing queues
            await socket.send('{"ack":1}')
            second = await receive(socket)
            rows = second["layers"]["ambulances"]["set"]
            assert "full" not in second and [r[1] for r in rows if r[0] == "AMB-01"] == [-6.92]

    asyncio.run(talk())


def test_a_new_hello_gets_everything_again(web: Web) -> None:
    async def talk() -> None:
        async with connect(f"ws://127.0.0.1:{web.port}/live", origin=web.url) as socket:  # type: ignore[arg-type]
            await socket.send(HELLO)
            await receive(socket)
            await socket.send(HELLO.replace('"en"', '"id"'))
            await socket.send('{"ack":1}')
            web.show(unit("AMB-01", state="on_scene"))
            assert (await receive(socket))["full"]

    asyncio.run(talk())


def test_a_foreign_page_cannot_open_the_socket(web: Web) -> None:
    async def talk() -> None:
        with pytest.raises((InvalidStatus, ConnectionClosed)):
            async with connect(f"ws://127.0.0.1:{web.port}/live", origin="https://evil.example") as socket:  # type: ignore[arg-type]
                await socket.recv()

    asyncio.run(talk())


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "{",
        "[]",
        '{"hello":5}',
        "null",
        "1",
        '{"ack":1}',
        '{"hello":{"path":"/no-such-page"}}',
        "x" * 10_000,
        '"\\ud800"',
    ],
)
def test_nonsense_closes_that_socket_and_no_other(web: Web, nonsense: str) -> None:
    async def talk() -> None:
        async with connect(f"ws://127.0.0.1:{web.port}/live", origin=web.url) as good:  # type: ignore[arg-type]
            await good.send(HELLO)
            await receive(good)
            async with connect(f"ws://127.0.0.1:{web.port}/live", origin=web.url) as bad:  # type: ignore[arg-type]
                await bad.send(nonsense)
                with pytest.raises(ConnectionClosed):
                    while True:
                        await asyncio.wait_for(bad.recv(), 5)
            await good.send('{"ack":1}')
            web.show(unit("AMB-02"))
            assert (await receive(good))["n"] == 2

    asyncio.run(talk())
