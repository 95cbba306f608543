"""Who is on duty: some units work by day only, and now and then one is in the workshop. Assumed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from feeds.simulator.dispatch import Dispatch
from feeds.simulator.noise import even, key
from feeds.simulator.outgoing import MINUTE
from feeds.simulator.units import Unit

DAY_ONLY_SHARE = 0.18
NIGHT = (22, 6)
WORKSHOP_PER_DAY = 2.0  # for 60 units
WORKSHOP_H = (2.0, 7.0)


class Shifts:
    """Plans duty day by day into the dispatch centre."""

    def __init__(self, dispatch: Dispatch, zone: ZoneInfo, seed: object, start_ms: int) -> None:
        self._dispatch, self._zone, self._seed = dispatch, zone, seed
        self._start_ms = start_ms
        self._day_only = [u for u in dispatch.units if even(key(seed, "day only", u.id)) < DAY_ONLY_SHARE]
        self._midnight = datetime.fromtimestamp(start_ms / 1000, UTC).astimezone(zone)
        self._midnight = self._midnight.replace(hour=0, minute=0, second=0, microsecond=0)
        hour = datetime.fromtimestamp(start_ms / 1000, UTC).astimezone(zone).hour
        if hour >= NIGHT[0] or hour < NIGHT[1]:
            for unit in self._day_only:
                unit.state = "out_of_service"
        self._plan_day(start_ms)

    def _ms(self, hours: float) -> int:
        return int((self._midnight + timedelta(hours=hours)).timestamp() * 1000)

    def _plan_day(self, _t: int) -> None:
        units: Sequence[Unit] = self._dispatch.units
        random = Random(f"{self._seed}/shifts/{self._midnight:%Y%m%d}")  # noqa: S311 - chance, no secret
        for unit in self._day_only:
            self._plan(self._ms(NIGHT[1]) + int(random.uniform(-10, 20) * MINUTE), False, unit)
            self._plan(self._ms(NIGHT[0]) + int(random.uniform(-20, 20) * MINUTE), True, unit)
        for unit in random.sample(units, min(len(units), round(WORKSHOP_PER_DAY * len(units) / 60 + 0.2))):
            begin = random.uniform(7, 13)
            self._plan(self._ms(begin), True, unit)
            self._plan(self._ms(begin + random.uniform(*WORKSHOP_H)), False, unit)
        self._midnight = (self._midnight + timedelta(hours=36)).replace(hour=0)
        self._dispatch.plan(self._ms(-1), self._plan_day)

    def _plan(self, t: int, off: bool, unit: Unit) -> None:
        if t > self._start_ms:
            self._dispatch.plan(t, self._dispatch.off_duty if off else self._dispatch.on_duty, unit)
