"""What a recording holds, whatever its form: messages in the order in which they arrived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data.contracts import BadMessage
from feeds.worker.times import event_time_ms


class ReplayError(Exception):
    """A recording cannot be read or sent; the text says what was wrong, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """One recorded message. at_ms: when it arrived, None where the recording does not say."""

    topic: str
    payload: bytes
    at_ms: int | None = None
    retain: bool = False


def moment_ms(value: Any, where: str) -> int:
    """Milliseconds of a recording's time: RFC 3339, epoch seconds, or a date and time without zone, in UTC."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is None:
            return round(moment.replace(tzinfo=UTC).timestamp() * 1000)
    try:
        return event_time_ms(value)
    except BadMessage as bad:
        raise ReplayError(f"{where}: {bad}") from None
