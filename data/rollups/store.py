"""Rolls in the store: hours of two years, days of ten. A whole day of a KPI is one compressed field."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson

from data.rollups import calendar
from data.rollups.roll import Roll, dump, load, merged
from data.store.connect import Store
from data.store.keys import Keys

HOURS_KEPT_DAYS = 731
DAYS_KEPT = 3_653
CHUNK_DAYS = 31
CITY = ""  # in place of a district: the whole city

Hours = Mapping[tuple[int, str], Roll]  # (start of the hour, district) to roll
Step = Literal["hour", "day"]


def save(store: Store, keys: Keys, kpi: str, hours: Hours, zone: ZoneInfo, now_ms: int) -> None:
    """Replace these hours and what their days add up to. To repeat it changes nothing."""
    days: dict[date, dict[tuple[int, str], Roll]] = {}
    for (start, district), roll in hours.items():
        days.setdefault(calendar.day_of(start, zone), {})[start, district] = roll
    if not days:
        return
    names = [d.isoformat() for d in days]
    kept = store.hmget(keys.hours(kpi), names)
    with store.pipeline(transaction=True) as pipe:
        for day, name, raw in zip(days, names, kept, strict=True):
            whole = {**(_load(raw) if raw else {}), **days[day]}
            whole = {at: roll for at, roll in whole.items() if roll.of}
            pipe.hset(keys.hours(kpi), name, _dump(whole))
            districts = sorted({d for _, d in whole})
            start = calendar.day_start(day, zone)
            told = {(start, d): merged(whole[at] for at in sorted(whole) if at[1] == d) for d in districts}
            pipe.hset(keys.days(kpi), name, _dump(told))
        pipe.execute()
    today = calendar.day_of(now_ms, zone)
    for key, days_kept in ((keys.hours(kpi), HOURS_KEPT_DAYS), (keys.days(kpi), DAYS_KEPT)):
        if store.hlen(key) > days_kept:
            limit = (today - timedelta(days=days_kept)).isoformat().encode()
            if old := [name for name in store.hkeys(key) if name < limit]:
                store.hdel(key, *old)


def read(
    store: Store, keys: Keys, kpi: str, step: Step, zone: ZoneInfo, from_ms: int, to_ms: int,
    districts: Sequence[str] | None,
) -> Iterator[tuple[int, str, Roll]]:  # fmt: skip
    """(start, district, roll) of the hours or days that begin in [from, to), in order.

    districts: which ones, None: the whole city only. A month is read at once.
    """
    wanted = {CITY} if districts is None else set(districts)
    key = keys.hours(kpi) if step == "hour" else keys.days(kpi)
    day, last = calendar.day_of(from_ms, zone), calendar.day_of(to_ms - 1, zone)
    while day <= last:
        names = [(day + timedelta(days=n)).isoformat() for n in range(min(CHUNK_DAYS, (last - day).days + 1))]
        for raw in store.hmget(key, names):
            rows = _load(raw) if raw else {}
            for start, district in sorted(rows):
                if from_ms <= start < to_ms and district in wanted:
                    yield start, district, rows[start, district]
        day += timedelta(days=len(names))


def _dump(rows: Hours) -> bytes:
    plain = [[start, district, *dump(roll)] for (start, district), roll in sorted(rows.items())]
    return zlib.compress(orjson.dumps(plain), 6)


def _load(raw: bytes) -> dict[tuple[int, str], Roll]:
    rows: list[list[Any]] = orjson.loads(zlib.decompress(raw))
    return {(start, district): load(rest) for start, district, *rest in rows}
