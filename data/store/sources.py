"""Whose data the store holds: live, simulated, exercise, replay."""

from __future__ import annotations

from data.live.picture import Mode
from data.store.connect import Store
from data.store.keys import Keys


def counts(store: Store, keys: Keys) -> dict[str, int]:
    """Events accepted per source."""
    return {k.decode(): int(v) for k, v in store.hgetall(keys.sources).items()}


def live_seen(store: Store, keys: Keys) -> bool:
    """True once a live event has been stored: figures then stand on live events only."""
    return bool(store.hexists(keys.sources, "live"))


def mode(found: dict[str, int]) -> Mode:
    """What the pages are marked as."""
    live, simulated = found.get("live", 0) > 0, found.get("simulated", 0) > 0
    if live:
        return "mixed" if simulated else "live"
    if simulated:
        return "simulated"
    if found.get("exercise", 0) > 0:
        return "exercise"
    return "replay" if found.get("replay", 0) > 0 else "empty"


def forget(store: Store, keys: Keys, feeds: list[str], source: str) -> int:
    """Remove every event of one source: states, histories, changes, readings. Returns how many history rows.

    Counters stay: they say what was received.
    """
    removed = 0
    for feed in feeds:
        for raw in store.smembers(keys.ids(feed)):
            id = raw.decode()
            obj, hist = keys.obj(feed, id), keys.history(feed, id)
            drop = [r for r in store.zrange(hist, 0, -1) if r.split(b"|", 4)[2] == source.encode()]
            if drop:
                removed += store.zrem(hist, *drop)
            gone = [
                n
                for n, v in store.hgetall(obj).items()
                if not n.startswith(b"~") and v.split(b"|", 6)[3] == source.encode()
            ]
            if gone:
                store.hdel(obj, *gone)
            if not [n for n in store.hkeys(obj) if not n.startswith(b"~")]:
                store.delete(obj)
                store.srem(keys.ids(feed), id)
                store.zrem(keys.geo(feed), id)
            store.xadd(keys.changes, {"f": feed, "i": id, "k": "gone"})
    last = "-"
    while rows := store.xrange(keys.changes, min=last, count=1000):
        dead = [i for i, row in rows if row.get(b"o") == source.encode()]
        if dead:
            store.xdel(keys.changes, *dead)
        last = b"(" + rows[-1][0]
    kept = [k for k in store.scan_iter(match=f"{keys.tag}:kpi:*", count=1000)]
    if kept:
        store.delete(*kept)
    store.delete(keys.kpi_latest)
    store.hdel(keys.sources, source)
    return removed
