"""Made-up objects through the feeds' own views, on a made-up clock that stands at 14:00."""

from __future__ import annotations

from typing import Any

from data.contracts import Slot, Source, Thing
from data.live.things import thing
from tests.room import FEEDS, make_city

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 1_790_000_000_000
CITY = make_city()


def slot(ago_ms: float, *, source: Source = "live", flags: tuple[str, ...] = (), since_ago_ms: float | None = None,
         **value: Any) -> Slot:  # fmt: skip
    """A message that was true so long ago."""
    at = NOW - round(ago_ms)
    since = at if since_ago_ms is None else NOW - round(since_ago_ms)
    return Slot(at, at + 500, since, source, frozenset(flags), value)


def unit(
    id: str, status: str | None, ago_ms: float | None = 0, *, source: Source = "live", **says: Any
) -> Thing:
    """An ambulance. ago_ms: age of its position, None: it never sent one; status None: it never said."""
    slots = {}
    if status:
        slots["status"] = slot(ago_ms or 0, source=source, status=status, **says)
    if ago_ms is not None:
        slots["position"] = slot(ago_ms, source=source, lat=-7.0, lon=110.4)
    return thing(FEEDS["ambulances"], id, slots, CITY.registry["ambulances"].get(id))


def hotspot(
    id: str, status: str | None, ago_ms: float = 0, *, users: int | None = None, source: Source = "live"
) -> Thing:
    """A hotspot; status None: it was never heard."""
    slots = {}
    if status:
        slots["status"] = slot(ago_ms, source=source, status=status)
    if users is not None:
        slots["telemetry"] = slot(ago_ms, source=source, clients=users, rx_kbps=0, tx_kbps=0)
    return thing(FEEDS["hotspots"], id, slots, CITY.registry["hotspots"].get(id))


def incident(
    id: str, ago_min: float, *, severity: int = 2, channel: str = "112", source: Source = "live", units: bool = True,
    **stages_min: float,
) -> Thing:  # fmt: skip
    """An incident received so many minutes ago; `on_scene=8`: that stage so many minutes after receipt.

    units: the stages name their unit.
    """
    slots = {
        "report": slot(ago_min * MINUTE, source=source, category="fall", severity=severity, lat=-7.0, lon=110.4,
                       channel=channel)
    }  # fmt: skip
    for stage, after in stages_min.items():
        said = slot((ago_min - after) * MINUTE, source=source, stage=stage)
        slots[f"{stage}:AMB-01" if units and stage not in ("closed", "answered") else stage] = said
    return thing(FEEDS["incidents"], id, slots, None)
