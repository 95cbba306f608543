"""What keeps the store bounded: old history goes, positions are thinned, closed incidents leave."""

from __future__ import annotations

from collections.abc import Mapping

from data.contracts import Feed, Thing
from data.store import read
from data.store.connect import Store
from data.store.keys import Keys

HOUR_MS = 3_600_000
THIN_AFTER_MS = HOUR_MS + 600_000  # an hour, and ten minutes in which a redelivery is still recognised
THIN_TO_MS = 15_000
SPINE_KEEP_MS = 26 * HOUR_MS


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
            gone += store.zremrangebyscore(key, "-inf", f"({now_ms - hot_hours * HOUR_MS:.0f}")
            if places:
                gone += _thin(store, key, places, now_ms)
            gone += _unmark(store, key, keys.obj(name, id), now_ms)
            _let_go(store, keys, feed, id, things.get(name, {}).get(id), now_ms)
    store.xtrim(keys.changes, minid=now_ms - SPINE_KEEP_MS, approximate=True)
    return gone


def _thin(store: Store, key: str, places: set[str], now_ms: int) -> int:
    # Two hours back from the limit is enough: what is older was thinned in an earlier round.
    low, high = now_ms - THIN_AFTER_MS - 2 * HOUR_MS, now_ms - THIN_AFTER_MS
    drop, kept_ms = [], None
    for row in store.zrangebyscore(key, low, high):
        event, slot = row.split(b"|", 2)[:2]
        if slot.decode() not in places:
            continue
        bucket = int(event) // THIN_TO_MS
        if bucket == kept_ms:
            drop.append(row)
        kept_ms = bucket
    return int(store.zrem(key, *drop)) if drop else 0


def _unmark(store: Store, key: str, obj: str, now_ms: int) -> int:
    """Drop the digests of a flood once they can no longer be redelivered."""
    if not store.hexists(obj, "~thin"):
        return 0
    rows = store.zrangebyscore(key, "-inf", now_ms - 600_000)
    drop = [row for row in rows if row.split(b"|", 4)[4].startswith(b"#")]
    return int(store.zrem(key, *drop)) if drop else 0


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
