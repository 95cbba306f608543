"""Routes under `/api/v1`."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

import redis
from fastapi import APIRouter, FastAPI, Header, HTTPException, Query

from callbacks.api import answers
from callbacks.room import Room
from data.clock import now_ms, rfc3339
from data.contracts import Target, Thing
from data.i18n import Translator
from data.live.history import Rewind, moments
from data.live.picture import Picture
from data.store import read, workers
from data.store.durability import refusal
from layouts.details import detail_rows, state_word

UNROUTED = "unrouted"
PAST_AT_ONCE = 2  # each reads a whole history; the others wait, and leave threads to all else
Lang = Annotated[str | None, Query(description="id, en …; else Accept-Language decides", max_length=10)]
Accept = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]


def register(server: FastAPI, room: Room) -> None:
    """Add the routes to the server."""
    api = APIRouter(prefix="/api/v1", tags=["v1"])
    rewinding = asyncio.Semaphore(PAST_AT_ONCE)

    def translator(lang: str | None, accept: str | None) -> Translator:
        return room.tr(room.language(lang, accept))

    def picture() -> Picture:
        found = room.hub.picture
        if found is None:
            raise HTTPException(503, "the first picture is not there yet; ask /readyz")
        return found

    async def stored(work: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except redis.RedisError as error:
            raise HTTPException(503, refusal(error).text) from None

    @api.get("/layers/{feed}")
    async def layer(feed: str, at: str | None = None) -> dict[str, Any]:
        """All objects of a feed as GeoJSON, now or as they stood at `at` (RFC 3339, last 24 h)."""
        if feed not in room.feeds:
            raise HTTPException(404, f'no feed "{feed[:64]}", only {", ".join(room.feeds)}')
        if at is None:
            return answers.layer(picture().things.get(feed, {}), room.feeds[feed], now_ms())
        moment = _moment(at, room.city.limits.hot_hours)
        async with rewinding:
            past: dict[str, Any] = await stored(_past, room, feed, moment)
        return past

    @api.get("/kpis")
    async def kpis(lang: Lang = None, accept: Accept = None) -> dict[str, Any]:
        """Every figure with value, unit, target, state, coverage and age."""
        tr, now, shown = translator(lang, accept), now_ms(), picture()
        rows = [
            answers.kpi(k, shown.readings.get(k.id), room.city.kpis.get(k.id, Target(None)), now, tr)
            for k in room.kpis
        ]
        return {"as_of": rfc3339(now), "mode": shown.mode, "kpis": rows}

    @api.get("/feeds")
    async def feeds() -> dict[str, Any]:
        """Counters and signs of life of feeds and formats, and senders that no registry knows."""
        now = now_ms()
        health = await stored(read.health, room.store, room.keys, [*room.feeds, UNROUTED])
        live = room.hub.picture.feeds if room.hub.picture else {}
        formats = await stored(read.format_counts, room.store, room.keys, list(room.city.formats))
        unknown = await stored(read.unknown_senders, room.store, room.keys)
        running = await stored(workers.workers, room.store, room.keys)
        rows = []
        for name in room.feeds:
            row = answers.feed(health[name], now) | {"quiet_ok": room.feeds[name].quiet_ok}
            row["rate_per_s"] = round(live[name].rate_per_s, 2) if name in live else 0.0
            rows.append(row)
        return {
            "as_of": rfc3339(now),
            "feeds": rows,
            "unrouted": answers.feed(health[UNROUTED], now),
            "formats": [answers.format_row(n, c) for n, c in formats.items()],
            "flooding": sorted({s for w in running for s in w.flooding}),
            "unknown_senders": [answers.sender(s) for s in unknown],
        }

    @api.get("/dead-letters")
    async def dead_letters(
        feed: Annotated[str, Query(max_length=64)] = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> dict[str, Any]:
        """Refused messages with their reason, the latest first."""
        names = [feed] if feed else [*room.feeds, UNROUTED]
        health = await stored(read.health, room.store, room.keys, names)
        letters = await stored(read.dead_letters, room.store, room.keys, feed=feed, limit=limit)
        return answers.dead_letters(sum(h.rejected for h in health.values()), letters, now_ms())

    def thing(feed: str, id: str) -> Thing:
        found = picture().things.get(feed, {}).get(id)
        if found is None:
            raise HTTPException(404, f'no {feed[:64]} object "{id[:64]}"')
        return found

    @api.get("/objects/{feed}/{id}")
    async def object_(feed: str, id: str, lang: Lang = None, accept: Accept = None) -> dict[str, Any]:
        """One object in words, for popups: label, state, age, rows of label and text."""
        found, tr, now = thing(feed, id), translator(lang, accept), now_ms()
        return {
            "as_of": rfc3339(now),
            "id": found.id,
            "feed": feed,
            "label": found.label,
            "state": found.state,
            "state_label": state_word(found, room.feeds[feed], tr),
            "event_time": rfc3339(found.event_ms),
            "age_s": found.age_s(now),
            "max_age_s": found.max_age_s,
            "stale": found.stale(now),
            "source": found.source,
            "rows": detail_rows(found, room.feeds[feed], tr, room.city.zone),
        }

    async def with_history(feed: str, id: str) -> dict[str, Any]:
        found = thing(feed, id)
        events = await stored(read.history, room.store, room.keys, feed, id)
        answer = answers.feature(found, room.feeds[feed], now_ms())
        answer["as_of"] = rfc3339(now_ms())
        answer["history"] = [
            {
                "event_time": rfc3339(e.event_ms),
                "message": e.slot.split(":")[0],
                "source": e.source,
                **{k: v for k, v in e.value.items() if not k.startswith("_")},
            }
            for e in events
        ]
        return answer

    @api.get("/units/{id}")
    async def unit(id: str) -> dict[str, Any]:
        """One unit with its last 24 h."""
        return await with_history("ambulances", id)

    @api.get("/incidents/{id}")
    async def incident(id: str) -> dict[str, Any]:
        """One incident with every time stamp from receipt to close."""
        return await with_history("incidents", id)

    server.include_router(api)


def _moment(text: str, hours: float) -> int:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        if moment.tzinfo is None:
            raise ValueError
    except ValueError:
        raise HTTPException(422, "at must be RFC 3339 with an offset, e.g. 2026-11-24T13:00:00Z") from None
    at = round(moment.timestamp() * 1000)
    now = now_ms()
    if not now - hours * 3_600_000 <= at <= now:
        raise HTTPException(422, f"at must lie in the last {hours:g} hours")
    return at


def _past(room: Room, feed: str, at_ms: int) -> dict[str, Any]:
    history = moments(room.store, room.keys, [feed], room.registry, at_ms)
    rewind = Rewind(history, {feed: room.feeds[feed]}, room.registry)
    return answers.layer(rewind.to(at_ms)[feed], room.feeds[feed], at_ms)
