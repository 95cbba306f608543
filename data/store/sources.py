"""Whose data the store holds: live, simulated, exercise, replay."""

from __future__ import annotations

import orjson

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

    What a simulation had registered for itself is no member any more. Counters stay: they say what
    was received.
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
                _bring_back(store, keys, feed, id, gone)
            if not [n for n in store.hkeys(obj) if not n.startswith(b"~")]:
                store.delete(obj)
                store.srem(keys.ids(feed), id)
                store.zrem(keys.geo(feed), id)
            store.xadd(keys.changes, {"f": feed, "i": id, "k": "gone"})
    if source == "simulated":
        for feed in feeds:
            made_up = [
                n for n, v in store.hgetall(keys.registry(feed)).items() if orjson.loads(v).get("simulated")
            ]
            if made_up:
                store.hdel(keys.registry(feed), *made_up)
    last = "-"
    while rows := store.xrange(keys.changes, min=last, count=1000):
        dead = [i for i, row in rows if row.get(b"o") == source.encode()]
        if dead:
            store.xdel(keys.changes, *dead)
        last = b"(" + rows[-1][0]
    for figures in (keys.kpi("*"), f"{keys.tag}:samples:*", keys.hours("*"), keys.days("*")):
        if kept := list(store.scan_iter(match=figures, count=1000)):
            store.delete(*kept)
    store.delete(keys.kpi_latest)
    store.hdel(keys.sources, source)
    return removed


def _bring_back(store: Store, keys: Keys, feed: str, id: str, names: list[bytes]) -> None:
    """Where what was forgotten had covered something older, that is the state again."""
    store.zrem(keys.geo(feed), id)
    past: dict[bytes, list[list[bytes]]] = {name: [] for name in names}
    for row in store.zrange(keys.history(feed, id), 0, -1):
        event, name, *rest = row.split(b"|", 4)
        if name in past and not rest[2].startswith(b"#"):
            past[name].append([event, *rest])
    for name, rows in past.items():
        if not rows:
            continue
        event, source, track, value = rows[-1]
        since = event
        for earlier in reversed(rows if track else []):
            if earlier[2] != track:
                break
            since = earlier[0]
        # a message that came meanwhile is newer than all this
        store.hsetnx(keys.obj(feed, id), name, b"|".join((event, event, since, source, b"", track, value)))
    for stored in store.hvals(keys.obj(feed, id)):
        value = orjson.loads(stored.split(b"|", 6)[6]) if stored.count(b"|") >= 6 else {}
        if "lat" in value and "lon" in value and abs(value["lat"]) < 85:
            store.geoadd(keys.geo(feed), (value["lon"], value["lat"], id))
