"""Rolls from what is: a reading of every KPI and district each five minutes, and one sample a case.

Nothing is ever added to a roll: an hour is always told anew from its samples, which are kept for
48 h and replaced when late messages change them. So repeats, disorder and crashes leave no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson
import pandas as pd

from data.contracts import Kpi, KpiInput, Thing
from data.kpis.evaluate import counted, covered, frame
from data.profile import City
from data.rollups import calendar, store
from data.rollups.roll import Roll, roll
from data.store.connect import Store
from data.store.keys import Keys

FIVE_MS = 300_000
KEEP_MS = 48 * calendar.HOUR_MS
CASES_MS = 46 * calendar.HOUR_MS  # closed cases leave the store after 48 h: beyond, an hour would lose some

Things = Mapping[str, Iterable[Thing]]
Heard = Mapping[str, int | None]


class Roller:
    """Takes moments as they come (`turn`) or as they are told anew (`note`, then `save`)."""

    def __init__(self, store: Store, keys: Keys, city: City, kpis: Sequence[Kpi]) -> None:
        self._store = store
        self._keys = keys
        self._city = city
        self._kpis = kpis
        self._districts = [d.id for d in city.districts]
        self._noted_ms = -1
        self._first = True
        self._hours: dict[int, dict[str, bytes]] = {}

    def turn(self, now_ms: int, things: Things, heard: Heard, *, live_only: bool) -> bool:
        """Take a sample at each full five minutes; True if one was taken. Raises redis.RedisError."""
        five = now_ms - now_ms % FIVE_MS
        if five == self._noted_ms:
            return False
        self.note(five, now_ms, things, heard, live_only=live_only)
        self.save(now_ms, things, heard, live_only=live_only)
        self._noted_ms = five
        return True

    def note(
        self, at_ms: int, now_ms: int, things: Things, heard: Heard, *, live_only: bool
    ) -> None:  # fmt: skip
        """The readings of one moment, city and districts; `now_ms`: what ages count from."""
        frames = {
            f: frame(counted(things.get(f, ()), live_only=live_only), now_ms)
            for f in {k.reads for k in self._kpis if k.samples is None}
        }
        rows = self._hours.setdefault(calendar.hour_start(at_ms, self._city.tz), {})
        for district in (store.CITY, *self._districts):
            parts = {
                f: t if district == store.CITY else t[t["district"] == district] for f, t in frames.items()
            }
            for kpi in self._kpis:
                if kpi.samples is None:
                    given = KpiInput(parts[kpi.reads], now_ms, heard.get(kpi.reads), self._city.kpis)
                    rows[f"{kpi.id}|{district}|{at_ms}"] = orjson.dumps(_value(kpi, given))

    def forget(self) -> None:
        """Drop what was noted and not saved."""
        self._hours = {}

    def save(self, now_ms: int, things: Things, heard: Heard, *, live_only: bool) -> None:
        """Write what was noted, and tell the hours it belongs to anew; cases of the last two days as well."""
        hours, self._hours = self._hours, {}
        if self._first:  # whoever was before us may have died between samples and rolls
            present = calendar.hour_start(now_ms, self._city.tz)
            hours = {present - n * calendar.HOUR_MS: {} for n in range(48)} | hours
        found: dict[str, dict[tuple[int, str], Roll]] = {}
        for start, rows in hours.items():
            key = self._keys.samples(start)
            if rows:
                self._store.hset(key, mapping=rows)
                self._store.pexpire(key, KEEP_MS + calendar.HOUR_MS)
            for (id, district), told in _hour(self._store.hgetall(key)).items():
                found.setdefault(id, {})[start, district] = told
        for kpi in self._kpis:
            if kpi.samples is not None:
                chosen = counted(things.get(kpi.reads, ()), live_only=live_only)
                given = KpiInput(frame(chosen, now_ms), now_ms, heard.get(kpi.reads), self._city.kpis)
                found[kpi.id] = self._cases(kpi.samples(given), now_ms)
        for id, rolls in found.items():
            store.save(self._store, self._keys, id, rolls, self._city.tz, now_ms)
        self._first = False

    def _cases(self, cases: pd.DataFrame, now_ms: int) -> dict[tuple[int, str], Roll]:
        """The rolls of all hours of the last two days from one row a case: `at_ms`, `value`, `district`."""
        zone = self._city.tz
        first = calendar.hour_start(now_ms - CASES_MS, zone) + calendar.HOUR_MS
        by: dict[tuple[int, str], list[tuple[int, float | None]]] = {
            (start, district): []
            for start in range(first, now_ms + 1, calendar.HOUR_MS)
            for district in (store.CITY, *self._districts)
        }
        for at, value, district in cases[["at_ms", "value", "district"]].itertuples(index=False):
            if pd.isna(at) or not first <= at <= now_ms:
                continue
            start = calendar.hour_start(int(at), zone)
            sample = (int(at), None if pd.isna(value) else float(value))
            by[start, store.CITY].append(sample)
            if isinstance(district, str) and (start, district) in by:
                by[start, district].append(sample)
        return {at: roll(samples) for at, samples in by.items()}


def _value(kpi: Kpi, given: KpiInput) -> float | None:
    try:
        return covered(kpi, kpi.compute(given)).value
    except Exception:  # as in `evaluate`: one formula must not stop the others
        return None


def _hour(rows: Mapping[bytes, bytes]) -> dict[tuple[str, str], Roll]:
    samples: dict[tuple[str, str], list[tuple[int, float | None]]] = {}
    for name, raw in rows.items():
        kpi, district, at = name.decode().split("|")
        samples.setdefault((kpi, district), []).append((int(at), orjson.loads(raw)))
    return {by: roll(found) for by, found in samples.items()}
