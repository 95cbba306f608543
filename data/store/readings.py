"""KPI readings: the newest of each, and one a minute for 48 h."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from data.contracts import Reading
from data.store.connect import Store
from data.store.keys import Keys

MINUTE_MS = 60_000
KEEP_MS = 48 * 3600 * 1000


def dump(reading: Reading) -> bytes:
    """A reading as stored."""
    row: dict[str, Any] = {"v": reading.value, "n": reading.n, "of": reading.of, "at": reading.as_of_ms}
    if reading.parts:
        row["parts"] = dict(reading.parts)
    if reading.why:
        row["why"] = reading.why
    return orjson.dumps(row)


def load(stored: bytes) -> Reading:
    """A stored reading."""
    row = orjson.loads(stored)
    return Reading(row["v"], row["n"], row["of"], row["at"], row.get("parts", {}), row.get("why", ""))


def save_latest(store: Store, keys: Keys, readings: Mapping[str, Reading]) -> None:
    """Replace the newest readings."""
    if readings:
        store.hset(keys.kpi_latest, mapping={id: dump(r) for id, r in readings.items()})


def latest(store: Store, keys: Keys) -> dict[str, Reading]:
    """The newest reading of each KPI."""
    return {id.decode(): load(raw) for id, raw in store.hgetall(keys.kpi_latest).items()}


def save_minutes(store: Store, keys: Keys, rows: Iterable[tuple[str, int, Reading]], now_ms: int) -> None:
    """Write readings (KPI id, minute, reading); a minute's earlier reading is replaced, old minutes go."""
    touched = set()
    with store.pipeline(transaction=True) as pipe:
        for id, minute_ms, reading in rows:
            touched.add(id)
            pipe.zremrangebyscore(keys.kpi(id), minute_ms, minute_ms)
            pipe.zadd(keys.kpi(id), {b"%d|%s" % (minute_ms, dump(reading)): minute_ms})
        for id in touched:
            pipe.zremrangebyscore(keys.kpi(id), "-inf", now_ms - KEEP_MS)
        pipe.execute()


def minutes(
    store: Store, keys: Keys, ids: Sequence[str], from_ms: int, to_ms: int
) -> dict[str, list[tuple[int, Reading]]]:
    """Readings by minute of several KPIs, oldest first."""
    with store.pipeline(transaction=False) as pipe:
        for id in ids:
            pipe.zrangebyscore(keys.kpi(id), from_ms, to_ms)
        answers = pipe.execute()
    found = {}
    for id, rows in zip(ids, answers, strict=True):
        split = [row.split(b"|", 1) for row in rows]
        found[id] = [(int(minute), load(raw)) for minute, raw in split]
    return found


def series(
    store: Store, keys: Keys, ids: Sequence[str], from_ms: int, to_ms: int
) -> dict[str, list[tuple[int, float | None]]]:
    """Only the values, for sparklines."""
    return {
        id: [(minute, r.value) for minute, r in rows]
        for id, rows in minutes(store, keys, ids, from_ms, to_ms).items()
    }
