"""Places: distances, boundaries, and the answer to "in which village is this"."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from data.basemap import as_dict, base_map
from data.boundaries import Boundaries, boundaries, compute
from data.geo import Districts, distance_m
from data.profile import City, load_city
from data.settings import PROJECT

CITY = load_city("semarang", [PROJECT / "data" / "cities"])


@pytest.fixture(scope="module")
def known() -> Boundaries:
    return compute(CITY)


def area(rings: list[list[list[float]]]) -> shapely.Geometry:
    shape = shapely.Polygon()
    for ring in rings:
        shape = shape.symmetric_difference(shapely.Polygon(ring))
    return shape


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        ((0, 0), (0, 0), 0),
        ((0, 0), (0, 1), 111_195),  # a degree of the equator
        ((-6.990, 110.423), (-6.175, 106.827), 407_424),  # Simpang Lima to Monas in Jakarta
        ((0, 179.5), (0, -179.5), 111_195),  # across the date line
        ((90, 0), (-90, 0), 20_015_114),
    ],
)
def test_distances_are_those_of_the_globe(a, b, metres):
    assert distance_m(*a, *b) == pytest.approx(metres, rel=0.001, abs=1e-6)


def test_each_of_the_177_villages_lies_in_itself_and_its_district(known):
    index = known.index(CITY)
    for district in CITY.districts:
        for village in district.villages:
            assert index.locate(village.lat, village.lon) == (district.id, village.id)


def test_every_hotspot_stands_in_its_village(known):
    index = known.index(CITY)
    for spot in CITY.registry["hotspots"].values():
        assert index.locate(spot.lat, spot.lon) == (spot.district, spot.village), spot.id


def test_villages_fill_the_outline_without_gap_or_overlap(known):
    outline = area([[[x, y] for y, x in ring] for ring in CITY.outline])
    villages = [area(rings) for rings in known.villages.values()]
    together = shapely.union_all(villages)
    assert together.symmetric_difference(outline).area < 1e-4 * outline.area
    assert sum(v.area for v in villages) == pytest.approx(together.area, rel=1e-6)
    districts = shapely.union_all([area(rings) for rings in known.districts.values()])
    assert districts.symmetric_difference(together).area < 1e-6


@dataclass(repr=False)
class Exact:
    known: Boundaries
    index: Districts
    shapes: dict[str, shapely.Geometry]
    borders: shapely.STRtree


@pytest.fixture(scope="module")
def exact(known):
    shapes = {v: area(rings) for v, rings in known.villages.items()}
    shapely.prepare(list(shapes.values()))
    borders = shapely.STRtree([shape.boundary for shape in shapes.values()])
    return Exact(known, known.index(CITY), shapes, borders)


@given(st.floats(-7.13, -6.92), st.floats(110.25, 110.52))
def test_the_fast_answer_is_the_exact_one(exact, lat, lon):
    agree(exact, lat, lon)


@given(st.data())
def test_the_fast_answer_is_the_exact_one_close_to_borders(exact, data):
    known = exact.known
    rings = known.villages[data.draw(st.sampled_from(sorted(known.villages)))]
    ring = data.draw(st.sampled_from(rings))
    n = data.draw(st.integers(0, len(ring) - 1))
    (x1, y1), (x2, y2), t = ring[n - 1], ring[n], data.draw(st.floats(0, 1))
    jump = st.floats(-1e-5, 1e-5)
    agree(exact, y1 + t * (y2 - y1) + data.draw(jump), x1 + t * (x2 - x1) + data.draw(jump))


def agree(exact: Exact, lat: float, lon: float) -> None:
    point = shapely.Point(lon, lat)
    if len(exact.borders.query(point, predicate="dwithin", distance=1e-10)):
        return  # on the border itself either side is right
    holding = {v for v, shape in exact.shapes.items() if shape.contains(point)}
    found = exact.index.locate(lat, lon)
    assert {found[1] if found else None} == (holding or {None})


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=9), st.data())
def test_any_polygon_is_found_as_shapely_finds_it(points, data):
    polygon = shapely.make_valid(shapely.MultiPoint(points).convex_hull)
    if polygon.geom_type != "Polygon" or polygon.area < 1e-6:
        return
    index = Districts({"v": [[list(p) for p in polygon.exterior.coords[:-1]]]}, {"v": "d"})
    x, y = data.draw(st.floats(-0.1, 1.1)), data.draw(st.floats(-0.1, 1.1))
    if polygon.boundary.distance(shapely.Point(x, y)) > 1e-9:
        assert index.locate(y, x) == (("d", "v") if polygon.contains(shapely.Point(x, y)) else None)


def test_a_hole_in_a_village_is_outside():
    square = [[0, 0], [9, 0], [9, 9], [0, 9]]
    hole = [[3, 3], [6, 3], [6, 6], [3, 6]]
    index = Districts({"v": [square, hole]}, {"v": "d"})
    assert (index.locate(1, 1), index.locate(4.5, 4.5)) == (("d", "v"), None)


def test_a_city_without_villages_has_no_places(tmp_path):
    bare = City("x", "X", (0.0, 0.0), (-1.0, -1.0, 1.0, 1.0), "UTC", ("en",))
    found = boundaries(bare, tmp_path)
    assert found.index(bare).locate(0.0, 0.0) is None
    assert base_map(bare, tmp_path)["districts"] == []
    assert not list(tmp_path.iterdir())


def test_boundaries_are_computed_once_and_read_from_then_on(tmp_path, monkeypatch, known):
    first = boundaries(CITY, tmp_path)
    monkeypatch.setattr("data.boundaries.compute", lambda _: pytest.fail("computed again"))
    assert boundaries(CITY, tmp_path) == first == known
    assert [p.name for p in (tmp_path / "cache").iterdir()] == ["boundaries-semarang.json"]


@pytest.mark.parametrize(
    "damage", [lambda t: "", lambda t: t[: len(t) // 2], lambda t: t.replace("110.4", "111.4", 1)]
)
def test_a_broken_cache_is_computed_again(tmp_path, damage, known):
    boundaries(CITY, tmp_path)
    cache = tmp_path / "cache" / "boundaries-semarang.json"
    whole = cache.read_text()
    cache.write_text(damage(whole))
    assert boundaries(CITY, tmp_path) == known
    assert cache.read_text() == whole


def test_other_input_gives_another_result(tmp_path):
    first = boundaries(CITY, tmp_path)
    fewer = City(**{**vars_of(CITY), "districts": CITY.districts[:3]})
    assert set(boundaries(fewer, tmp_path).districts) < set(first.districts)


def vars_of(city: City) -> dict[str, object]:
    return {name: getattr(city, name) for name in city.__dataclass_fields__}


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path, known):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert boundaries(CITY, blocked) == known


def test_without_an_outline_the_bounds_cut_the_cells():
    open_city = City(**{**vars_of(CITY), "outline": ()})
    land = shapely.union_all([area(r) for r in compute(open_city).villages.values()])
    south, west, north, east = CITY.bounds
    assert land.area == pytest.approx((north - south) * (east - west), rel=1e-3)


def test_the_base_map_is_small_plain_and_complete(known):
    found = as_dict(CITY, known)
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    assert len(text.encode()) < 250_000
    assert json.loads(text) == found
    assert [len(found[k]) for k in ("districts", "villages", "neighbours")] == [16, 177, 3]
    assert all(found[k] for k in ("land", "roads", "rivers", "places", "hospitals", "sea"))
    assert {r["class"] for r in found["roads"]} == {"toll", "main", "second"}
