"""What the worker has made of the messages: its counters per format, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.store import read
from data.store.connect import Store
from data.store.keys import Keys

NATIVE = "native"
COUNTED = ("received", "accepted", "duplicates", "ignored", "rejected")
UNROUTED = "unrouted"

Tally = dict[str, dict[str, int]]


def tally(store: Store, keys: Keys, feeds: Sequence[str], formats: Sequence[str]) -> Tally:
    """Counters per format; `native` is what came in the room's own messages or belongs to no format."""
    by_format = read.format_counts(store, keys, formats)
    found = {f: {name: row.get(name, 0) for name in COUNTED} for f, row in by_format.items()}
    health = read.health(store, keys, [*feeds, UNROUTED]).values()
    found[NATIVE] = {
        name: sum(getattr(h, name) for h in health) - sum(row[name] for row in found.values())
        for name in COUNTED
    }
    return found


def difference(after: Tally, before: Tally) -> Tally:
    """What has been added."""
    return {f: {name: row[name] - before[f][name] for name in COUNTED} for f, row in after.items()}


def lines(tally: Tally, sent: Mapping[str, int]) -> list[str]:
    """One line a format that was sent or counted: its name, then name=count, for people and programs."""
    return [
        " ".join([f, *(f"{name}={row[name]}" for name in COUNTED)])
        for f, row in tally.items()
        if sent.get(f) or row["received"]
    ]
