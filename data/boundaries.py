"""Schematic boundaries: each village is what lies nearest to its point, cut at the city's outline.

They are Voronoi cells of public facts (a point per village, a simplified coast and border), not
surveyed borders. Worked out once with shapely and kept in `var/`; later starts only read them.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from math import cos, radians
from pathlib import Path
from typing import Any

from data.geo import Districts
from data.profile.city import City

VERSION = 1  # raise it when the same input gives another result
DIGITS = 5  # of a degree: about a metre
log = logging.getLogger(__name__)

RingList = list[list[list[float]]]  # rings of [lon, lat], the first point not repeated


@dataclass(frozen=True)
class Boundaries:
    """Rings by id, in degrees, [lon, lat]; a ring inside another of the same area is a hole."""

    villages: dict[str, RingList]
    districts: dict[str, RingList]

    def index(self, city: City) -> Districts:
        """The index that finds the village and district of a point."""
        return Districts(self.villages, city.district_of)


def boundaries(city: City, var: Path) -> Boundaries:
    """The city's boundaries, from the cache in `var` or computed and kept there.

    A cache that is broken, older or of other input is replaced. Where `var` cannot be written
    the result is the same, only the next start computes again. No villages: nothing.
    """
    if not city.district_of:
        return Boundaries({}, {})
    key = _key(city)
    path = var / "cache" / f"boundaries-{city.id}.json"
    found = _read(path, key)
    if found is None:
        found = compute(city)
        _write(path, key, found)
    return found


def compute(city: City) -> Boundaries:
    """The boundaries from the city's points and outline; without an outline the bounds cut the cells."""
    import numpy as np  # these two take a third of a second: only who computes pays it
    import shapely

    villages = [v for d in city.districts for v in d.villages]
    stretch = np.array([cos(radians(city.center[0])), 1.0])  # degrees of equal length both ways
    south, west, north, east = city.bounds
    land: Any = shapely.box(west, south, east, north)
    if city.outline:
        land = shapely.Polygon()
        for ring in city.outline:  # even-odd: a ring inside another is a hole
            land = land.symmetric_difference(shapely.make_valid(shapely.Polygon([(x, y) for y, x in ring])))
    land = shapely.transform(land, lambda a: a * stretch)
    points = shapely.MultiPoint([(v.lon, v.lat) for v in villages])
    points = shapely.transform(points, lambda a: a * stretch)
    if len(villages) == 1:
        cells = [land]
    else:
        cells = list(
            shapely.voronoi_polygons(points, extend_to=land.envelope.buffer(0.5), ordered=True).geoms
        )
    cut = {
        v.id: shapely.set_precision(
            shapely.transform(cell.intersection(land), lambda a: a / stretch), 10.0**-DIGITS
        )
        for v, cell in zip(villages, cells, strict=True)
    }
    return Boundaries(
        {v: _rings(g) for v, g in cut.items()},
        {d.id: _rings(shapely.union_all([cut[v.id] for v in d.villages])) for d in city.districts},
    )


def _rings(shape: Any) -> RingList:
    rings: RingList = []
    for part in getattr(shape, "geoms", [shape]):
        if part.geom_type == "Polygon" and not part.is_empty:
            for ring in (part.exterior, *part.interiors):
                rings.append([[round(x, DIGITS), round(y, DIGITS)] for x, y in ring.coords[:-1]])
    return rings


def _key(city: City) -> str:
    """Changes with everything the result depends on."""
    facts = (VERSION, city.center, city.bounds, city.outline, [
        (d.id, [(v.id, v.lat, v.lon) for v in d.villages]) for d in city.districts])  # fmt: skip
    return sha256(repr(facts).encode()).hexdigest()


def _read(path: Path, key: str) -> Boundaries | None:
    try:
        head, _, body = path.read_text(encoding="utf-8").partition("\n")
        if head != f"{key} {sha256(body.encode()).hexdigest()}":
            return None
        kept = json.loads(body)
        return Boundaries(kept["villages"], kept["districts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, key: str, found: Boundaries) -> None:
    """Whole or not at all: another process may read or write it at the same time."""
    body = json.dumps({"villages": found.villages, "districts": found.districts}, separators=(",", ":"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".new")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(f"{key} {sha256(body.encode()).hexdigest()}\n{body}")
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        log.warning("boundaries not kept, the next start computes them again: %s (%s)", path, error.strerror)
