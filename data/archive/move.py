"""Older events from the change stream into files, each exactly once, before the stream lets them go.

The stream is cut into segments. A segment's end is agreed in the store first, so that whoever
writes it, however often, writes the same files of the same names; the cursor moves only when
they are safe on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any

import structlog

from data.archive.files import ArchivedEvent, day_of, days, from_stream, split, write
from data.profile.city import RETENTION_DAYS, City
from data.store.connect import Store
from data.store.keys import Keys

log = structlog.get_logger("archive")
SEGMENT_EVENTS = 50_000
SEGMENT_MS = 3_600_000
CHUNK = 5_000
LOOK_MS = 30_000
EXPIRE_MS = 3_600_000
START = b"0-0"

# KEYS[1] the cursor. ARGV: where the cursor must stand, the end to agree on. Answers the agreed end.
_CLAIM = """
local at = redis.call('HGET', KEYS[1], 'at') or '0-0'
if at ~= ARGV[1] then return false end
redis.call('HSETNX', KEYS[1], 'end', ARGV[2])
return redis.call('HGET', KEYS[1], 'end')
"""
# ARGV: where the segment began, its end, how many events and stream entries it held.
# 1: moved; 0: somebody else was first.
_DONE = """
local at = redis.call('HGET', KEYS[1], 'at') or '0-0'
if at ~= ARGV[1] or redis.call('HGET', KEYS[1], 'end') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'at', ARGV[2])
redis.call('HDEL', KEYS[1], 'end')
redis.call('HINCRBY', KEYS[1], 'events', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'entries', ARGV[4])
return 1
"""


def city_folder(var: Path, city: str) -> Path:
    """Where a city's event files lie: a folder for each feed, in it one for each UTC day."""
    return var / "archive" / city


def cursor(store: Store, keys: Keys) -> bytes:
    """Id of the last entry of the change stream that is safe in a file."""
    return bytes(store.hget(keys.archive, "at") or START)


def may_trim_before(store: Store, keys: Keys, limit_ms: int) -> bytes | str:
    """First id of the change stream to keep: nothing that no file holds yet, nothing younger than the limit."""
    done = cursor(store, keys)
    return done if _order(done) < (limit_ms, 0) else str(limit_ms)


def stream(store: Store, keys: Keys, after: bytes, to: bytes | str = "+") -> Iterator[tuple[bytes, Any]]:
    """Entries of the change stream in (after, to], read piece by piece."""
    while rows := store.xrange(keys.changes, min=b"(" + after, max=to, count=CHUNK):
        yield from rows
        after = rows[-1][0]


class Mover:
    """Moves segments; one turn is one segment at most, so that its caller keeps its own pace."""

    def __init__(self, store: Store, keys: Keys, city: City, var: Path) -> None:
        self._store = store
        self._keys = keys
        self._city = city
        self._folder = city_folder(var, city.id)
        self._claim = store.register_script(_CLAIM)
        self._done = store.register_script(_DONE)
        self._looked_ms = self._expired_ms = 0
        self._behind = False
        self._trouble = ""

    def turn(self, now_ms: int) -> int:
        """Look twice a minute (at once while there is a backlog); returns how many events were moved.

        A disk that is full or away is logged once, and tried again. Raises redis.RedisError.
        """
        if not self._behind and 0 <= now_ms - self._looked_ms < LOOK_MS:
            return 0
        self._looked_ms = now_ms
        moved = 0
        try:
            moved = self._move(now_ms)
            if not 0 <= now_ms - self._expired_ms < EXPIRE_MS:
                self._expired_ms = now_ms
                self.expire(now_ms)
            if self._trouble:
                log.info("events are written to files again")
            self._trouble = ""
        except (OSError, ValueError) as error:  # the disk; or a row that no file can take
            self._behind = False
            if str(error) != self._trouble:
                self._trouble = str(error)
                log.error(
                    "events cannot be written to files; the store keeps them meanwhile",
                    why=f"{type(error).__name__}: {error}",
                    cure=f"make room in, or give rights to, {self._folder}",
                )  # fmt: skip
        return moved

    def _move(self, now_ms: int) -> int:
        at = cursor(self._store, self._keys)
        end = self._store.hget(self._keys.archive, "end") or self._next_end(at, now_ms)
        if end is None:
            return 0
        agreed = self._claim(keys=[self._keys.archive], args=[at, end])
        if agreed is None:
            return 0
        return self._write(at, bytes(agreed))

    def _next_end(self, at: bytes, now_ms: int) -> bytes | None:
        """Where the segment after `at` ends: at its size, or at the present once it is an hour long."""
        first = self._store.xrange(self._keys.changes, min=b"(" + at, count=1)
        self._behind = False
        if not first:
            return None
        info = self._store.xinfo_stream(self._keys.changes)
        self._tell_gap(at, info.get("max-deleted-entry-id", START), first[0][0])
        old = now_ms - _order(first[0][0])[0] >= SEGMENT_MS
        waiting = info.get("entries-added", 0) - int(self._store.hget(self._keys.archive, "entries") or 0)
        if not old and waiting < SEGMENT_EVENTS:
            return None
        last, count = at, 0
        while count < SEGMENT_EVENTS:
            rows = self._store.xrange(self._keys.changes, min=b"(" + last, count=CHUNK)
            if not rows:
                break
            last, count = rows[-1][0], count + len(rows)
        self._behind = count >= SEGMENT_EVENTS
        return last if old or self._behind else None

    def _write(self, at: bytes, end: bytes) -> int:
        rows = [row for _, row in stream(self._store, self._keys, at, end)]
        parts = split(e for row in rows if (e := from_stream(row)))
        name = f"{at.decode()}_{end.decode()}.parquet"
        for (feed, day), events in parts.items():
            write(self._folder / feed / day.isoformat() / name, events)
        moved = sum(map(len, parts.values()))
        if self._done(keys=[self._keys.archive], args=[at, end, moved, len(rows)]):
            log.debug("events written to files", events=moved, files=len(parts))
            return moved
        return 0

    def _tell_gap(self, at: bytes, gone: bytes, first: bytes) -> None:
        if at != START and _order(at) < _order(gone) < _order(first):
            log.warning(
                "events left the change stream before they were in a file",
                cure="raise [limits] stream_events; nothing to do after `store --forget`",
            )

    def expire(self, now_ms: int) -> int:
        """Remove the days that are past their feed's retention; returns how many."""
        gone = 0
        for folder in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            kept = self._city.retention.get(folder.name, RETENTION_DAYS)
            limit = day_of(now_ms) - timedelta(days=kept)
            for day in days(folder):
                if day < limit:
                    rmtree(folder / day.isoformat())
                    gone += 1
        return gone


def forget(folder: Path, source: str) -> int:
    """Remove every event of one source from a city's files; returns how many. Safe to break off."""
    import pyarrow.parquet as pq

    gone = 0
    for path in sorted(folder.glob("*/*/*.parquet")):
        feed = path.parts[-3]
        table = pq.read_table(path, partitioning=None).to_pylist()
        kept = [r for r in table if r["source"] != source]
        gone += len(table) - len(kept)
        if not kept:
            path.unlink()
        elif len(kept) < len(table):
            write(path, [_event(feed, r) for r in kept])
    return gone


def _event(feed: str, row: dict[str, Any]) -> ArchivedEvent:
    times = {f"{n}_ms": round(row[f"{n}_time"].timestamp() * 1000) for n in ("event", "received")}
    words = {n: row[n] for n in ("id", "kind", "slot", "source", "flags", "value")}
    return ArchivedEvent(feed=feed, **times, **words)


def _order(id: bytes | str) -> tuple[int, int]:
    text = id.decode() if isinstance(id, bytes) else id
    ms, _, number = text.partition("-")
    return int(ms), int(number or 0)
