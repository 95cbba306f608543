"""`/api/v1/history/{feed}`: the events of a period, as a stream."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from typing import Annotated

import redis
from fastapi import FastAPI, Header, HTTPException, Query
from fastapi.responses import StreamingResponse

from callbacks.room import Room
from data.archive import export
from data.archive.move import city_folder
from data.archive.period import BadPeriod, period
from data.archive.read import History
from data.clock import now_ms
from data.store.durability import refusal

AT_ONCE = 2
From = Annotated[str, Query(alias="from", max_length=40, description="first day, or moment with offset")]
To = Annotated[str, Query(max_length=40, description="last day, or moment with offset that no longer counts")]


def asked_period(room: Room, from_: str, to: str) -> tuple[int, int]:
    """The period of a request; 422 with the reason where there is none."""
    try:
        return period(from_, to, room.city.tz, now_ms())
    except BadPeriod as error:
        raise HTTPException(422, str(error)) from None


def asked_format(format: str | None, accept: str | None, offered: tuple[str, ...]) -> str:
    """The format of a request; 422 where nobody knows it."""
    found = export.choose(format, accept)
    if found in offered:
        return found
    raise HTTPException(422, f"format must be one of {', '.join(offered)}")


def register(server: FastAPI, room: Room) -> None:
    """Add the route to the server."""
    places = threading.BoundedSemaphore(AT_ONCE)

    def read(feed: str, from_ms: int, to_ms: int, format: str) -> Iterator[bytes]:
        try:
            folder, scratch = city_folder(room.settings.var, room.city.id), room.settings.var / "cache"
            with History(room.store, room.keys, folder, scratch, feed, from_ms, to_ms) as found:
                yield b""  # everything that may refuse has not done so
                yield from export.encoded(found.batches(), room.feeds[feed], format)
        finally:
            places.release()

    @server.get("/api/v1/history/{feed}", tags=["v1"])
    async def history(
        feed: str,
        from_: From,
        to: To,
        format: Annotated[str | None, Query(max_length=10, description="jsonl, csv or parquet")] = None,
        accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    ) -> StreamingResponse:
        """Every accepted event of a feed, by event time: JSON lines, CSV or Parquet.

        Days are days of the city, the last one included. Events come from the store and, where
        they are older, from files; each is given once.
        """
        if feed not in room.feeds:
            raise HTTPException(404, f'no feed "{feed[:64]}", only {", ".join(room.feeds)}')
        chosen = asked_format(format, accept, tuple(export.MEDIA))
        from_ms, to_ms = asked_period(room, from_, to)
        if not places.acquire(blocking=False):
            raise HTTPException(503, f"{AT_ONCE} histories are being read already; try again in a moment")
        stream = read(feed, from_ms, to_ms, chosen)
        try:
            first = await asyncio.to_thread(next, stream)
        except redis.RedisError as error:
            raise HTTPException(503, refusal(error).text) from None
        except OSError as error:
            raise HTTPException(503, f"the folder of older events cannot be used: {error.strerror}") from None
        name = f"{room.city.id}-{feed}.{chosen}"
        return StreamingResponse(
            itertools.chain([first], stream), media_type=export.MEDIA[chosen],
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )  # fmt: skip
