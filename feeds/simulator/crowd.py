"""Extra units for big pictures: they drive about on the ways and answer no calls."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from data.contracts import Member
from feeds.simulator.noise import even, key
from feeds.simulator.outgoing import Outgoing
from feeds.simulator.ways import Ways

BACKLOG_MS = 2_000  # what could not be sent for longer than this is left out
STATES = ("available", "available", "available", "en_route", "transporting", "at_hospital", "out_of_service")


def members(count: int) -> list[Member]:
    """Registry entries SIM-00001 … of the extra units, marked as simulated."""
    return [
        Member(id, "ambulances", id, "motorcycle" if n % 4 == 0 else "car", simulated=True)
        for n in range(1, count + 1)
        if (id := f"SIM-{n:05d}")
    ]


class _Drifter:
    __slots__ = ("at", "away", "kmh", "to", "topic")

    def __init__(self, topic: str, at: int, to: int, kmh: float) -> None:
        self.topic, self.at, self.to, self.kmh, self.away = topic, at, to, kmh, 0.0


class Crowd:
    """Positions at a steady rate, each unit in its turn; times are the wall's."""

    def __init__(self, city_id: str, count: int, rate_per_s: float, ways: Ways, seed: object) -> None:
        self._ways = ways
        self._random = Random(f"{seed}/crowd")  # noqa: S311 - chance, no secret
        self._gap_ms = 1000 / rate_per_s
        self._turn_s = count / rate_per_s
        self._units = [self._drifter(f"city/{city_id}/ambulances/{m.id}") for m in members(count)]
        self._sent = 0
        self._from_ms = 0

    def _drifter(self, topic: str) -> _Drifter:
        at = self._random.randrange(len(self._ways.lats))
        to = self._random.choice(list(self._ways.joined[at]) or [at])
        return _Drifter(topic, at, to, self._random.uniform(15, 55))

    def statuses(self, now_ms: int) -> Iterator[Outgoing]:
        """One status each, to begin with."""
        for unit in self._units:
            state = STATES[int(even(key(unit.topic)) * len(STATES))]
            yield Outgoing(now_ms, f"{unit.topic}/status", {"status": state}, True, now_ms)

    def due(self, now_ms: int) -> Iterator[Outgoing]:
        """The positions due by now; take only as many as can be sent."""
        if not self._from_ms:
            self._from_ms = now_ms
        behind = int((now_ms - self._from_ms - BACKLOG_MS) / self._gap_ms)
        self._sent = max(self._sent, behind)
        while (at_ms := self._from_ms + int(self._sent * self._gap_ms)) <= now_ms:
            unit = self._units[self._sent % len(self._units)]
            self._sent += 1
            yield self._fix(unit, at_ms)

    def _fix(self, unit: _Drifter, at_ms: int) -> Outgoing:
        ways = self._ways
        unit.away += unit.kmh * self._turn_s / 3.6
        length = max(1.0, ways.metres(unit.at, unit.to))
        while unit.away >= length:
            unit.away -= length
            onward = [n for n in ways.joined[unit.to] if n != unit.at] or [unit.at]
            unit.at, unit.to = unit.to, self._random.choice(onward)
            length = max(1.0, ways.metres(unit.at, unit.to))
        lat, lon, heading = ways.along(unit.at, unit.to, unit.away / length)
        payload = {
            "lat": round(lat, 6), "lon": round(lon, 6), "speed_kmh": round(unit.kmh, 1),
            "heading_deg": round(heading, 1) % 360,
        }  # fmt: skip
        return Outgoing(at_ms, f"{unit.topic}/position", payload, False, at_ms)
