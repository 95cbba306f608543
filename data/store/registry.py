"""Who belongs to a feed: the profile's members, and those registered in the store beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import orjson

from data.contracts import Member
from data.store.connect import Store
from data.store.keys import Keys


def register(store: Store, keys: Keys, feed: str, members: Sequence[Member]) -> None:
    """Add members to a feed beside the profile's; the same id again replaces it."""
    if members:
        rows = {m.id: orjson.dumps({**asdict(m), "extra": dict(m.extra)}) for m in members}
        store.hset(keys.registry(feed), mapping=rows)


class Registry:
    """The members of all feeds. `refresh` reads what was registered meanwhile."""

    def __init__(self, profile: Mapping[str, Mapping[str, Member]]) -> None:
        self._profile = profile
        self._members: dict[str, dict[str, Member]] = {f: dict(m) for f, m in profile.items()}
        self._rows: dict[str, dict[bytes, bytes]] = {}

    def known(self, feed: str, id: str) -> bool:
        """True if this id is registered."""
        return id in self._members.get(feed, ())

    def member(self, feed: str, id: str) -> Member | None:
        """The registry's entry, or None."""
        return self._members.get(feed, {}).get(id)

    def members(self, feed: str) -> Mapping[str, Member]:
        """All members of a feed."""
        return self._members.get(feed, {})

    def refresh(self, store: Store, keys: Keys, feeds: Sequence[str]) -> bool:
        """Read the registrations in the store; True if anything changed."""
        changed = False
        with store.pipeline(transaction=False) as pipe:
            for feed in feeds:
                pipe.hgetall(keys.registry(feed))
            answers = pipe.execute()
        for feed, rows in zip(feeds, answers, strict=True):
            if rows == self._rows.get(feed, {}):
                continue  # thousands of simulated units: reading them every second would cost a tenth of a core
            self._rows[feed] = rows
            now = dict(self._profile.get(feed, {}))
            for raw in rows.values():
                member = Member(**orjson.loads(raw))
                now[member.id] = member
            if now != self._members.get(feed, {}):
                self._members[feed] = now
                changed = True
        return changed
