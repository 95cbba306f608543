"""A message's `time`: RFC 3339 text or epoch seconds, and what the limits say of it."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from data.contracts import BadMessage


def event_time_ms(value: Any) -> int:
    """Milliseconds since 1970 of a message's `time`.

    Raises BadMessage (`bad_time`) for anything but RFC 3339 with an offset or epoch seconds.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadMessage("bad_time", "time is neither RFC 3339 text nor epoch seconds")
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise BadMessage(
                "bad_time", f'time "{value[:40]}" is not RFC 3339; write for example 2026-11-24T13:47:12Z'
            ) from None
        if moment.tzinfo is None:
            raise BadMessage("bad_time", f'time "{value[:40]}" has no offset; end it with Z or +07:00')
        return round(moment.timestamp() * 1000)
    if not math.isfinite(value) or abs(value) > 1e11:
        raise BadMessage("bad_time", "time is no epoch in seconds (milliseconds, perhaps?)")
    return round(value * 1000)


def check_time(event_ms: int, received_ms: int, *, future_s: float, past_s: float) -> None:
    """Raise BadMessage (`time_future`, `time_past`) for what the city's limits refuse."""
    ahead_s = (event_ms - received_ms) / 1000
    if ahead_s > future_s:
        raise BadMessage("time_future", f"time is {ahead_s:.0f} s in the future, at most {future_s:.0f} s")
    if -ahead_s > past_s:
        raise BadMessage(
            "time_past", f"time is {-ahead_s / 86400:.0f} days back, at most {past_s / 86400:.0f} days"
        )
