"""The map that needs no tile server: land, districts, roads and names from the city profile."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from data.boundaries import Boundaries, boundaries
from data.profile.city import City, Point

DIGITS = 4  # of a degree: about 11 m, less than a pixel on a wall that shows the whole city


def base_map(city: City, var: Path) -> dict[str, Any]:
    """What the browser draws beneath everything else; plain lists and numbers, [lon, lat] in degrees.

    `land` rings of the city; `neighbours` rings of the land around it; `districts` and
    `villages` schematic areas; `roads`, `rivers` lines; `places`, `hospitals`, `sea` points.
    """
    return as_dict(city, boundaries(city, var))


def as_dict(city: City, known: Boundaries) -> dict[str, Any]:
    """The base map of a city whose boundaries are known."""
    names = city.village_names
    return {
        "bounds": list(city.bounds),
        "land": [_line(ring) for ring in city.outline],
        "neighbours": [
            {"name": area.name, "rings": [_line(ring) for ring in area.rings]} for area in city.neighbours
        ],
        "districts": [
            {"id": d.id, "name": d.name, "rings": _rings(known.districts.get(d.id, [])),
             "label": _point(d.label)}
            for d in city.districts
        ],
        "villages": [
            {"id": v, "name": names[v], "rings": _rings(rings)} for v, rings in known.villages.items()
        ],
        "roads": [{"name": w.name, "class": w.kind, "line": _line(w.points)} for w in city.roads],
        "rivers": [{"name": w.name, "line": _line(w.points)} for w in city.rivers],
        "places": [
            {"name": p.name, "lon": round(p.lon, DIGITS), "lat": round(p.lat, DIGITS), "rank": p.rank}
            for p in city.places
        ],
        "hospitals": [
            {"id": h.id, "name": h.name, "lon": round(h.lon, DIGITS), "lat": round(h.lat, DIGITS)}
            for h in city.hospitals
        ],
        "sea": [{"names": dict(s.names), "lon": s.lon, "lat": s.lat} for s in city.seas],
    }  # fmt: skip


def _point(at: Point) -> list[float]:
    return [round(at[1], DIGITS), round(at[0], DIGITS)]


def _line(points: Iterable[Point]) -> list[list[float]]:
    return [_point(p) for p in points]


def _rings(rings: list[list[list[float]]]) -> list[list[list[float]]]:
    return [[[round(x, DIGITS), round(y, DIGITS)] for x, y in ring] for ring in rings]
