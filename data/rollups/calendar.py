"""Hours and days of the city."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

HOUR_MS = 3_600_000


def hour_start(ms: int, zone: ZoneInfo) -> int:
    """The start of the city's hour that holds this moment; zones may be off by half an hour."""
    offset = datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).utcoffset() or timedelta()
    return ms - (ms + round(offset.total_seconds() * 1000)) % HOUR_MS


def day_of(ms: int, zone: ZoneInfo) -> date:
    """The city's day that holds this moment."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> int:
    """The first millisecond of a city's day."""
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
