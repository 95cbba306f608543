"""An object as the map layer in the browser wants it: a short row, the same for every language."""

from __future__ import annotations

from typing import Any

from data.contracts import Thing


def map_row(thing: Thing, response_target_s: float | None) -> list[Any] | None:
    """[id, lat, lon, heading, symbol, state, event_ms, max_age_s, label, extra]; None: not on the map."""
    if not thing.active or thing.lat is None or thing.lon is None:
        return None
    heading = round(thing.heading_deg) if thing.heading_deg is not None else None
    event_ms = None if "age_unknown" in thing.flags else thing.event_ms
    return [
        thing.id, round(thing.lat, 6), round(thing.lon, 6), heading, thing.symbol, thing.state,
        event_ms, thing.max_age_s, thing.label, _extra(thing, response_target_s),
    ]  # fmt: skip


def _extra(thing: Thing, target_s: float | None) -> dict[str, Any] | None:
    if thing.feed != "incidents" or thing.state not in ("1", "2"):
        return None
    return {
        "callout": str(thing.fields.get("address") or thing.label),
        "since_ms": thing.since_ms,
        "ended_ms": thing.fields.get("on_scene_ms"),
        "target_s": target_s,
    }
