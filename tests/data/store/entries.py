"""Entries as the door makes them, and a writer for one city."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data.clock import now_ms
from data.store.connect import connect
from data.store.ingest import Entry, Ingest, event_entry, heartbeat_entry, ignored_entry, refused_entry
from data.store.keys import Keys

T0 = 1_790_000_000_000  # a whole second


def status(
    id: str, word: str, t: int, *, source: str = "live", mode: str = "", flags: Sequence[str] = (), received: int = 0,
    **more: Any,
) -> Entry:  # fmt: skip
    """A hotspot's status at T0 + t milliseconds."""
    return event_entry(
        "hotspots", id, "status", "status", event_ms=T0 + t, received_ms=received or T0 + t + 500, source=source,
        flags=flags, track=word, value={"status": word, **more}, mode=mode,
    )  # fmt: skip


def assumed(id: str, word: str, t: int, *, again: bool = False) -> Entry:
    """A live status without a time, received at T0 + t."""
    return status(id, word, t, mode="again" if again else "assumed", flags=["time_assumed"], received=T0 + t)


def stored_copy(id: str, word: str, t: int) -> Entry:
    """A broker's stored copy without a time."""
    return status(id, word, t, mode="stored", flags=["age_unknown"], received=T0 + t)


def position(
    id: str, t: int, lat: float = -7.0, lon: float = 110.4, *, mode: str = "", source: str = "live"
) -> Entry:
    """An ambulance's position at T0 + t milliseconds."""
    return event_entry(
        "ambulances", id, "position", "position", event_ms=T0 + t, received_ms=T0 + t + 500, source=source,
        value={"lat": lat, "lon": lon}, lon_lat=(lon, lat), mode=mode,
    )  # fmt: skip


def heartbeat(sender: str, t: int, feed: str = "hotspots") -> Entry:
    """A heartbeat at T0 + t milliseconds."""
    return heartbeat_entry(feed, sender, event_ms=T0 + t, received_ms=T0 + t + 500, queue=None)


def refused(code: str = "invalid", *, sender: str = "", topic: str = "x", feed: str = "hotspots") -> Entry:
    """A refused message."""
    return refused_entry(
        feed, code=code, reason=f"{code}: why", topic=topic, excerpt="{}", received_ms=T0, sender=sender
    )


def ignored(type: str = "card", format: str = "owntracks") -> Entry:
    """A valid message that says nothing to the room."""
    return ignored_entry("hotspots", format, type)


class Writer:
    """Writes batches for one city."""

    def __init__(self, url: str, city: str, *, stream_events: int = 100_000) -> None:
        self.store = connect(url)
        self.keys = Keys(city)
        self._ingest = Ingest(self.store, self.keys, stream_events=stream_events)

    def write(self, *entries: Entry) -> str:
        """One batch; a letter an entry."""
        return self._ingest.write(list(entries), now_ms())

    def each(self, *entries: Entry) -> str:
        """Every entry as a batch of its own."""
        return "".join(self.write(e) for e in entries)
