"""Where a unit was: its fixes of a span of time, and where it stood still."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data.geo import distance_m
from data.store.read import Event

STOP_REACH_M = 40.0  # GPS noise of a parked unit stays below this
STOP_AFTER_MS = 120_000  # a red light is no stop


@dataclass(frozen=True)
class Fix:
    """One position. speed_kmh: as the device said it, None if it did not."""

    at_ms: int
    lat: float
    lon: float
    speed_kmh: float | None = None


@dataclass(frozen=True)
class Stop:
    """A unit stayed within 40 m of (lat, lon) from from_ms to to_ms, at least two minutes."""

    from_ms: int
    to_ms: int
    lat: float
    lon: float


def fixes(events: Iterable[Event]) -> list[Fix]:
    """The positions among an object's events, oldest first; events without a place are left out."""
    found = []
    for event in events:
        lat, lon = event.value.get("lat"), event.value.get("lon")
        if event.slot == "position" and lat is not None and lon is not None:
            found.append(Fix(event.event_ms, float(lat), float(lon), event.value.get("speed_kmh")))
    return sorted(found, key=lambda fix: fix.at_ms)


def stops(track: Sequence[Fix]) -> list[Stop]:
    """Where the track stood still, oldest first. Silence between two fixes at one place counts as standing."""
    found: list[Stop] = []
    start = 0
    for end in range(1, len(track) + 1):
        first = track[start]
        if end < len(track) and _apart(first, track[end]) <= STOP_REACH_M:
            continue
        last = track[end - 1]
        if last.at_ms - first.at_ms >= STOP_AFTER_MS:
            found.append(Stop(first.at_ms, last.at_ms, first.lat, first.lon))
        start = end
    return found


def length_km(track: Sequence[Fix]) -> float:
    """Length of the way along the fixes, in km; steps within GPS noise (10 m) are left out."""
    metres, at = 0.0, track[0] if track else None
    for fix in track[1:]:
        assert at is not None
        step = _apart(at, fix)
        if step > 10:
            metres += step
            at = fix
    return metres / 1000


def _apart(one: Fix, other: Fix) -> float:
    return distance_m(one.lat, one.lon, other.lat, other.lon)
