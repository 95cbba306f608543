"""The atomic write: a batch of checked messages into the store, flushed before it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import redis

from data.store.connect import Store
from data.store.durability import Durability, probe, refusal
from data.store.keys import Keys

SCRIPT = (Path(__file__).parent / "ingest.lua").read_text()
DEAD_LETTERS_KEPT = 10_000
UNKNOWN_SENDERS_KEPT = 1_000
FLUSH_TIMEOUT_MS = 3_000

Entry = list[str]


class NotStored(Exception):
    """The batch is not safely stored; keep it and try again. `durability` says why."""

    def __init__(self, durability: Durability) -> None:
        super().__init__(durability.text)
        self.durability = durability


def event_entry(
    feed: str,
    id: str,
    kind: str,
    slot: str,
    *,
    event_ms: int,
    received_ms: int,
    source: str,
    flags: Sequence[str] = (),
    track: str = "",
    value: Mapping[str, Any],
    lon_lat: tuple[float, float] | None = None,
    mode: str = "",
    format: str = "",
) -> Entry:
    """One accepted message for the script; `value` is written in one canonical form, so repeats are equal."""
    lon, lat = (f"{lon_lat[0]:.6f}", f"{lon_lat[1]:.6f}") if lon_lat and abs(lon_lat[1]) < 85 else ("", "")
    return [
        "e", feed, feed, id, kind, slot, str(event_ms), str(received_ms), source, ",".join(flags), track,
        orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode(), lon, lat, mode, format,
    ]  # fmt: skip


def heartbeat_entry(feed: str, sender: str, *, event_ms: int, received_ms: int, queue: int | None) -> Entry:
    """One heartbeat of a sending system."""
    return ["h", feed, sender, str(event_ms), str(received_ms), "" if queue is None else str(queue)]


def refused_entry(
    feed: str, *, code: str, reason: str, topic: str, excerpt: str, received_ms: int,
    format: str = "", sender: str = "",
) -> Entry:  # fmt: skip
    """One refused message; `sender` names who sent it where the registry does not know it."""
    return ["r", feed, format, code, reason, topic, excerpt, str(received_ms), sender]


def ignored_entry(feed: str, format: str, type: str) -> Entry:
    """One message that is valid and of no use to the room (an OwnTracks card, a stored copy)."""
    return ["i", feed, format, type]


class Ingest:
    """Writes batches. One instance a thread; the server's promise is asked again every second."""

    def __init__(self, store: Store, keys: Keys, *, stream_events: int) -> None:
        self._store = store
        self._keys = keys
        self._stream_events = stream_events
        self._script = store.register_script(SCRIPT)
        self._promise = Durability(False, False, "away", "")
        self._asked_ms = -1

    def promise(self, now_ms: int) -> Durability:
        """What the server promises, at most a second old."""
        if not self._promise.ok or not 0 <= now_ms - self._asked_ms < 1000:
            self._promise = probe(self._store)
            self._asked_ms = now_ms
        return self._promise

    def write(self, entries: Sequence[Entry], now_ms: int) -> str:
        """Store a batch and wait until it is on disk; one letter an entry (see ingest.lua).

        Raises NotStored when the server cannot promise that; the batch may then be in memory
        there, and writing it again counts nothing twice.
        """
        promise = self.promise(now_ms)
        if not promise.ok:
            raise NotStored(promise)
        try:
            return self._write(entries, promise.waitaof)
        except redis.RedisError as error:
            self._promise = refusal(error)
            raise NotStored(self._promise) from error

    def _write(self, entries: Sequence[Entry], waitaof: bool) -> str:
        args = [orjson.dumps(entries), self._stream_events, DEAD_LETTERS_KEPT, UNKNOWN_SENDERS_KEPT]
        with self._store.pipeline(transaction=False) as pipe:
            for attempt in (1, 2):
                pipe.execute_command("EVALSHA", self._script.sha, 1, self._keys.tag, *args)
                if waitaof:
                    pipe.execute_command("WAITAOF", 1, 0, FLUSH_TIMEOUT_MS)
                try:
                    answers = pipe.execute()
                    break
                except redis.exceptions.NoScriptError:
                    if attempt == 2:
                        raise
                    self._store.script_load(SCRIPT)
        if waitaof and int(answers[1][0]) < 1:
            raise redis.ResponseError("WAITAOF: not flushed in time")
        letters = answers[0]
        return letters.decode() if isinstance(letters, bytes) else str(letters)
