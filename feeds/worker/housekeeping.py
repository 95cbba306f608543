"""What keeps the store bounded: old history goes, positions are thinned, closed incidents leave."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

import orjson
import redis

from data.archive.move import may_trim_before
from data.contracts import Feed, Thing
from data.store import read
from data.store.connect import Store
from data.store.keys import Keys

HOUR_MS = 3_600_000
THIN_AFTER_MS = HOUR_MS + 600_000  # an hour, and ten minutes in which a redelivery is still recognised
THIN_TO_MS = 15_000
REDELIVERED_MS = 600_000
SPINE_KEEP_MS = 26 * HOUR_MS
NAMES_KEPT = 500  # half of what the store takes, so that a new name finds room


def tidy(
    store: Store, keys: Keys, feeds: Mapping[str, Feed], things: Mapping[str, Mapping[str, Thing]],
    now_ms: int, *, hot_hours: float,
) -> int:  # fmt: skip
    """One round over all objects; returns how many history rows went. Safe to repeat, safe to break off."""
    gone = 0
    for name, feed in feeds.items():
        places = {m.name for m in feed.messages if m.place and feed.moving}
        for id in read.stored_ids(store, keys, name):
            key = keys.history(name, id)
            gone += _expire(store, key, now_ms - round(hot_hours * HOUR_MS))
            if places:
                gone += _thin(store, key, places, now_ms)
            gone += _unmark(store, key, keys.obj(name, id), now_ms)
            _let_go(store, keys, feed, id, things.get(name, {}).get(id), now_ms)
    _make_room(store, keys, feeds)
    store.xtrim(keys.changes, minid=may_trim_before(store, keys, now_ms - SPINE_KEEP_MS), approximate=True)
    return gone


def _expire(store: Store, key: str, limit_ms: int) -> int:
    """Drop what is older, but the newest row of each slot: the past begins with what was true then."""
    rows = store.zrangebyscore(key, "-inf", f"({limit_ms}")
    newest = {row.split(b"|", 2)[1]: row for row in rows}
    drop = [row for row in rows if newest[row.split(b"|", 2)[1]] is not row]
    return int(store.zrem(key, *drop)) if drop else 0


def _thin(store: Store, key: str, places: set[str], now_ms: int) -> int:
    high = now_ms - THIN_AFTER_MS
    low: int | str = high - 2 * HOUR_MS
    # What is older was thinned in an earlier round, unless it came late or nobody was there.
    if _dense(store, key, int(low)):
        low = "-inf"
    drop, kept = [], None
    for row in store.zrangebyscore(key, low, high):
        event, slot = row.split(b"|", 2)[:2]
        if slot.decode() not in places:
            continue
        bucket = int(event) // THIN_TO_MS
        if bucket == kept:
            drop.append(row)
        kept = bucket
    return int(store.zrem(key, *drop)) if drop else 0


def _dense(store: Store, key: str, before_ms: int) -> bool:
    """Does any older hour hold more rows than thinned ones would be?"""
    with store.pipeline(transaction=False) as pipe:
        for hour in range(1, 25):
            pipe.zcount(key, before_ms - hour * HOUR_MS, f"({before_ms - (hour - 1) * HOUR_MS}")
        return any(n > 1.2 * HOUR_MS / THIN_TO_MS for n in pipe.execute())


def _unmark(store: Store, key: str, obj: str, now_ms: int) -> int:
    """Drop the digests of a flood once they can no longer be redelivered."""
    if not store.hexists(obj, "~thin"):
        return 0
    marked = [row for row in store.zrange(key, 0, -1) if row.split(b"|", 4)[4].startswith(b"#")]
    drop = [row for row in marked if int(row.split(b"|", 1)[0]) <= now_ms - REDELIVERED_MS]
    gone = int(store.zrem(key, *drop)) if drop else 0
    if len(drop) == len(marked):
        with store.pipeline() as pipe, contextlib.suppress(redis.WatchError):  # a new flood keeps its note
            pipe.watch(key)
            if not any(b"|#" in row for row in pipe.zrange(key, 0, -1)):
                pipe.multi()
                pipe.hdel(obj, "~thin")
                pipe.execute()
    return gone


def _make_room(store: Store, keys: Keys, feeds: Mapping[str, Feed]) -> None:
    """Forget made-up names, longest unheard first: a full list would never name a new device."""
    for feed in feeds:
        _keep_latest(store, keys.senders(feed), lambda row: int(row.split(b"|", 2)[1]))
    _keep_latest(store, keys.unknown, lambda row: int(orjson.loads(row)["last_seen"]))


def _keep_latest(store: Store, key: str, heard_ms: Callable[[bytes], int]) -> None:
    if store.hlen(key) <= NAMES_KEPT:
        return
    rows = sorted(store.hgetall(key).items(), key=lambda item: heard_ms(item[1]))
    store.hdel(key, *(name for name, _ in rows[:-NAMES_KEPT]))


def _let_go(store: Store, keys: Keys, feed: Feed, id: str, thing: Thing | None, now_ms: int) -> None:
    if thing is None or thing.active or feed.keep_inactive is None or thing.event_ms is None:
        return
    if now_ms - thing.event_ms > feed.keep_inactive.total_seconds() * 1000:
        with store.pipeline(transaction=True) as pipe:
            pipe.delete(keys.obj(feed.name, id), keys.history(feed.name, id))
            pipe.srem(keys.ids(feed.name), id)
            pipe.zrem(keys.geo(feed.name), id)
            pipe.xadd(keys.changes, {"f": feed.name, "i": id, "k": "gone"})
            pipe.execute()
