"""How a day's work spreads over its hours, and when the next call comes."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

from feeds.simulator.outgoing import DAY

# The course of a day, 0 at its quietest (3 a.m.) and 1 at its peak (7 p.m.); assumed.
_COURSE = (
    0.25, 0.14, 0.05, 0.00, 0.05, 0.18, 0.40, 0.62, 0.76, 0.80, 0.78, 0.72,
    0.68, 0.66, 0.66, 0.70, 0.78, 0.90, 0.98, 1.00, 0.90, 0.72, 0.52, 0.37,
)  # fmt: skip


def local_hour(zone: ZoneInfo, at_ms: int) -> float:
    """Hour of the day in the city, 0 ≤ h < 24."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    return local.hour + local.minute / 60 + local.second / 3600


class Hours:
    """Weights by hour of the day with mean 1; night: the least, peak: the greatest.

    Where no curve of this family has both and mean 1, the mean is kept.
    """

    def __init__(self, night: float, peak: float) -> None:
        night, peak = min(night, peak), max(night, peak, 1e-6)

        def mean(bend: float) -> float:
            return night + (peak - night) * float(sum(c**bend for c in _COURSE)) / 24

        low, high = 0.1, 8.0  # mean falls as the bend grows
        for _ in range(40):
            bend = (low + high) / 2
            low, high = (bend, high) if mean(bend) > 1 else (low, bend)
        shape = [night + (peak - night) * c**low for c in _COURSE]
        total = sum(shape) / 24
        self.weights: tuple[float, ...] = tuple(w / total for w in shape)

    def at(self, hour: float) -> float:
        """The weight at an hour, straight lines between full hours."""
        whole = int(hour) % 24
        share = hour - int(hour)
        return self.weights[whole] * (1 - share) + self.weights[(whole + 1) % 24] * share


class Arrivals:
    """Moments of a Poisson process whose rate follows the hours of the day (by thinning)."""

    def __init__(self, per_day: float, hours: Hours, zone: ZoneInfo, start_ms: int, random: Random) -> None:
        self._hours, self._zone, self._random = hours, zone, random
        self._most = max(hours.weights)
        self._mean_gap = DAY / (per_day * self._most) if per_day > 0 else 0.0
        self._t = float(start_ms)

    def next_ms(self) -> int | None:
        """The next moment, None if there is never one."""
        if not self._mean_gap:
            return None
        while True:
            self._t += self._random.expovariate(1.0) * self._mean_gap
            if self._random.random() * self._most < self._hours.at(local_hour(self._zone, int(self._t))):
                return int(self._t)


def rush(hour: float) -> float:
    """How fast traffic flows against its usual pace: slower at rush hours, faster by night; assumed."""
    if 6.5 <= hour < 8.5 or 15.5 <= hour < 18.5:
        return 0.80
    if hour >= 22 or hour < 5:
        return 1.20
    return 1.0 if 5 <= hour < 20 else 1.08
