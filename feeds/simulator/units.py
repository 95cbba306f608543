"""A simulated unit: where it stands or drives at any moment, and what its tracker sends."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, radians
from typing import Any

from feeds.simulator.noise import bell, even, key
from feeds.simulator.outgoing import HOUR, Outgoing
from feeds.simulator.ways import M_PER_DEGREE, Leg, Spot, Ways

MOVING_MS = 5_000
PARKED_EVERY = 6  # a parked unit's tracker sends every sixth time
DRAIN_PCT_H = 4.0
CHARGE_PCT_H = 20.0


@dataclass(slots=True)
class Segment:
    """From t0 on: a journey, or standing at a place. charge: the battery's per cent at t0.

    home: it ends, or stands, in the station's yard, where the battery is charged.
    """

    t0: int
    leg: Leg | None
    lat: float
    lon: float
    heading: float
    charge: float
    home: bool

    def battery(self, t: int) -> float:
        """Per cent: drains away from the yard, charges in it."""
        driven_ms = (
            min(t, self.leg.end_ms) if self.home and self.leg else t if self.leg else self.t0
        ) - self.t0
        charge = self.charge - DRAIN_PCT_H * max(0, driven_ms) / HOUR
        charge += CHARGE_PCT_H * max(0, t - self.t0 - driven_ms) / HOUR if self.home else 0.0
        return max(8.0, min(100.0, charge))


class Unit:
    """One ambulance. state: its crew's button. mission: counts its assignments, so that what was
    planned for an earlier one is recognised and dropped.
    """

    def __init__(
        self, city_id: str, id: str, kind: str, home: Spot, number: int, seed: object, start_ms: int
    ) -> None:
        self.id, self.kind, self.home = id, kind, home
        self.key = key(seed, "unit", id)
        # Own place in the yard, so that five units of a station are five symbols when zoomed in.
        self.home_lat = home.lat + (number % 4 * 9 - 13) / M_PER_DEGREE
        self.home_lon = home.lon + (number // 4 % 4 * 9 - 13) / M_PER_DEGREE
        self.state = "available"
        self.mission = 0
        self.leave_duty = False
        self.incident: Any = None
        self.silences: deque[tuple[int, int]] = deque(maxlen=8)
        self.topic = f"city/{city_id}/ambulances/{id}"
        self._stretch = M_PER_DEGREE * cos(radians(home.lat))
        self._segments: deque[Segment] = deque(
            [
                Segment(
                    start_ms,
                    None,
                    self.home_lat,
                    self.home_lon,
                    360 * even(self.key),
                    70 + 30 * even(self.key, 1),
                    True,
                )
            ]
        )
        self._phase = int(MOVING_MS * even(self.key, 2))
        self._turn = int(PARKED_EVERY * even(self.key, 3))

    # --- where it is

    @property
    def car(self) -> bool:
        """True if it can carry a patient."""
        return self.kind != "motorcycle"

    def standing(self, t: int) -> bool:
        """True unless it is driving."""
        leg = self._segments[-1].leg
        return leg is None or t >= leg.end_ms

    def at_home(self, t: int) -> bool:
        """True if it stands in its station's yard."""
        last = self._segments[-1]
        end = last.leg.points[-1] if last.leg else (last.lat, last.lon)
        return self.standing(t) and end == (self.home_lat, self.home_lon)

    def next_start(self, t: int, ways: Ways) -> tuple[int, Spot]:
        """When and where it can begin another journey: here, or at the next junction if it drives."""
        last = self._segments[-1]
        if last.leg is None or t >= last.leg.end_ms:
            if self.at_home(t):
                return t, Spot(self.home_lat, self.home_lon, self.home.joins)
            lat, lon = last.leg.points[-1] if last.leg else (last.lat, last.lon)
            return t, ways.spot(lat, lon)
        when, junction = last.leg.turn_off(t)
        if junction is None:
            return when, ways.spot(*last.leg.points[-1])
        return when, ways.junction(junction)

    def drive(self, t: int, ways: Ways, goal: Spot, kmh: float, *, home: bool = False) -> Leg:
        """Set out for a place; the journey that was under way ends at the next junction."""
        start_ms, start = self.next_start(t, ways)
        last = self._segments[-1]
        if last.leg and t < last.leg.end_ms:
            last.leg = last.leg.until(start_ms)
        leg = ways.leg(start, goal, self.kind, kmh, start_ms)
        self._segments.append(Segment(start_ms, leg, 0.0, 0.0, 0.0, last.battery(start_ms), home))
        return leg

    def drive_home(self, t: int, ways: Ways, kmh: float) -> None:
        """Set out for its own place in the yard."""
        yard = Spot(self.home_lat, self.home_lon, self.home.joins)
        self.drive(t, ways, yard, kmh, home=True)

    def forget(self, before_ms: int) -> None:
        """Drop journeys that nobody will ask for any more."""
        while len(self._segments) > 1 and self._segments[1].t0 <= before_ms:
            self._segments.popleft()

    # --- what it sends

    def status(self, t: int, state: str, **more: str) -> Outgoing:
        """The crew presses a button."""
        self.state = state
        return Outgoing(t, f"{self.topic}/status", {"status": state, **more}, True, t)

    def positions(self, start_ms: int, end_ms: int, every: int = 1) -> Iterator[Outgoing]:
        """The tracker's fixes in start ≤ t < end, on a grid of its own: more of them while it drives.

        every: above 1, only every n-th place of the grid, moving or not.
        """
        n = -(-(start_ms - self._phase) // MOVING_MS)
        while (t := n * MOVING_MS + self._phase) < end_ms:
            segment = self._segment(t)
            driving = segment.leg is not None and t < segment.leg.end_ms
            due = driving or (n + self._turn) % PARKED_EVERY == 0
            if every > 1:
                due = (n + self._turn) % every == 0
            if due and not self._silent(t):
                yield self._fix(t, n, segment)
            n += 1

    def _segment(self, t: int) -> Segment:
        for segment in reversed(self._segments):
            if segment.t0 <= t:
                return segment
        return self._segments[0]

    def _silent(self, t: int) -> bool:
        return any(a <= t < b for a, b in self.silences)

    def _fix(self, t: int, n: int, segment: Segment) -> Outgoing:
        if segment.leg is not None:
            lat, lon, heading, kmh = segment.leg.at(t)
        else:
            lat, lon, heading, kmh = segment.lat, segment.lon, segment.heading, 0.0
        error_m = 2.0 if kmh == 0 else 4.0
        lat += bell(self.key, 4 * n + 5) * error_m / M_PER_DEGREE
        lon += bell(self.key, 4 * n + 6) * error_m / self._stretch
        pace = even(self.key, 4 * n + 7)
        payload: dict[str, Any] = {
            "lat": round(lat, 6),
            "lon": round(lon, 6),
            "speed_kmh": round(kmh * (0.85 + 0.3 * pace), 1),
            "heading_deg": round(heading + (pace - 0.5) * (6 if kmh else 0), 1) % 360,
            "accuracy_m": round(4 + 6 * even(self.key, 4 * n + 8), 1),
            "battery_pct": round(segment.battery(t), 1),
        }
        return Outgoing(t, f"{self.topic}/position", payload, False, t)
