"""The ways that units take: the profile's schematic roads, joined by lanes between neighbouring places."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from math import atan2, cos, degrees, hypot, radians

from data.profile import City
from feeds.simulator.noise import even, key

M_PER_DEGREE = 111_195.0
NEIGHBOURS = 12
LONGEST_LANE_M = 4000.0
STEP_M = 700.0  # roads get a junction at least so often
TOLL, MAIN, SECOND, LANE = range(4)
_CLASSES = {"toll": TOLL, "main": MAIN, "second": SECOND}
# Speed on each class against the vehicle's usual one; motorcycles may not use toll roads. Assumed.
PACE = {"car": (1.9, 1.25, 1.05, 0.85), "motorcycle": (0.0, 1.15, 1.08, 1.0)}
Point = tuple[float, float]
Ring = Sequence[Point]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place beside the ways. joins: junctions that it is reached from, with the metres to them."""

    lat: float
    lon: float
    joins: tuple[tuple[int, float], ...]


@dataclass(slots=True)
class Leg:
    """One journey: points with the time at which each is passed; junctions: (which point, which junction)."""

    times: list[int]
    points: list[Point]
    junctions: list[tuple[int, int]]

    @property
    def end_ms(self) -> int:
        """When it arrives."""
        return self.times[-1]

    def at(self, t: int) -> tuple[float, float, float, float]:
        """(lat, lon, heading in degrees, speed in km/h) at a moment; before and after it stands still."""
        n = bisect_right(self.times, t)
        if n == 0 or n == len(self.times):
            lat, lon = self.points[0 if n == 0 else -1]
            return lat, lon, self.heading(1 if n == 0 else len(self.points) - 1), 0.0
        (lat1, lon1), (lat2, lon2) = self.points[n - 1], self.points[n]
        span = self.times[n] - self.times[n - 1]
        share = (t - self.times[n - 1]) / span
        metres = hypot((lat2 - lat1) * M_PER_DEGREE, (lon2 - lon1) * M_PER_DEGREE * cos(radians(lat1)))
        return (
            lat1 + (lat2 - lat1) * share,
            lon1 + (lon2 - lon1) * share,
            self.heading(n),
            metres / span * 3600,
        )

    def heading(self, n: int) -> float:
        """Course over ground towards the n-th point."""
        (lat1, lon1), (lat2, lon2) = self.points[n - 1], self.points[n]
        return degrees(atan2((lon2 - lon1) * cos(radians(lat1)), lat2 - lat1)) % 360

    def turn_off(self, t: int) -> tuple[int, int | None]:
        """(time, junction) where another way can next be taken; past the last one: (arrival, None)."""
        for n, junction in self.junctions:
            if self.times[n] >= t:
                return self.times[n], junction
        return self.end_ms, None

    def until(self, end_ms: int) -> Leg:
        """The part before the moment of one of its points."""
        n = max(2, bisect_right(self.times, end_ms))
        return Leg(self.times[:n], self.points[:n], [j for j in self.junctions if j[0] < n])


class Ways:
    """Junctions and the ways between them; built once a run, from the profile alone."""

    def __init__(self, city: City) -> None:
        self._scale = M_PER_DEGREE * cos(radians(city.center[0]))
        self.lats: list[float] = []
        self.lons: list[float] = []
        self._index: dict[tuple[int, int], int] = {}
        self.joined: list[dict[int, int]] = []  # neighbour to class
        self._shapes: dict[tuple[int, int], list[Point]] = {}
        self._trees: dict[tuple[int, str], tuple[list[float], list[int]]] = {}
        self._rings = city.outline
        for road in city.roads:
            self._road(road.points, _CLASSES.get(road.kind, SECOND))
        for village in (v for d in city.districts for v in d.villages):
            self._junction(village.lat, village.lon)
        for lat, lon in [(s.lat, s.lon) for s in city.stations] + [(h.lat, h.lon) for h in city.hospitals]:
            self._junction(lat, lon)
        if not self.lats:
            self._junction(*city.center)
        self._lanes()
        self._join_islands()

    # --- building

    def _junction(self, lat: float, lon: float) -> int:
        cell = (round(lat * 20_000), round(lon * 20_000))  # places 5 m apart are one
        if cell not in self._index:
            self._index[cell] = len(self.lats)
            self.lats.append(lat)
            self.lons.append(lon)
            self.joined.append({})
        return self._index[cell]

    def metres(self, a: int, b: int) -> float:
        """Straight distance of two junctions."""
        return self._metres(self.lats[a], self.lons[a], self.lats[b], self.lons[b])

    def _metres(self, lat1: float, lon1: float, lat2: float, lon2: float) -> float:
        return hypot((lat2 - lat1) * M_PER_DEGREE, (lon2 - lon1) * self._scale)

    def _join(self, a: int, b: int, kind: int) -> None:
        if a != b:
            best = min(kind, self.joined[a].get(b, kind))
            self.joined[a][b] = self.joined[b][a] = best

    def _road(self, points: Sequence[Point], kind: int) -> None:
        last = self._junction(*points[0])
        for (lat1, lon1), (lat2, lon2) in pairwise(points):
            pieces = max(1, round(self._metres(lat1, lon1, lat2, lon2) / STEP_M)) if kind != TOLL else 1
            for n in range(1, pieces + 1):
                share = n / pieces
                here = self._junction(lat1 + (lat2 - lat1) * share, lon1 + (lon2 - lon1) * share)
                self._join(last, here, kind)
                last = here

    def _lanes(self) -> None:
        """Join neighbours with nobody in between (a Gabriel graph): no crossings, few detours."""
        for a in range(len(self.lats)):
            near = self.nearest(self.lats[a], self.lons[a], NEIGHBOURS + 1)
            for n, (b, metres) in enumerate(near):
                if b <= a or b in self.joined[a] or metres > LONGEST_LANE_M:
                    continue
                middle = ((self.lats[a] + self.lats[b]) / 2, (self.lons[a] + self.lons[b]) / 2)
                free = all(
                    self._metres(*middle, self.lats[c], self.lons[c]) >= metres / 2
                    for c, _ in near[:n]
                    if c != a
                )
                if free and (metres < 900 or self.on_land(*middle)):
                    self._join(a, b, LANE)

    def _join_islands(self) -> None:
        """Whatever stands apart gets one lane to the nearest of the rest."""
        count = len(self.lats)
        while True:
            seen = {0}
            todo = [0]
            while todo:
                for b in self.joined[todo.pop()]:
                    if b not in seen:
                        seen.add(b)
                        todo.append(b)
            if len(seen) == count:
                return
            rest = [n for n in range(count) if n not in seen]
            a, b = min(((a, b) for a in seen for b in rest), key=lambda p: self.metres(*p))
            self._join(a, b, LANE)

    def on_land(self, lat: float, lon: float) -> bool:
        """True inside the profile's outline (even-odd rule); True where it has none."""
        if not self._rings:
            return True
        inside = False
        for ring in self._rings:
            lat1, lon1 = ring[-1]
            for lat2, lon2 in ring:
                if (lat1 > lat) != (lat2 > lat) and lon < (lon2 - lon1) * (lat - lat1) / (lat2 - lat1) + lon1:
                    inside = not inside
                lat1, lon1 = lat2, lon2
        return inside

    # --- asking

    def nearest(self, lat: float, lon: float, count: int) -> list[tuple[int, float]]:
        """The nearest junctions with their straight distances, nearest first."""
        scale, east = M_PER_DEGREE, self._scale
        squares = [
            (((y - lat) * scale) ** 2 + ((x - lon) * east) ** 2, n)
            for n, (y, x) in enumerate(zip(self.lats, self.lons, strict=True))
        ]
        return [(n, square**0.5) for square, n in sorted(squares)[:count]]

    def spot(self, lat: float, lon: float) -> Spot:
        """A place as the ways see it: from the nearest junctions there are straight lanes to it."""
        near = self.nearest(lat, lon, 3)
        if near[0][1] < 20:
            return Spot(lat, lon, (near[0],))
        return Spot(lat, lon, tuple((n, metres * 1.15) for n, metres in near))

    def junction(self, n: int) -> Spot:
        """A junction as a place."""
        return Spot(self.lats[n], self.lons[n], ((n, 0.0),))

    def minutes(self, a: Spot, b: Spot, vehicle: str) -> float:
        """Minutes between two places for a vehicle whose usual speed is 1 km/h; divide by its real one."""
        return self._best(a, b, vehicle)[0]

    def _best(self, a: Spot, b: Spot, vehicle: str) -> tuple[float, int, int]:
        lane = PACE[vehicle][LANE] * 1000 / 60
        best = (float("inf"), a.joins[0][0], b.joins[0][0])
        for to, metres_b in b.joins:
            costs = self._tree(to, vehicle)[0]
            for start, metres_a in a.joins:
                best = min(best, (costs[start] + (metres_a + metres_b) / lane, start, to))
        return best

    def _tree(self, root: int, vehicle: str) -> tuple[list[float], list[int]]:
        """Minutes at 1 km/h from every junction to the root, and each one's next junction (Dijkstra)."""
        known = self._trees.get((root, vehicle))
        if known:
            return known
        paces = PACE[vehicle]
        costs = [float("inf")] * len(self.lats)
        onward = [root] * len(self.lats)
        costs[root] = 0.0
        heap = [(0.0, root)]
        while heap:
            cost, a = heappop(heap)
            if cost > costs[a]:
                continue
            for b, kind in self.joined[a].items():
                if not paces[kind]:
                    continue
                further = cost + self.metres(a, b) * 0.06 / paces[kind]
                if further < costs[b]:
                    costs[b], onward[b] = further, a
                    heappush(heap, (further, b))
        self._trees[root, vehicle] = costs, onward
        return costs, onward

    def leg(self, a: Spot, b: Spot, vehicle: str, kmh: float, start_ms: int) -> Leg:
        """The journey from a to b that starts at a moment, at a usual speed."""
        _, start, to = self._best(a, b, vehicle)
        onward = self._tree(to, vehicle)[1]
        chain = [start]
        while chain[-1] != to:
            chain.append(onward[chain[-1]])
        points: list[Point] = [(a.lat, a.lon)]
        times = [float(start_ms)]
        junctions: list[tuple[int, int]] = []
        paces = PACE[vehicle]

        def drive(shape: Iterable[Point], pace: float) -> None:
            for point in shape:
                metres = self._metres(*points[-1], *point)
                if metres > 0.5:
                    points.append(point)
                    times.append(times[-1] + metres * 3600 / (kmh * pace))

        drive([(self.lats[start], self.lons[start])], paces[LANE])
        junctions.append((len(points) - 1, start))
        for n, m in pairwise(chain):
            drive(self.shape(n, m), paces[self.joined[n][m]])
            junctions.append((len(points) - 1, m))
        drive([(b.lat, b.lon)], paces[LANE])
        if len(points) == 1:  # already there
            points.append((b.lat, b.lon))
            times.append(times[-1] + 1000)
        return Leg(_rising(times), points, junctions)

    def along(self, a: int, b: int, share: float) -> tuple[float, float, float]:
        """(lat, lon, heading in degrees) on the way from a to b; share: 0 at a, 1 at b."""
        shape = [(self.lats[a], self.lons[a]), *self.shape(a, b)]
        at = min(max(share, 0.0), 1.0) * (len(shape) - 1)
        n = min(int(at), len(shape) - 2)
        (lat1, lon1), (lat2, lon2) = shape[n], shape[n + 1]
        heading = degrees(atan2((lon2 - lon1) * self._scale, (lat2 - lat1) * M_PER_DEGREE)) % 360
        return lat1 + (lat2 - lat1) * (at - n), lon1 + (lon2 - lon1) * (at - n), heading

    def shape(self, a: int, b: int) -> list[Point]:
        """The points of the way from a (left out) to b: lanes bend a little, roads hardly."""
        low, high = min(a, b), max(a, b)
        known = self._shapes.get((low, high))
        if known is None:
            known = self._shapes[low, high] = self._bent(low, high)
        return known[1:] if a == low else known[-2::-1]

    def _bent(self, a: int, b: int) -> list[Point]:
        metres = self.metres(a, b)
        k = key("bend", round(self.lats[a], 4), round(self.lons[a], 4), round(self.lats[b], 4))
        road = self.joined[a][b] != LANE
        bend = (even(k) * 2 - 1) * (0.06 if road else 0.24)
        lat1, lon1, lat2, lon2 = self.lats[a], self.lons[a], self.lats[b], self.lons[b]
        stretch = self._scale / M_PER_DEGREE
        lat_c = (lat1 + lat2) / 2 + bend * (lon2 - lon1) * stretch
        lon_c = (lon1 + lon2) / 2 - bend * (lat2 - lat1) / stretch
        pieces = max(2, min(12, round(metres / 120)))
        shape = []
        for n in range(pieces + 1):
            t = n / pieces
            u = 1 - t
            shape.append(
                (
                    u * u * lat1 + 2 * u * t * lat_c + t * t * lat2,
                    u * u * lon1 + 2 * u * t * lon_c + t * t * lon2,
                )
            )
        return shape


def _rising(times: list[float]) -> list[int]:
    """Whole milliseconds, each later than the one before."""
    whole = [round(times[0])]
    for t in times[1:]:
        whole.append(max(whole[-1] + 1, round(t)))
    return whole
