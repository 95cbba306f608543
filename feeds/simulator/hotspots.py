"""The city's hotspots: who is connected, and what fails together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from math import exp
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from data.contracts import Member
from feeds.simulator.figures import Figures
from feeds.simulator.hours import local_hour
from feeds.simulator.noise import bell, even, key
from feeds.simulator.outgoing import DAY, HOUR, MINUTE, SECOND, Outgoing

TELEMETRY_MS = 5 * MINUTE
CLUSTER_SHARE = 0.45  # of outages that take a neighbourhood: power, backbone
BROKEN_SHARE = 0.02  # waiting for a technician since before we began
WEAK_SHARE = 0.015
SLOW_CLOCK_MS = 47 * MINUTE
# People per place against the mean, and when they come: by day, in the evening, or all day. Assumed.
PLACES: Mapping[str, tuple[float, str]] = {
    "village hall": (0.7, "day"), "school": (1.6, "day"), "office": (1.2, "day"), "clinic": (0.9, "day"),
    "market": (1.5, "day"), "park": (1.5, "evening"), "community hall": (0.8, "evening"),
    "mosque yard": (0.9, "evening"), "terminal": (2.0, "all"), "tourism": (1.6, "all"),
}  # fmt: skip
COURSES: Mapping[str, tuple[float, ...]] = {
    "day": (
        0.08, 0.06, 0.05, 0.05, 0.06, 0.12, 0.35, 0.80, 1.45, 1.85, 1.95, 1.90,
        1.80, 1.80, 1.75, 1.55, 1.20, 0.90, 0.80, 0.80, 0.65, 0.45, 0.28, 0.15,
    ),
    "evening": (
        0.20, 0.12, 0.08, 0.07, 0.12, 0.30, 0.50, 0.60, 0.70, 0.80, 0.90, 1.00,
        1.10, 1.05, 1.00, 1.15, 1.50, 1.80, 2.10, 2.40, 2.30, 1.70, 0.95, 0.45,
    ),
    "all": (
        0.30, 0.22, 0.18, 0.18, 0.30, 0.60, 0.95, 1.20, 1.25, 1.25, 1.25, 1.30,
        1.35, 1.30, 1.30, 1.35, 1.45, 1.50, 1.45, 1.35, 1.15, 0.90, 0.65, 0.42,
    ),
}  # fmt: skip


class _Point:
    """One hotspot. holds: outages that hold it down or weak; changes: (time, state) not yet passed by."""

    __slots__ = ("changes", "course", "holds", "key", "lag", "member", "people", "phase", "topic")

    def __init__(self, city_id: str, member: Member, seed: object, mean: float) -> None:
        self.member = member
        self.key = key(seed, "hotspot", member.id)
        weight, course = PLACES.get(member.extra.get("place", ""), (1.0, "all"))
        self.course = COURSES[course]
        self.people = mean * weight * exp(0.5 * bell(self.key, 1))
        self.phase = int(TELEMETRY_MS * even(self.key, 2))
        self.topic = f"city/{city_id}/hotspots/{member.id}"
        self.holds: dict[int, str] = {}
        self.changes: list[tuple[int, str]] = [(0, "up")]
        self.lag = 0

    def state(self, t: int) -> str:
        return next(s for at, s in reversed(self.changes) if at <= t)


class Hotspots:
    """All hotspots of the city. `advance` gives changes, `telemetry` what was measured between."""

    def __init__(
        self, city_id: str, members: Mapping[str, Member], figures: Figures, zone: ZoneInfo, seed: object,
        start_ms: int,
    ) -> None:  # fmt: skip
        self._zone = zone
        self._points = [_Point(city_id, m, seed, figures.clients_per_hotspot) for m in members.values()]
        self._random = Random(f"{seed}/outages")  # noqa: S311 - chance, no secret
        self._figures = figures
        self._villages: dict[str, list[_Point]] = {}
        for p in self._points:
            self._villages.setdefault(p.member.village or p.member.district or "", []).append(p)
        self._heap: list[tuple[int, int, _Point | None, int, str]] = []
        self._seq = self._outage = 0
        if self._points:
            self._begin(start_ms)

    def _begin(self, start_ms: int) -> None:
        random = self._random
        random.choice(self._points).lag = SLOW_CLOCK_MS
        for n, point in enumerate(self._points):
            fate = even(point.key, 3)
            if fate < BROKEN_SHARE + WEAK_SHARE:
                self._outage += 1
                state = "down" if fate < BROKEN_SHARE else "degraded"
                point.holds[self._outage] = state
                self._push(start_ms + int(random.uniform(0.1, 4) * DAY), point, self._outage, "")
            point.changes = [(start_ms + n * 10, _worst(point.holds))]
            self._push(start_ms + n * 10, point, 0, "")
        self._push(self._next_outage(start_ms), None, 0, "")

    def _push(self, t: int, point: _Point | None, outage: int, state: str) -> None:
        self._seq += 1
        heappush(self._heap, (t, self._seq, point, outage, state))

    def _next_outage(self, t: int) -> int:
        per_day = self._figures.hotspot_outages_per_day * len(self._points) / 400
        return t + int(self._random.expovariate(1.0) * DAY / per_day) if per_day else t + 10_000 * DAY

    def advance(self, to_ms: int) -> list[Outgoing]:
        """Status messages of start ≤ t < to: at the beginning, and on each change."""
        out = []
        while self._heap and self._heap[0][0] < to_ms:
            t, _, point, outage, state = heappop(self._heap)
            if point is None:
                self._fail(t)
                self._push(self._next_outage(t), None, 0, "")
                continue
            if state:
                point.holds[outage] = state
            elif outage:
                point.holds.pop(outage, None)
            now = _worst(point.holds)
            if now != point.changes[-1][1]:
                point.changes.append((t, now))
            elif outage:
                continue
            out.append(self._status(t, point, now))
        return out

    def _fail(self, t: int) -> None:
        """Something breaks: one hotspot, or a neighbourhood's power or backbone."""
        random = self._random
        self._outage += 1
        first = random.choice(self._points)
        hit = [first]
        lasts_ms = random.uniform(10, 90) * MINUTE
        if random.random() < CLUSTER_SHARE:
            size = max(2, round(random.expovariate(1 / self._figures.hotspot_outage_cluster)))
            hit = self._around(first, size)
        elif random.random() < 0.2:
            lasts_ms = random.uniform(6, 60) * HOUR  # broken: a technician must come
        state = "down" if random.random() < 0.75 else "degraded"
        for point in hit:
            self._push(t + int(random.uniform(0, 25) * SECOND), point, self._outage, state)
            self._push(t + int(lasts_ms + random.uniform(0, 150) * SECOND), point, self._outage, "")

    def _around(self, first: _Point, size: int) -> list[_Point]:
        """Its village's hotspots, then the nearest others."""
        own = self._villages[first.member.village or first.member.district or ""]
        lat, lon = first.member.lat or 0.0, first.member.lon or 0.0

        def far(point: _Point) -> tuple[bool, float]:
            m = point.member
            return point not in own, ((m.lat or 0.0) - lat) ** 2 + ((m.lon or 0.0) - lon) ** 2

        return sorted(self._points, key=far)[: max(size, min(len(own), 3))]

    def _status(self, t: int, point: _Point, state: str) -> Outgoing:
        return Outgoing(t, f"{point.topic}/status", {"status": state}, True, t - point.lag)

    def telemetry(self, start_ms: int, end_ms: int, every: int = 1) -> Iterator[Outgoing]:
        """What hotspots measure in start ≤ t < end, spread evenly over five minutes.

        For one that is not up, the network's controller repeats its state, so that a long outage
        stays known. every: only each n-th measurement.
        """
        for point in self._points:
            n = -(-(start_ms - point.phase) // TELEMETRY_MS)
            while (t := n * TELEMETRY_MS + point.phase) < end_ms:
                if n % every == 0:
                    state = point.state(t) if t >= point.changes[0][0] else ""
                    if state == "down":
                        yield self._status(t, point, state)
                    elif state:
                        yield self._measured(t, n, point, state)
                n += 1
            if len(point.changes) > 1:
                keep = sum(1 for at, _ in point.changes if at < end_ms)
                del point.changes[: max(0, keep - 1)]

    def _measured(self, t: int, n: int, point: _Point, state: str) -> Outgoing:
        hour = local_hour(self._zone, t)
        course, whole = point.course, int(hour)
        share = hour - whole
        mean = point.people * (course[whole] * (1 - share) + course[(whole + 1) % 24] * share)
        slow = 12 * even(point.key, n // 6)  # a crowd stays a while
        clients = max(
            0, round(mean * (0.75 + 0.5 * slow / 12) + bell(point.key, n) * (0.35 * mean**0.5 + 0.15))
        )
        weak = state == "degraded"
        each = 90 + 500 * even(point.key, n + 7) ** 2
        received = clients * each * (0.3 if weak else 1.0) + 4 * even(point.key, n + 9)
        payload: dict[str, Any] = {
            "clients": clients,
            "rx_kbps": round(received, 1),
            "tx_kbps": round(received * (0.08 + 0.12 * even(point.key, n + 11)), 1),
            "latency_ms": round(
                230 + 300 * even(point.key, n + 13) if weak else 14 + 0.4 * clients + 3 * slow, 1
            ),
        }
        return Outgoing(t, f"{point.topic}/telemetry", payload, False, t - point.lag)


def _worst(holds: Mapping[int, str]) -> str:
    states = set(holds.values())
    return "down" if "down" in states else "degraded" if "degraded" in states else "up"
