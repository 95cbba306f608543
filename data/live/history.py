"""The past from the objects' histories: every kept event in order, and the things as they stood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.contracts import Feed, Slot, Source, Thing
from data.live.things import thing
from data.store import read
from data.store.connect import Store
from data.store.keys import Keys
from data.store.registry import Registry

Moment = tuple[int, str, str, str, Slot]  # event_ms, feed, id, slot name, slot


def history_size(store: Store, keys: Keys, feeds: Sequence[str]) -> int:
    """How many events are kept for these feeds."""
    total = 0
    for feed in feeds:
        ids = read.stored_ids(store, keys, feed)
        for start in range(0, len(ids), read.CHUNK):
            with store.pipeline(transaction=False) as pipe:
                for id in ids[start : start + read.CHUNK]:
                    pipe.zcard(keys.history(feed, id))
                total += sum(pipe.execute())
    return total


def moments(store: Store, keys: Keys, feeds: Sequence[str], registry: Registry, to_ms: int) -> list[Moment]:
    """Every kept event of these feeds up to `to_ms`, in order of event time."""
    found: list[Moment] = []
    for feed in feeds:
        ids = sorted({*read.stored_ids(store, keys, feed), *registry.members(feed)})
        for start in range(0, len(ids), read.CHUNK):
            chunk = ids[start : start + read.CHUNK]
            with store.pipeline(transaction=False) as pipe:
                for id in chunk:
                    pipe.zrangebyscore(keys.history(feed, id), "-inf", to_ms)
                for id, rows in zip(chunk, pipe.execute(), strict=True):
                    events = (read.history_event(row) for row in rows)
                    found += [(e.event_ms, feed, id, e.slot, _slot(e)) for e in events if e]
    found.sort(key=lambda m: m[0])
    return found


def _slot(event: read.Event) -> Slot:
    source: Source = event.source  # type: ignore[assignment]
    return Slot(event.event_ms, event.event_ms, event.event_ms, source, frozenset(), event.value)


class Rewind:
    """Things as they stood, moved forward event by event."""

    def __init__(self, history: Sequence[Moment], feeds: Mapping[str, Feed], registry: Registry) -> None:
        self._history = history
        self._feeds = feeds
        self._registry = registry
        self._slots: dict[tuple[str, str], dict[str, Slot]] = {}
        self._at = 0
        self.spoken: set[str] = set()
        self.things: dict[str, dict[str, Thing]] = {
            name: {id: thing(feed, id, {}, member) for id, member in registry.members(name).items()}
            for name, feed in feeds.items()
        }

    def to(self, moment_ms: int) -> Mapping[str, Mapping[str, Thing]]:
        """The things at this moment; moments must not go back. `spoken`: feeds with any event by then."""
        changed: dict[tuple[str, str], None] = {}
        while self._at < len(self._history) and self._history[self._at][0] <= moment_ms:
            _, name, id, slot_name, slot = self._history[self._at]
            slots = self._slots.setdefault((name, id), {})
            before = slots.get(slot_name)
            track = self._track(name, slot_name)
            if before and track and before.value.get(track) == slot.value.get(track):
                slot = Slot(
                    slot.event_ms, slot.received_ms, before.since_ms, slot.source, slot.flags, slot.value
                )
            slots[slot_name] = slot
            changed[name, id] = None
            self.spoken.add(name)
            self._at += 1
        for name, id in changed:
            member = self._registry.member(name, id)
            self.things[name][id] = thing(self._feeds[name], id, self._slots[name, id], member)
        return self.things

    def _track(self, feed: str, slot_name: str) -> str | None:
        kind = self._feeds[feed].kind(slot_name)
        return kind.track if kind else None
