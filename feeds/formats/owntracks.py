"""OwnTracks JSON over MQTT: the position of a phone or tracker becomes a unit's.

Written after the OwnTracks booklet, and wider where real senders are: numbers may come as
text, and -1 stands for unknown. What is only good to have is dropped when it makes no sense;
the position and its time must be right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from data.contracts import BadMessage, Decoded, Format
from feeds.worker.payload import json_object

# Our field, theirs, and the range in which theirs means something.
OPTIONAL = (
    ("speed_kmh", "vel", 0.0, 400.0),
    ("heading_deg", "cog", 0.0, 360.0),
    ("accuracy_m", "acc", 0.0, 20_000_000.0),
    ("battery_pct", "batt", 0.0, 100.0),
)
# Valid and of no use here. `lwt` is a last will: its tst is when the app connected, not when it left.
SILENT = frozenset(
    ("beacon", "card", "cmd", "configuration", "dump", "encrypted", "lwt", "request", "status", "steps",
     "waypoint", "waypoints")
)  # fmt: skip
BELOW_A_DEVICE = frozenset(
    ("beacon", "cmd", "dump", "event", "info", "request", "status", "step", "steps", "waypoint", "waypoints")
)
NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")


def decode(topic: str, payload: bytes) -> Decoded:
    """One OwnTracks message in our words. An empty payload clears a retained message: ignored as `empty`.

    Raises BadMessage for what is no OwnTracks message, and for a position that cannot be.
    """
    sender = sender_of(topic)
    if not payload:
        return Decoded(sender, ignored="empty")
    raw = json_object(payload)
    type_ = raw.get("_type")
    if type_ in ("location", "transition"):
        if type_ == "transition" and raw.get("lat") is None and raw.get("lon") is None:
            return Decoded(sender, ignored="transition")  # a region was entered or left, nobody says where
        return Decoded(sender, "position", _position(raw), _seconds(raw.get("tst")))
    if not isinstance(type_, str):
        raise BadMessage("invalid", "_type is missing: no OwnTracks message")
    if type_ not in SILENT:
        raise BadMessage("unknown_message", f'OwnTracks has no message of _type "{type_[:40]}"')
    return Decoded(sender, ignored=type_)


def sender_of(topic: str) -> str:
    """The device's own topic, `owntracks/{user}/{device}`: /event, /cmd, /waypoint … below it are left out.

    Where the app publishes under another topic, that one, without a sub-topic that OwnTracks knows.
    """
    levels = topic.split("/")
    if levels[0] == "owntracks":
        if len(levels) < 3:
            raise BadMessage("bad_topic", "topic must be owntracks/{user}/{device}")
        return "/".join(levels[:3])
    if len(levels) > 1 and levels[-1] in BELOW_A_DEVICE:
        return "/".join(levels[:-1])
    return topic


def _position(raw: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"lat": _degrees(raw, "lat", 90), "lon": _degrees(raw, "lon", 180)}
    for ours, theirs, least, most in OPTIONAL:
        said = number(raw.get(theirs))
        if said is not None and least <= said <= most:
            values[ours] = said
    return values


def _degrees(raw: Mapping[str, Any], name: str, most: float) -> float:
    said = raw.get(name)
    if said is None:
        raise BadMessage("invalid", f"{name} is missing")
    found = number(said)
    if found is None or not -most <= found <= most:
        raise BadMessage("invalid", f"{name} is no number of degrees from -{most} to {most}")
    return found


def _seconds(tst: Any) -> Any:
    """Epoch seconds as a number; None when there are none, which the door refuses."""
    if tst is None:
        return None
    found = number(tst)
    if found is None:
        raise BadMessage("bad_time", "tst is no number of epoch seconds")
    return found


def number(said: Any) -> float | None:
    """A finite number, also one written as text; None for anything else."""
    if isinstance(said, str) and NUMBER.fullmatch(said):
        return float(said)
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    try:
        found = float(said)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


FORMAT = Format(name="owntracks", decode=decode)
