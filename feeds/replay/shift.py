"""When recorded messages are sent again, and how far the times inside them move with that."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from feeds.replay.records import Record

OWNTRACKS = ("tst", "created_at")
NATIVE = ("time",)


def shift_ms(records: Sequence[Record], start_ms: int, speed: float) -> int:
    """By how much times move, in whole seconds, when sending begins at start_ms.

    The first record is now. Faster than real time (0: at once) that would put what follows into
    the future, where nothing is believed: then the last record is now when it is sent.
    """
    known = [r.at_ms for r in records if r.at_ms is not None]
    if not known:
        return 0
    lasts = max(known) - known[0]
    sent_within = 0 if speed == 0 else lasts / speed
    shift = start_ms - known[0] - max(0, lasts - sent_within)
    return math.floor(shift / 1000) * 1000


def timetable(records: Sequence[Record], start_ms: int, speed: float) -> Callable[[Record], int]:
    """When each record is to be sent, beginning at start_ms; 0 (at once) where no time or no pace is known."""
    first_ms = next((r.at_ms for r in records if r.at_ms is not None), 0)

    def due_ms(record: Record) -> int:
        if not speed or record.at_ms is None:
            return 0
        return start_ms + round((record.at_ms - first_ms) / speed)

    return due_ms


def shifted(payload: bytes, by_ms: int) -> bytes:
    """The payload with its times moved by whole seconds; what is no JSON object with a time stays as it is."""
    if by_ms == 0:
        return payload
    try:
        raw = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return payload
    if not isinstance(raw, dict):
        return payload
    changed = {
        k: moved for k in (OWNTRACKS if "_type" in raw else NATIVE)
        if (moved := _moved(raw.get(k), by_ms)) is not None
    }  # fmt: skip
    return orjson.dumps({**raw, **changed}) if changed else payload


def _moved(value: Any, by_ms: int) -> Any:
    """The time in the form in which it came; None where it is no time."""
    seconds = by_ms // 1000
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value + seconds
    if not isinstance(value, str):
        return None
    if re.fullmatch(r"\d{1,15}", value):
        return str(int(value) + seconds)
    try:
        moment = datetime.fromisoformat(value) + timedelta(milliseconds=by_ms)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat().replace("+00:00", "Z")
