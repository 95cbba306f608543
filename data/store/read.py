"""Reading back what `ingest.lua` wrote: slots, counters, refusals, unknown senders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from data.contracts import FeedHealth, Slot, Source
from data.store.connect import Store
from data.store.keys import Keys

COUNTED = ("received", "accepted", "late", "duplicates", "ignored", "rejected", "thinned")
CHUNK = 1000


def slot(stored: bytes) -> Slot:
    """One slot as the script wrote it: event|received|since|source|flags|track|value."""
    event, received, since, source, flags, _, value = stored.split(b"|", 6)
    return Slot(
        event_ms=int(event),
        received_ms=int(received),
        since_ms=int(since),
        source=cast(Source, source.decode()),
        flags=frozenset(f for f in flags.decode().split(",") if f),
        value=orjson.loads(value),
    )


def slots(stored: Mapping[bytes, bytes]) -> dict[str, Slot]:
    """All slots of one object; names that start with ~ are the script's own notes."""
    return {name.decode(): slot(value) for name, value in stored.items() if not name.startswith(b"~")}


def objects(
    store: Store, keys: Keys, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Slot]]:
    """The slots of many objects, a round trip a thousand; an object that is gone has none."""
    pairs = list(wanted)
    found: dict[tuple[str, str], dict[str, Slot]] = {}
    for start in range(0, len(pairs), CHUNK):
        chunk = pairs[start : start + CHUNK]
        with store.pipeline(transaction=False) as pipe:
            for feed, id in chunk:
                pipe.hgetall(keys.obj(feed, id))
            for pair, stored in zip(chunk, pipe.execute(), strict=True):
                found[pair] = slots(stored)
    return found


def stored_ids(store: Store, keys: Keys, feed: str) -> list[str]:
    """Ids of all stored objects of a feed."""
    return sorted(i.decode() for i in store.smembers(keys.ids(feed)))


def health(store: Store, keys: Keys, feeds: Sequence[str]) -> dict[str, FeedHealth]:
    """Counters and signs of life of each feed, in one round trip."""
    with store.pipeline(transaction=False) as pipe:
        for feed in feeds:
            pipe.hgetall(keys.counters(feed))
            pipe.hkeys(keys.senders(feed))
        answers = pipe.execute()
    found = {}
    for n, feed in enumerate(feeds):
        row = {k.decode(): int(v) for k, v in answers[2 * n].items()}
        found[feed] = FeedHealth(
            feed=feed,
            **{name: row.get(name, 0) for name in COUNTED},
            last_event_ms=row.get("last_event"),
            last_heard_ms=row.get("last_heard"),
            first_heard_ms=row.get("first_heard"),
            senders=tuple(sorted(s.decode() for s in answers[2 * n + 1])),
        )
    return found


def heartbeats(store: Store, keys: Keys, feed: str) -> dict[str, int]:
    """Each system that sends a feed, with the time of its last heartbeat in ms."""
    rows = store.hgetall(keys.senders(feed))
    return {name.decode(): int(value.split(b"|", 1)[0]) for name, value in rows.items()}


def format_counts(store: Store, keys: Keys, formats: Sequence[str]) -> dict[str, dict[str, int]]:
    """Each format's counters; ignored messages by type as `ignored:<type>`."""
    with store.pipeline(transaction=False) as pipe:
        for name in formats:
            pipe.hgetall(keys.format_counters(name))
        return {
            name: {k.decode(): int(v) for k, v in row.items()}
            for name, row in zip(formats, pipe.execute(), strict=True)
        }


def unknown_senders(store: Store, keys: Keys) -> list[dict[str, Any]]:
    """Senders that no registry knows, the latest first."""
    rows = [orjson.loads(v) for v in store.hvals(keys.unknown)]
    return sorted(rows, key=lambda r: -int(r["last_seen"]))


@dataclass(frozen=True)
class DeadLetter:
    """One refused message, kept with its reason."""

    id: str
    received_ms: int
    feed: str
    topic: str
    code: str
    reason: str
    excerpt: str


def dead_letters(store: Store, keys: Keys, *, feed: str = "", limit: int = 100) -> list[DeadLetter]:
    """Refused messages, the latest first."""
    found: list[DeadLetter] = []
    last = "+"
    while len(found) < limit:
        rows = store.xrevrange(keys.dead, max=last, count=max(limit, 200))
        if not rows:
            break
        for id, row in rows:
            text = {k.decode(): v.decode() for k, v in row.items()}
            if not feed or text["feed"] == feed:
                found.append(
                    DeadLetter(
                        id.decode(), int(text["received"]), text["feed"], text["topic"], text["code"],
                        text["reason"], text["excerpt"],
                    )
                )  # fmt: skip
        last = "(" + rows[-1][0].decode()
    return found[:limit]


@dataclass(frozen=True)
class Event:
    """One event of an object's history."""

    event_ms: int
    slot: str
    source: str
    value: Mapping[str, Any]


def history(
    store: Store,
    keys: Keys,
    feed: str,
    id: str,
    *,
    from_ms: int | None = None,
    to_ms: int | None = None,
) -> list[Event]:
    """An object's history by event time, oldest first; markers of thinned messages are left out."""
    low = "-inf" if from_ms is None else from_ms
    high = "+inf" if to_ms is None else to_ms
    return [e for row in store.zrangebyscore(keys.history(feed, id), low, high) if (e := history_event(row))]


def history_event(row: bytes) -> Event | None:
    """One history row: event|slot|source|track|value; None for a thinned one (its value is a digest)."""
    event, name, source, _, value = row.split(b"|", 4)
    if value.startswith(b"#"):
        return None
    return Event(int(event), name.decode(), source.decode(), orjson.loads(value))
