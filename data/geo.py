"""Where things are: distances, and which district and village a point lies in."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from math import asin, cos, radians, sin, sqrt

EARTH_M = 6_371_008.8  # mean radius
GRID = 384  # cells each way; a border runs through about one cell in ten

# A ring is a list of (lon, lat); an area is its rings, a ring inside another being a hole.
Rings = Sequence[Sequence[Sequence[float]]]


def distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Metres between two points in degrees, along the great circle (haversine, mean Earth radius)."""
    half_lat = sin(radians(lat2 - lat1) / 2)
    half_lon = sin(radians(lon2 - lon1) / 2)
    h = half_lat * half_lat + cos(radians(lat1)) * cos(radians(lat2)) * half_lon * half_lon
    return 2 * EARTH_M * asin(sqrt(min(1.0, h)))


class Districts:
    """Finds the village and district of a point: a grid answers at once, only border cells are tested.

    villages: rings by village id. district_of: village id to district id. The first village
    whose rings hold the point wins; a point on a shared border may go to either side.
    """

    def __init__(self, villages: Mapping[str, Rings], district_of: Mapping[str, str]) -> None:
        self._answers = [(district_of[v], v) for v in villages]
        self._edges = [_edges(rings) for rings in villages.values()]
        points = [p for rings in villages.values() for ring in rings for p in ring]
        self._west = min((p[0] for p in points), default=0.0)
        self._south = min((p[1] for p in points), default=0.0)
        self._east = max((p[0] for p in points), default=0.0)
        self._north = max((p[1] for p in points), default=0.0)
        self._per_lon = GRID / max(self._east - self._west, 1e-9)
        self._per_lat = GRID / max(self._north - self._south, 1e-9)
        # A cell holds the number of its village, -1 outside, or -2 - k for the k-th list of candidates.
        self._cells = array("h", [-1]) * ((GRID + 1) * (GRID + 1))
        self._mixed: list[tuple[int, ...]] = []
        self._fill()

    def locate(self, lat: float, lon: float) -> tuple[str, str] | None:
        """(district id, village id) of the point, None outside the city."""
        if not (self._west <= lon <= self._east and self._south <= lat <= self._north):
            return None
        col = int((lon - self._west) * self._per_lon)
        cell = self._cells[int((lat - self._south) * self._per_lat) * (GRID + 1) + col]
        if cell >= 0:
            return self._answers[cell]
        if cell == -1:
            return None
        for village in self._mixed[-2 - cell]:
            if _holds(self._edges[village], lat, lon):
                return self._answers[village]
        return None

    def _fill(self) -> None:
        """Mark the cells that borders cross, then give each run of other cells its one village."""
        crossed: dict[int, set[int]] = {}
        for village, edges in enumerate(self._edges):
            for edge in edges:
                for cell in self._under(edge):
                    crossed.setdefault(cell, set()).add(village)
        lists: dict[tuple[int, ...], int] = {}
        for cell, villages in crossed.items():
            names = tuple(sorted(villages))
            if names not in lists:
                lists[names] = len(self._mixed)
                self._mixed.append(names)
            self._cells[cell] = -2 - lists[names]
        self._fill_inside(crossed)

    def _fill_inside(self, crossed: Mapping[int, set[int]]) -> None:
        """A row's cells between two crossed ones belong together: ask once for the middle of the first."""
        for row in range(GRID + 1):
            run: int | None = None
            lat = self._south + (row + 0.5) / self._per_lat
            for col in range(GRID + 1):
                cell = row * (GRID + 1) + col
                if cell in crossed:
                    run = None
                    continue
                if run is None:
                    lon = self._west + (col + 0.5) / self._per_lon
                    near = crossed.get(cell - 1, ()) if col else ()
                    run = next((v for v in near if _holds(self._edges[v], lat, lon)), -1)
                self._cells[cell] = run

    def _under(self, edge: tuple[float, float, float, float]) -> set[int]:
        """The cells that an edge may touch, a hair's breadth included."""
        lon1, lat1, lon2, lat2 = edge
        x1, y1 = (lon1 - self._west) * self._per_lon, (lat1 - self._south) * self._per_lat
        x2, y2 = (lon2 - self._west) * self._per_lon, (lat2 - self._south) * self._per_lat
        if x1 > x2:
            x1, y1, x2, y2 = x2, y2, x1, y1
        hair = 1e-6
        upright = x2 - x1 < 1e-9  # its slope would be no usable number
        slope = 0.0 if upright else (y2 - y1) / (x2 - x1)
        cells = set()
        for col in range(max(0, int(x1 - hair)), min(GRID, int(x2 + hair)) + 1):
            if upright:
                a, b = y1, y2
            else:
                a = y1 + slope * (min(max(col, x1), x2) - x1)
                b = y1 + slope * (min(max(col + 1, x1), x2) - x1)
            low, high = min(a, b) - hair, max(a, b) + hair
            for row in range(max(0, int(low)), min(GRID, int(high)) + 1):
                cells.add(row * (GRID + 1) + col)
        return cells


def _edges(rings: Rings) -> list[tuple[float, float, float, float]]:
    out = []
    for ring in rings:
        points = [(float(p[0]), float(p[1])) for p in ring]
        out += [(*a, *b) for a, b in zip(points, points[1:] + points[:1], strict=True) if a != b]
    return out


def _holds(edges: list[tuple[float, float, float, float]], lat: float, lon: float) -> bool:
    """Even-odd rule: a ray to the east crosses the border an odd number of times."""
    inside = False
    for lon1, lat1, lon2, lat2 in edges:
        if (lat1 > lat) != (lat2 > lat) and lon < (lon2 - lon1) * (lat - lat1) / (lat2 - lat1) + lon1:
            inside = not inside
    return inside
