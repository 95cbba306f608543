"""Periods as people ask for them: days of the city or moments with an offset."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EXAMPLE = "write a day (2026-11-24) or a moment with its offset (2026-11-24T13:00:00+07:00)"
EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)


class BadPeriod(ValueError):
    """The period cannot be; the text says why and what to write."""


def moment_ms(text: str, zone: ZoneInfo, name: str, *, end: bool = False) -> int:
    """A moment in milliseconds since 1970 UTC. A day stands for its start, as an `end` for the next one's."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            found = datetime(day.year, day.month, day.day, tzinfo=zone)
        else:
            found = datetime.fromisoformat(text.replace(" ", "+"))  # a + in an address arrives as a space
            if found.tzinfo is None:
                raise ValueError
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadPeriod(f'"{name}" is no moment: {EXAMPLE}') from None
    if found < EARLIEST:
        raise BadPeriod(f'"{name}" lies before 1971: {EXAMPLE}')
    return round(found.timestamp() * 1000)


def period(from_: str, to: str, zone: ZoneInfo, now_ms: int) -> tuple[int, int]:
    """[from, to) in milliseconds, `to` no later than now. Raises BadPeriod."""
    start = moment_ms(from_, zone, "from")
    finish = min(moment_ms(to, zone, "to", end=True), now_ms + 1)
    if start > now_ms:
        raise BadPeriod('"from" lies in the future')
    if start >= finish:
        raise BadPeriod('"from" must lie before "to"')
    return start, finish
