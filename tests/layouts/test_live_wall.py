"""What the wall says for a given picture: texts and states, not trees."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from data.attention import Attention
from data.contracts import Problem, Reading
from data.live.picture import Picture
from layouts import attention, ids
from layouts.leaves import walk
from layouts.scale import shape
from layouts.wall import wall
from tests.layouts import invented
from tests.layouts.invented import NOW

SHAPES = [shape(2.43, 6.0), shape(2.43, 8.0), shape(2.43, 8.8), shape(1.22, 6.0)]


def built(given: dict[str, Any], picture: Picture | None = None) -> Any:
    return wall(**given, build="b1", basemap_url="/map", picture=picture)


@pytest.mark.parametrize("size", SHAPES, ids=lambda s: f"k={s.k}")
def test_every_live_element_is_in_the_skeleton_and_takes_what_it_is_sent(
    given: Any, shown: Any, size: Any
) -> None:
    elements = {c.id: c for c in walk(built(given(size=size))) if getattr(c, "id", None)}
    for element, values in shown(size=size).items():
        assert element in elements
        for name in values:
            assert name.startswith("data-") or name in elements[element].available_properties


def test_no_id_stands_twice(given: Any) -> None:
    found = [c.id for c in walk(built(given())) if getattr(c, "id", None)]
    assert len(found) == len(set(found))


def test_only_plain_values_travel_never_trees(shown: Any) -> None:
    values = [v for leaf in shown().values() for v in leaf.values()]
    assert all(isinstance(v, (str, bool)) for v in values)
    assert json.dumps(shown())


def test_the_same_picture_gives_the_same_leaves(shown: Any) -> None:
    assert shown() == shown()


def test_the_first_paint_is_not_empty(city: Any, given: Any) -> None:
    elements = {c.id: c for c in walk(built(given(), invented.picture(city))) if getattr(c, "id", None)}
    assert elements[ids.row(0, "title")].children == "Breathing difficulty"
    assert elements[ids.tile("ambulance.response_p90", "value")].children == "9.4"


def test_a_row_says_what_where_who_and_since_when(shown: Any) -> None:
    leaves = shown()
    assert leaves[ids.row(1, "title")]["children"] == "Cardiac arrest"
    assert leaves[ids.row(1, "place")]["children"] == "Pandanaran"
    assert leaves[ids.row(1, "who")]["children"] == "AMB-07 en route"
    assert leaves[ids.row(1)]["data-since"] == "2026-11-24T13:41:00.000Z"
    assert leaves[ids.row(1)]["data-style"] == "clock"
    assert leaves[ids.row(1)]["data-target-s"] == "600"


def test_nobody_assigned_is_said_loudly(shown: Any) -> None:
    leaves = shown()
    assert leaves[ids.row(2, "title")]["children"] == "Traffic accident"
    assert leaves[ids.row(2, "nobody")]["hidden"] is False
    assert leaves[ids.row(2, "who")]["children"] == ""
    assert leaves[ids.row(2, "state")] == {"children": "new", "className": "row-state filled"}


def test_the_response_clock_stops_when_the_first_crew_is_there(shown: Any) -> None:
    leaves = shown()
    assert leaves[ids.row(3, "title")]["children"] == "Fire"
    assert leaves[ids.row(3)]["data-ended"] != ""
    assert "row-stopped" in leaves[ids.row(3)]["className"]
    assert leaves[ids.row(3, "who")]["children"] == "AMB-02, AMB-14 on scene"


def test_an_incident_past_its_target_is_marked_in_words(shown: Any) -> None:
    assert shown()[ids.row(0, "state")]["children"] == "past target"


def test_what_is_unknown_is_a_violet_row_without_response_clock(shown: Any) -> None:
    leaves = shown(lang="id")
    row = leaves[ids.row(4)]
    assert "sev-unknown" in row["className"]
    assert row["data-style"] == "age"
    assert leaves[ids.row(4, "title")]["children"] == "AMB-09: tanpa posisi"


def test_a_dead_feed_is_named_with_what_it_leaves_unknown(city: Any, languages: Any) -> None:
    row = Attention("feed", "hotspots", None, NOW - 840_000, title="WiFi hotspots", members=402)
    leaves = attention.leaves([row], 5, empty=False, city=city, feeds=invented.FEEDS, tr=languages["id"])
    assert leaves[ids.row(0, "title")]["children"] == "Titik WiFi: tanpa data"
    assert leaves[ids.row(0, "place")]["children"] == "402 objek tak diketahui"


def test_who_is_there_is_named_first_and_a_crowd_is_counted(city: Any, languages: Any) -> None:
    units = (("A-1", "en_route"), ("A-2", "on_scene"), ("A-3", "en_route"), ("A-4", "dispatched"))
    row = Attention("incident", "I-1", 2, NOW, title="Fire", units=units)
    leaves = attention.leaves([row], 5, empty=False, city=city, feeds=invented.FEEDS, tr=languages["en"])
    assert leaves[ids.row(0, "who")]["children"] == "A-2 on scene +3"


def test_a_district_is_named_where_there_is_no_address(city: Any, languages: Any) -> None:
    district = city.districts[0]
    row = Attention("incident", "I-1", 2, NOW, title="Fire", place=district.id, district=district.id)
    leaves = attention.leaves([row], 5, empty=False, city=city, feeds=invented.FEEDS, tr=languages["en"])
    assert leaves[ids.row(0, "place")]["children"] == district.name


def test_what_does_not_fit_is_counted(shown: Any) -> None:
    leaves = shown()
    assert leaves[ids.ATTENTION_OPEN]["children"] == "6 open"
    assert leaves[ids.ATTENTION_UNASSIGNED]["children"] == "2 unassigned"
    assert leaves[ids.ATTENTION_MORE]["children"] == "2 more · 1 can wait"


def test_empty_rows_are_hidden(city: Any, shown: Any) -> None:
    leaves = shown(invented.picture(city, calm=True))
    assert all(leaves[ids.row(i)] == {"hidden": True} for i in range(5))
    assert leaves[ids.ATTENTION_NONE] == {"children": "Nothing needs action", "hidden": False}
    assert leaves[ids.ATTENTION_MORE]["children"] == ""


def test_silence_is_not_shown_as_calm(shown: Any) -> None:
    assert shown(Picture(now_ms=NOW))[ids.ATTENTION_NONE]["children"] == "No data yet"


def test_a_tile_says_value_target_coverage_and_age(shown: Any) -> None:
    leaves = shown(lang="id")
    name = "ambulance.response_p90"
    assert leaves[ids.tile(name, "value")]["children"] == "9,4"
    assert leaves[ids.tile(name, "coverage")]["children"] == "58/61"
    assert leaves[ids.tile(name)] == {"data-state": "watch", "data-as-of": "2026-11-24T13:47:00.000Z"}


def test_a_value_that_is_not_known_is_never_a_number(shown: Any) -> None:
    leaves = shown()
    assert leaves[ids.tile("calls.last_hour", "value")]["children"] == ""
    assert leaves[ids.tile("calls.last_hour")]["data-state"] == "unknown"


def test_a_tile_without_any_reading_is_unknown(city: Any, shown: Any) -> None:
    leaves = shown(dataclasses.replace(invented.picture(city), readings={}))
    for name in city.scenes["overview"].tiles:
        assert leaves[ids.tile(name)] == {"data-state": "unknown", "data-as-of": ""}
    assert leaves[ids.count("available")]["children"] == "–"


def test_large_coverage_is_in_per_cent_and_never_rounded_up_to_all(city: Any, shown: Any) -> None:
    picture = dataclasses.replace(
        invented.picture(city), readings={"hotspots.users_online": Reading(7.0, 2_299, 2_300, NOW)}
    )
    assert shown(picture)[ids.tile("hotspots.users_online", "coverage")]["children"] == "99 %"


def test_a_tiles_static_part_names_target_and_formula(given: Any) -> None:
    tiles = [c for c in walk(built(given("id"))) if getattr(c, "data-kpi", None)]
    assert [getattr(t, "data-kpi") for t in tiles] == list(given()["scene"].tiles)
    texts = [c.children for c in walk(tiles[0]) if isinstance(getattr(c, "children", None), str)]
    assert "≤ 10" in texts and "tanpa data" in texts and "mnt" in texts
    assert "laporan diterima" in tiles[0].title


def test_units_are_counted_by_state(shown: Any) -> None:
    leaves = shown()
    assert leaves[ids.count("available")]["children"] == "44"
    assert leaves[ids.count("unknown")]["children"] == "1"


def test_the_strip_says_how_many_feeds_are_alive(shown: Any) -> None:
    leaves = shown()
    assert leaves[ids.FEEDS_COUNT]["children"] == "2 of 3"
    assert leaves[ids.feed("hotspots")]["data-as-of"] == "2026-11-24T13:33:12.000Z"


def test_a_feed_never_heard_has_no_age(shown: Any) -> None:
    assert shown(Picture(now_ms=NOW))[ids.feed("hotspots")] == {"data-as-of": ""}


@pytest.mark.parametrize(("mode", "marked"), [("simulated", True), ("mixed", True), ("live", False)])
def test_simulated_data_is_marked_wherever_it_may_be(city: Any, shown: Any, mode: Any, marked: bool) -> None:
    leaves = shown(invented.picture(city, mode), lang="id")
    assert leaves[ids.MODE]["hidden"] is not marked
    assert ("stripe-on" in leaves[ids.STRIPE]["className"]) is marked
    if marked:
        assert leaves[ids.MODE]["children"] == "SIMULASI"


def test_live_data_on_simulated_data_is_said_with_the_cure(city: Any, shown: Any) -> None:
    leaves = shown(invented.picture(city, "mixed"))
    assert leaves[ids.BANNER]["hidden"] is False
    assert "app.py store --forget simulated" in leaves[ids.BANNER_TEXT]["children"]


def test_what_the_room_itself_lacks_is_said_with_since_when(city: Any, shown: Any) -> None:
    problems = [
        Problem("store", "The store does not answer.", NOW - 900_000),
        Problem("worker", "Feed worker stopped", NOW - 60_000),
    ]
    leaves = shown(dataclasses.replace(invented.picture(city), problems=problems), lang="id")
    text = leaves[ids.BANNER_TEXT]["children"]
    assert text.startswith("Penyimpanan tidak menjawab. · sejak 20.32")
    assert "Pengolah data berhenti · sejak 20.46" in text


def test_no_problem_no_banner(shown: Any) -> None:
    assert shown()[ids.BANNER]["hidden"] is True


def test_hostile_text_stays_text(city: Any, languages: Any) -> None:
    row = Attention("incident", "I-1", 1, NOW, title="<img src=x onerror=alert(1)>{n}", place="{place}")
    leaves = attention.leaves([row], 5, empty=False, city=city, feeds=invented.FEEDS, tr=languages["en"])
    assert leaves[ids.row(0, "title")]["children"] == "<img src=x onerror=alert(1)>{n}"
    assert leaves[ids.row(0, "place")]["children"] == "{place}"


def test_larger_type_shows_fewer_rows_and_tiles(shown: Any) -> None:
    few = shown(size=shape(1.22, 6.0))
    assert ids.row(2) in few and ids.row(3) not in few
    assert ids.tile("incidents.open") not in few
    assert few[ids.ATTENTION_MORE]["children"] == "4 more · 1 can wait"


def test_scripts_find_all_they_need_in_the_configuration(given: Any) -> None:
    config = next(c for c in walk(built(given("id"))) if getattr(c, "id", None) == ids.CONFIG)
    found = json.loads(getattr(config, "data-config"))
    assert found["lang"] == "id" and found["zone"] == "Asia/Jakarta" and found["build"] == "b1"
    assert found["bounds"][0][0] < found["center"][0] < found["bounds"][1][0]
    assert [layer["name"] for layer in found["layers"]] == ["ambulances", "incidents", "hotspots"]
    assert found["layers"][0]["states"]["en_route"] == "menuju"
    assert found["layers"][1]["max_age_s"] is None
