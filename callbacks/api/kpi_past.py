"""`/api/v1/kpis/{id}`: a figure by minute, hour or day, as a stream."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import Annotated, Any

import orjson
import redis
from fastapi import FastAPI, Header, HTTPException, Query
from fastapi.responses import StreamingResponse

from callbacks.api.history import From, To, asked_format, asked_period
from callbacks.room import Room
from data.archive import export
from data.rollups import serve
from data.store.durability import refusal

FORMATS = (export.JSON_LINES, export.CSV)
LINES = 500


def register(server: FastAPI, room: Room) -> None:
    """Add the route to the server."""
    known = {k.id: k for k in room.kpis}

    @server.get("/api/v1/kpis/{id}", tags=["v1"])
    async def kpi_past(
        id: str,
        from_: From,
        to: To,
        by: Annotated[str, Query(max_length=20, description="district, or nothing: the whole city")] = "",
        every: Annotated[serve.Every, Query(description="minute (48 h), hour (2 y), day (10 y)")] = "hour",
        format: Annotated[str | None, Query(max_length=10, description="jsonl or csv")] = None,
        accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    ) -> StreamingResponse:
        """One figure's past, a row a minute, hour or day, oldest first: JSON lines or CSV.

        Days are days of the city. Percentiles of hours and days are within 1 %.
        """
        if id not in known:
            raise HTTPException(404, f'no KPI "{id[:64]}", only {", ".join(known)}')
        if by not in ("", "district"):
            raise HTTPException(422, "by must be district, or left out for the whole city")
        chosen = asked_format(format, accept, FORMATS)
        from_ms, to_ms = asked_period(room, from_, to)
        try:
            rows = serve.rows(
                room.store, room.keys, room.city, known[id], every, by_district=by == "district",
                from_ms=from_ms, to_ms=to_ms,
            )  # fmt: skip
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        stream = _bytes(rows, chosen)
        try:
            first = await asyncio.to_thread(next, stream, b"")
        except redis.RedisError as error:
            raise HTTPException(503, refusal(error).text) from None
        return StreamingResponse(
            itertools.chain([first], stream), media_type=export.MEDIA[chosen],
            headers={"Content-Disposition": f'attachment; filename="{id}.{chosen}"', "Cache-Control": "no-store"},
        )  # fmt: skip


def _bytes(rows: Iterator[dict[str, Any]], format: str) -> Iterator[bytes]:
    head = export.table([serve.COLUMNS]) if format == export.CSV else b""
    while chunk := list(itertools.islice(rows, LINES)):
        if format == export.CSV:
            yield head + export.table([r.get(c) for c in serve.COLUMNS] for r in chunk)
        else:
            yield b"".join(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in chunk)
        head = b""
    if head:
        yield head
