"""What needs somebody: open incidents, silent units on a call, silent feeds; one order for all views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from data.contracts import Feed, Thing
from data.live.picture import Picture

EMERGENCY = "112"  # the channel whose calls a crew answers
ARRIVED = ("on_scene", "transporting", "at_hospital")


@dataclass(frozen=True)
class Attention:
    """One row of "Needs attention".

    severity: 1 (life at risk) to 4; None for what we do not know (violet). since_ms: when it
    began; ended_ms: when its response clock stopped (first crew there), None: it runs;
    target_s: the response target. units: (unit id, stage or status) on it.
    """

    kind: Literal["incident", "unit", "feed"]
    id: str
    severity: int | None
    since_ms: int
    title: str
    place: str = ""
    district: str | None = None
    units: Sequence[tuple[str, str]] = ()
    unassigned: bool = False
    past_target: bool = False
    ended_ms: int | None = None
    target_s: float | None = None
    members: int = 0
    lat: float | None = None
    lon: float | None = None


def needs_attention(
    picture: Picture, feeds: Mapping[str, Feed], response_target_s: float | None
) -> list[Attention]:
    """All that needs somebody, the most urgent first.

    Incidents past their target and without anybody there come first, then by severity, nobody
    assigned before somebody, oldest first. What is unknown stands among severity 2: a silent
    unit on a call and a dead feed each ask for an action too.
    """
    rows = [
        *_incidents(picture, response_target_s),
        *_silent_units(picture),
        *_silent_feeds(picture, feeds),
    ]
    return sorted(
        rows,
        key=lambda r: (
            not r.past_target,
            2 if r.severity is None else r.severity,
            r.severity is None,
            not r.unassigned,
            r.since_ms,
            r.id,
        ),
    )


def _real(picture: Picture, feed: str) -> list[Thing]:
    """A feed's active things; beside live data simulated ones ask nobody for anything, as in figures."""
    things = (t for t in picture.things.get(feed, {}).values() if t.active)
    return [t for t in things if picture.mode != "mixed" or t.source == "live"]


def _incidents(picture: Picture, target_s: float | None) -> list[Attention]:
    rows = []
    for thing in _real(picture, "incidents"):
        f = thing.fields
        since = f.get("received_ms") or thing.event_ms or picture.now_ms
        arrived = f.get("on_scene_ms")
        severity = int(f.get("severity") or 4)
        units = tuple(sorted((f.get("units") or {}).items()))
        # Only what needs a crew has a response clock; a complaint about a tree is booked, not raced.
        raced = severity <= 2 or (severity == 3 and (bool(units) or f.get("channel") == EMERGENCY))
        clock = target_s if raced else None
        past = clock is not None and arrived is None and picture.now_ms - since > clock * 1000
        rows.append(
            Attention(
                "incident", thing.id, severity, since,
                title=str(f.get("category") or ""), place=str(f.get("address") or ""),
                district=thing.district, units=units, unassigned=not units, past_target=past,
                ended_ms=arrived, target_s=clock, lat=thing.lat, lon=thing.lon,
            )
        )  # fmt: skip
    return rows


def _silent_units(picture: Picture) -> list[Attention]:
    rows = []
    for thing in _real(picture, "ambulances"):
        busy = thing.state in ("dispatched", "en_route", "on_scene", "transporting")
        if busy and thing.event_ms is not None and thing.stale(picture.now_ms):
            rows.append(
                Attention(
                    "unit", thing.id, None, thing.event_ms, title=thing.label,
                    place=str(thing.fields.get("incident_id") or ""), district=thing.district,
                    units=((thing.id, thing.state),), lat=thing.lat, lon=thing.lon,
                )
            )  # fmt: skip
    return rows


def _silent_feeds(picture: Picture, feeds: Mapping[str, Feed]) -> list[Attention]:
    rows = []
    for name, feed in feeds.items():
        health = picture.feeds.get(name)
        if health is None or health.last_heard_ms is None:
            continue
        if picture.now_ms - health.last_heard_ms > feed.silent_after.total_seconds() * 1000:
            known: Mapping[str, Thing] = picture.things.get(name, {})
            rows.append(
                Attention("feed", name, None, health.last_heard_ms, title=feed.title,
                          members=sum(t.active for t in known.values()))
            )  # fmt: skip
    return rows
