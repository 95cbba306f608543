"""What the model hands to whoever sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message of the simulated city.

    at_ms: when it is sent; messages come in this order. event_ms: when it says that it
    happened: earlier than at_ms for a late message or a slow clock. payload: without its `time`.
    """

    at_ms: int
    topic: str
    payload: dict[str, Any]
    retain: bool
    event_ms: int


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of the frequent messages is wanted; what changes something is always given.

    positions_every: 1: the trackers' fixes as they are due; n: only every n-th place of their
    5-second grid, moving or not; 0: none. telemetry_every: each hotspot's n-th measurement
    only (one is due every 5 minutes), 0: none.
    """

    positions_every: int = 1
    telemetry_every: int = 1
    heartbeats: bool = True


FULL = Detail()
CHANGES_ONLY = Detail(positions_every=0, telemetry_every=0, heartbeats=False)
