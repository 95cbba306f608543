"""Routes under `/api/v1/desk`: documents, table rows and search, in the reader's words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import redis
from fastapi import APIRouter, FastAPI, Header, HTTPException, Query

from callbacks.room import Room
from data.clock import now_ms
from data.live.picture import Picture
from data.store import read, readings
from data.store.durability import refusal
from layouts import desk_detail, desk_feeds, desk_kpi, desk_search, desk_tables

UNROUTED = desk_feeds.UNROUTED
DAY_MS = 24 * 3_600_000
HOUR_MS = 3_600_000
Lang = Annotated[str | None, Query(description="id, en …; else Accept-Language decides", max_length=10)]
Accept = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]


def register(server: FastAPI, room: Room) -> None:
    """Add the routes to the server."""
    api = APIRouter(prefix="/api/v1/desk", tags=["desk"])

    def picture() -> Picture:
        found = room.hub.picture
        if found is None:
            raise HTTPException(503, "the first picture is not there yet; ask /readyz")
        return found

    async def stored(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except redis.RedisError as error:
            raise HTTPException(503, refusal(error).text) from None

    def shared(lang: str | None, accept: str | None) -> dict[str, Any]:
        return {"city": room.city, "feeds": room.feeds, "tr": room.tr(room.language(lang, accept))}

    @api.get("/objects/{feed}/{id}")
    async def object_(feed: str, id: str, lang: Lang = None, accept: Accept = None) -> dict[str, Any]:
        """One object as the desk shows it: clock, time stamps with their gaps, track or availability."""
        shown = picture()
        thing = shown.things.get(feed, {}).get(id)
        if feed not in room.feeds or thing is None:
            raise HTTPException(404, f'no {feed[:64]} object "{id[:64]}"')
        now = now_ms()
        since = None if feed == "incidents" else now - (HOUR_MS if feed == "ambulances" else DAY_MS)
        events = await stored(read.history, room.store, room.keys, feed, id, from_ms=since)
        return await asyncio.to_thread(
            desk_detail.document,
            thing,
            events,
            shown,
            target_s=room.response_target_s,
            **shared(lang, accept),
        )

    @api.get("/kpis/{id}")
    async def kpi(id: str, lang: Lang = None, accept: Accept = None) -> dict[str, Any]:
        """What stands behind a figure: formula, target, members, last readings."""
        found = next((k for k in room.kpis if k.id == id), None)
        if found is None:
            raise HTTPException(404, f'no KPI "{id[:64]}", only {", ".join(k.id for k in room.kpis)}')
        now = now_ms()
        kept = await stored(readings.minutes, room.store, room.keys, [id], now - HOUR_MS, now)
        return await asyncio.to_thread(desk_kpi.document, found, kept[id], picture(), **shared(lang, accept))

    @api.get("/tables/{feed}")
    async def table(feed: str, lang: Lang = None, accept: Accept = None) -> dict[str, Any]:
        """Every object of a feed as a table row."""
        if feed not in room.feeds:
            raise HTTPException(404, f'no feed "{feed[:64]}", only {", ".join(room.feeds)}')
        shown = picture()
        found = await asyncio.to_thread(desk_tables.rows, shown, feed, **shared(lang, accept))
        return {"now": shown.now_ms, "rows": found}

    @api.get("/search")
    async def search(
        q: Annotated[str, Query(max_length=200)] = "", lang: Lang = None, accept: Accept = None
    ) -> dict[str, Any]:
        """Units, incidents, hotspots and places whose names hold the words of `q`."""
        hits = await asyncio.to_thread(desk_search.search, q, picture(), **shared(lang, accept))
        return {"hits": hits}

    @api.get("/feeds")
    async def feeds(lang: Lang = None, accept: Accept = None) -> dict[str, Any]:
        """Feed health in words: rates, ages, counters, unknown senders, refused messages."""

        def gather() -> dict[str, Any]:
            names = [*room.feeds, UNROUTED]
            return desk_feeds.document(
                read.health(room.store, room.keys, names),
                {n: read.heartbeats(room.store, room.keys, n) for n in room.feeds},
                read.unknown_senders(room.store, room.keys),
                read.dead_letters(room.store, room.keys, limit=50),
                picture(),
                **shared(lang, accept),
            )

        return await stored(gather)

    server.include_router(api)
