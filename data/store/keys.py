"""Every Redis key of a city, in one place. `docs/data-model.md` describes them; a test compares.

All keys carry the hash tag `{city}`, so that one city lives in one cluster slot and one
atomic write can touch all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Keys:
    """Key names of one city."""

    city: str

    @property
    def tag(self) -> str:
        """Prefix of every key: the hash tag."""
        return f"{{{self.city}}}"

    @property
    def schema(self) -> str:
        """String: version of the layout of these keys."""
        return f"{self.tag}:schema"

    @property
    def changes(self) -> str:
        """Stream: every accepted event in order of arrival (the spine)."""
        return f"{self.tag}:changes"

    @property
    def dead(self) -> str:
        """Stream: refused messages with their reason."""
        return f"{self.tag}:dead"

    @property
    def sources(self) -> str:
        """Hash: how many events came from each source (live, simulated …)."""
        return f"{self.tag}:sources"

    @property
    def unknown(self) -> str:
        """Hash: senders that no registry knows, JSON each."""
        return f"{self.tag}:unknown"

    @property
    def kpi_latest(self) -> str:
        """Hash: the newest reading of each KPI, JSON."""
        return f"{self.tag}:kpi-latest"

    @property
    def workers(self) -> str:
        """Hash: each feed worker's last sign of life, JSON."""
        return f"{self.tag}:workers"

    @property
    def archive(self) -> str:
        """Hash: up to where the change stream has been written to files."""
        return f"{self.tag}:archive"

    def obj(self, feed: str, id: str) -> str:
        """Hash: an object's newest message per slot."""
        return f"{self.tag}:obj:{feed}:{id}"

    def ids(self, feed: str) -> str:
        """Set: ids of a feed's stored objects."""
        return f"{self.tag}:ids:{feed}"

    def geo(self, feed: str) -> str:
        """Geo index: last known place of a feed's objects."""
        return f"{self.tag}:geo:{feed}"

    def history(self, feed: str, id: str) -> str:
        """Sorted set by event time: an object's last 24 h."""
        return f"{self.tag}:hist:{feed}:{id}"

    def counters(self, feed: str) -> str:
        """Hash: a feed's counters and last signs of life."""
        return f"{self.tag}:count:{feed}"

    def format_counters(self, name: str) -> str:
        """Hash: a format's counters, ignored ones by type."""
        return f"{self.tag}:format:{name}"

    def reasons(self) -> str:
        """Hash: refused messages by reason code."""
        return f"{self.tag}:reasons"

    def senders(self, feed: str) -> str:
        """Hash: last heartbeat of each system that sends a feed."""
        return f"{self.tag}:senders:{feed}"

    def registry(self, feed: str) -> str:
        """Hash: objects registered beside the profile's, JSON."""
        return f"{self.tag}:registry:{feed}"

    def kpi(self, id: str) -> str:
        """Sorted set by minute: a KPI's readings of the last 48 h."""
        return f"{self.tag}:kpi:{id}"

    def samples(self, hour_ms: int) -> str:
        """Hash: readings of one hour, every five minutes, per KPI and district."""
        return f"{self.tag}:samples:{hour_ms}"

    def hours(self, id: str) -> str:
        """Hash by day: a KPI's hours per district, compressed."""
        return f"{self.tag}:hours:{id}"

    def days(self, id: str) -> str:
        """Hash by day: a KPI's days per district, compressed."""
        return f"{self.tag}:days:{id}"

    def lease(self, name: str) -> str:
        """String with expiry: who does the work that must happen once."""
        return f"{self.tag}:lease:{name}"
