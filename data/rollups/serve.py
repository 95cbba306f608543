"""A KPI's past as rows: minutes, hours or days, for the interface and for charts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from data.clock import rfc3339
from data.contracts import Kpi
from data.profile import City
from data.rollups import store
from data.store import readings
from data.store.connect import Store
from data.store.keys import Keys

Every = Literal["minute", "hour", "day"]
MINUTES_MS = 6 * 3_600_000  # minutes read at once
COLUMNS = (
    "at",
    "kpi",
    "district",
    "value",
    "n",
    "of",
    "low",
    "high",
    "p50",
    "p90",
    "coverage_n",
    "coverage_of",
)


def rows(
    client: Store, keys: Keys, city: City, kpi: Kpi, every: Every, *, by_district: bool, from_ms: int, to_ms: int
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """One row a minute, hour or day (and district), in order; `at`: its start.

    Minutes are readings, with what they stand on. Hours and days are rolls: `value` is the KPI's
    figure of the period, n of `of` the samples that had a value. Raises ValueError for minutes by
    district, which are not kept.
    """
    if every == "minute":
        if by_district:
            raise ValueError("minutes are kept for the whole city only: ask for every=hour or every=day")
        return _minutes(client, keys, kpi, from_ms, to_ms)
    districts = [d.id for d in city.districts] if by_district else None
    return (
        {
            "at": rfc3339(at), "kpi": kpi.id, "district": district or None, "value": roll.told(kpi.quantile),
            "n": roll.n, "of": roll.of, "low": roll.low, "high": roll.high,
            "p50": roll.quantile(0.5), "p90": roll.quantile(0.9),
        }
        for at, district, roll in store.read(client, keys, kpi.id, every, city.tz, from_ms, to_ms, districts)
    )  # fmt: skip


def _minutes(client: Store, keys: Keys, kpi: Kpi, from_ms: int, to_ms: int) -> Iterator[dict[str, Any]]:
    start = max(from_ms, to_ms - readings.KEEP_MS - readings.MINUTE_MS)
    while start < to_ms:
        end = min(start + MINUTES_MS, to_ms)
        for at, reading in readings.minutes(client, keys, [kpi.id], start, end - 1)[kpi.id]:
            yield {
                "at": rfc3339(at), "kpi": kpi.id, "district": None, "value": reading.value,
                "coverage_n": reading.n, "coverage_of": reading.of,
            }  # fmt: skip
        start = end
