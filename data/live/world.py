"""All objects of a city, kept current from the change spine. Used by the web and by the worker's duties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from data.contracts import Feed, Thing
from data.live.things import thing
from data.store import read
from data.store.connect import Store
from data.store.keys import Keys
from data.store.registry import Registry

READ_MOST = 2000
LATE_MS = 120_000


@dataclass
class Changes:
    """What one look at the spine brought.

    objects: (feed, id) that changed. late_from_ms: earliest event time among events that came
    more than two minutes after they happened, None: none. whole: everything was read anew.
    """

    objects: set[tuple[str, str]] = field(default_factory=set)
    late_from_ms: int | None = None
    whole: bool = False


class World:
    """Every known object. Not thread-safe: one owner, who hands out immutable `Thing`s."""

    def __init__(self, store: Store, keys: Keys, feeds: Mapping[str, Feed], registry: Registry) -> None:
        self._store = store
        self._keys = keys
        self._feeds = feeds
        self._registry = registry
        self._last_id: bytes | None = None
        self.things: dict[str, dict[str, Thing]] = {name: {} for name in feeds}

    def forget(self) -> None:
        """Read everything anew at the next look (the store was away)."""
        self._last_id = None

    def look(self, block_ms: int) -> Changes:
        """Bring the things up to date; waits at most block_ms for a change. Raises redis.RedisError."""
        if self._last_id is None:
            return self._snapshot()
        changes = Changes()
        block: int | None = max(1, block_ms)
        while True:
            answer = self._store.xread({self._keys.changes: self._last_id}, count=READ_MOST, block=block)
            rows = _rows(answer)
            for id, row in rows:
                self._note(row, changes)
                self._last_id = id
            if len(rows) < READ_MOST:
                break
            block = None
        self._read(changes.objects)
        return changes

    def members_changed(self, changes: Changes) -> None:
        """Draw every registered object again: names, places or members changed."""
        for feed in self._feeds.values():
            ids = {*self._registry.members(feed.name), *self.things[feed.name]}
            changes.objects |= {(feed.name, id) for id in ids}
        self._read(changes.objects)

    def _snapshot(self) -> Changes:
        newest = self._store.xrevrange(self._keys.changes, count=1)
        last_id = newest[0][0] if newest else b"0-0"
        wanted = set()
        for feed in self._feeds.values():
            ids = {*read.stored_ids(self._store, self._keys, feed.name), *self._registry.members(feed.name)}
            wanted |= {(feed.name, id) for id in ids}
        self.things = {name: {} for name in self._feeds}
        self._read(wanted)
        self._last_id = last_id
        return Changes(objects=wanted, whole=True)

    def _note(self, row: Mapping[bytes, bytes], changes: Changes) -> None:
        changes.objects.add((row[b"f"].decode(), row[b"i"].decode()))
        if b"t" in row and row.get(b"k") != b"gone":
            event, received = int(row[b"t"]), int(row[b"r"])
            if event and received - event > LATE_MS:
                changes.late_from_ms = min(event, changes.late_from_ms or event)

    def _read(self, wanted: set[tuple[str, str]]) -> None:
        known = [(f, i) for f, i in wanted if f in self._feeds]
        for (name, id), slots in read.objects(self._store, self._keys, known).items():
            member = self._registry.member(name, id)
            if slots or member:
                self.things[name][id] = thing(self._feeds[name], id, slots, member)
            else:
                self.things[name].pop(id, None)


def _rows(answer: object) -> Sequence[tuple[bytes, Mapping[bytes, bytes]]]:
    """The entries of an XREAD of one stream, in RESP2's and RESP3's form."""
    if not answer:
        return []
    if isinstance(answer, dict):
        rows = next(iter(answer.values()))
        return rows[0] if rows and isinstance(rows[0], list) else rows
    return answer[0][1]  # type: ignore[index,no-any-return]
