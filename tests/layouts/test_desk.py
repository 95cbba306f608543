"""What the desk says: texts, states, links; not trees."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from data.contracts import FeedHealth, Reading
from data.live.picture import Picture
from data.store.read import DeadLetter, Event
from layouts import desk_detail, desk_feeds, desk_kpi, desk_search, desk_tables, ids
from layouts.desk import desk, feeds_page
from layouts.leaves import walk
from layouts.live_desk import desk_leaves, feeds_leaves
from tests.layouts import invented
from tests.layouts.invented import MIN, NOW


@pytest.fixture
def shared(city: Any, languages: Any) -> Any:
    return lambda lang="en": {"city": city, "feeds": invented.FEEDS, "tr": languages[lang]}


@pytest.fixture
def picture(city: Any) -> Picture:
    return invented.picture(city)


def leaves(picture: Picture, shared: Any, lang: str = "en") -> Any:
    return desk_leaves(picture, kpis=invented.KPIS, **shared(lang))


def block(document: dict[str, Any], key: str) -> dict[str, Any]:
    return next(b for b in document["blocks"] if b["key"] == key)


def detail(picture: Picture, shared: Any, sel: str, events: Any = (), lang: str = "en") -> dict[str, Any]:
    feed, id = sel.split("/")
    return desk_detail.document(picture.things[feed][id], list(events), picture, target_s=600, **shared(lang))


# --- the page ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["id", "en"])
def test_every_live_element_is_in_the_skeleton_and_takes_what_it_is_sent(
    picture: Picture, shared: Any, lang: str
) -> None:
    pages = [
        (
            desk(kpis=invented.KPIS, build="b", basemap_url="/m", **shared(lang)),
            leaves(picture, shared, lang),
        ),
        (feeds_page(build="b", **shared(lang)), feeds_leaves(picture, **shared(lang))),
    ]
    for page, sent in pages:
        elements = {c.id: c for c in walk(page) if getattr(c, "id", None)}
        for element, values in sent.items():
            assert element in elements
            for name, value in values.items():
                assert name.startswith("data-") or name in elements[element].available_properties
                assert isinstance(value, (str, bool))


def test_no_id_stands_twice(shared: Any) -> None:
    page = desk(kpis=invented.KPIS, build="b", basemap_url="/m", **shared())
    found = [c.id for c in walk(page) if getattr(c, "id", None)]
    assert len(found) == len(set(found))


def test_the_inbox_shows_what_can_wait_too(picture: Picture, shared: Any) -> None:
    titles = [leaves(picture, shared)[ids.row(i, "title")]["children"] for i in range(8)]
    assert titles[0] == "Breathing difficulty" and "Medical check" in titles


def test_a_row_of_the_inbox_is_a_link_to_its_object(picture: Picture, shared: Any) -> None:
    found = leaves(picture, shared)
    assert found[ids.row(1, "link")]["href"] == "/desk?lang=en&sel=incidents/I-0001"
    hrefs = [found[ids.row(i, "link")]["href"] for i in range(8) if ids.row(i, "link") in found]
    assert "/desk?lang=en&sel=ambulances/AMB-09" in hrefs and "/desk/feeds?lang=en" in hrefs


def test_a_layer_says_how_many_of_its_objects_are_known(picture: Picture, shared: Any) -> None:
    found = leaves(picture, shared)
    assert found[ids.layer("incidents")]["children"] == "6"
    assert found[ids.layer("ambulances")]["children"] == "0 of 1"


# --- details ----------------------------------------------------------------------------------------------


def test_an_incident_tells_every_time_stamp_with_its_gap(picture: Picture, shared: Any) -> None:
    start = NOW - 28 * MIN
    events = [
        Event(start, "report", "simulated", {}),
        Event(start + 40_000, "answered", "simulated", {}),
        Event(start + 2 * MIN, "dispatched:AMB-02", "simulated", {}),
        Event(start + 9 * MIN, "on_scene:AMB-02", "simulated", {}),
    ]
    steps = block(detail(picture, shared, "incidents/I-0003", events), "steps")["steps"]
    assert [s["title"] for s in steps] == [
        "Received", "Answered", "Dispatched · AMB-02", "On scene · AMB-02", "Closed",
    ]  # fmt: skip
    assert steps[1]["note"] == "40 s later"
    assert steps[2]["note"] == "1 min 20 s later · 2 min after receipt"
    assert steps[3]["note"] == "7 min later · 9 min after receipt, target 10 min kept"
    assert steps[3]["judged"] == "met" and steps[4]["note"] == "not yet"


def test_a_missed_target_is_said_in_words(picture: Picture, shared: Any) -> None:
    start = NOW - 28 * MIN
    events = [Event(start, "report", "live", {}), Event(start + 11 * MIN, "on_scene:A-1", "live", {})]
    steps = block(detail(picture, shared, "incidents/I-0003", events), "steps")["steps"]
    assert steps[1]["judged"] == "missed" and "target 10 min missed" in steps[1]["note"]


def test_without_a_history_the_first_times_have_to_do(picture: Picture, shared: Any) -> None:
    steps = block(detail(picture, shared, "incidents/I-0003"), "steps")["steps"]
    assert [s["title"] for s in steps][:2] == ["Received", "On scene"]


def test_nobody_assigned_is_the_loudest_thing(picture: Picture, shared: Any) -> None:
    clock = detail(picture, shared, "incidents/I-0002")["clock"]
    assert (clock["badge"], clock["loud"], clock["target_s"]) == ("Nobody assigned", True, 600)
    assert clock["text"] == "of 10:00 since receipt"


def test_a_crew_that_nobody_knows_is_listed_as_unknown(picture: Picture, shared: Any) -> None:
    links = block(detail(picture, shared, "incidents/I-0001"), "units")["links"]
    assert links == [
        {"sel": "ambulances/AMB-07", "symbol": ["unit-car", "unknown"], "title": "AMB-07", "sub": "Under way",
         "as_of": "", "max_age": 120, "ages": True},
    ]  # fmt: skip


def test_a_units_last_hour_is_a_track_with_stops(picture: Picture, shared: Any) -> None:
    events = [
        Event(NOW - 90 * MIN, "position", "live", {"lat": -6.90, "lon": 110.4}),  # before the hour
        Event(NOW - 30 * MIN, "position", "live", {"lat": -6.98, "lon": 110.4, "speed_kmh": 0}),
        Event(NOW - 20 * MIN, "position", "live", {"lat": -6.98, "lon": 110.4, "speed_kmh": 0}),
        Event(NOW - 19 * MIN, "position", "live", {"lat": -6.99, "lon": 110.4, "speed_kmh": 66}),
    ]
    found = detail(picture, shared, "ambulances/AMB-09", events)
    assert found["track"] == {
        "points": [[-6.98, 110.4], [-6.98, 110.4], [-6.99, 110.4]], "stops": [[-6.98, 110.4]],
    }  # fmt: skip
    assert block(found, "stops")["rows"][0][2] == "10 min"
    assert block(found, "speed")["note"] == "1.1 km driven"
    assert found["symbol"] == ["unit-car", "unknown"]  # its position is 14 minutes old


def test_every_chart_has_its_table(picture: Picture, shared: Any) -> None:
    for key in ("speed",):
        chart = block(detail(picture, shared, "ambulances/AMB-09"), key)
        assert chart["columns"] and "table" in chart


def test_documents_are_plain_json(picture: Picture, shared: Any) -> None:
    for sel in ("incidents/I-0001", "ambulances/AMB-09"):
        assert json.dumps(detail(picture, shared, sel, lang="id"))


# --- figures ----------------------------------------------------------------------------------------------


def test_a_figure_tells_formula_target_source_and_what_it_stands_on(picture: Picture, shared: Any) -> None:
    kpi = invented.KPIS["ambulance.response_p90"]
    kept = [(NOW - MIN, Reading(9.2, 57, 60, NOW - MIN))]
    found = desk_kpi.document(kpi, kept, picture, **shared())
    rows = dict(block(found, "facts")["rows"])
    assert found["value"] == {"text": "9.4", "unit": "min", "known": True}
    assert rows["Target"] == "≤ 10" and rows["Members in"] == "58 of 61" and rows["Members out"] == "3"
    assert rows["Source of the target"].startswith("Dinas Kesehatan")
    assert block(found, "series")["table"][0][1:] == ["9.2", "57 of 60"]


def test_a_figure_past_its_age_is_unknown_and_says_why(picture: Picture, shared: Any) -> None:
    found = desk_kpi.document(invented.KPIS["calls.last_hour"], [], picture, **shared())
    assert found["value"]["text"] == "unknown" and found["symbol"] == ["kpi", "unknown"]
    assert dict(block(found, "facts")["rows"])["Why no value"] == "nothing to count yet"


def test_every_figure_can_be_pressed(picture: Picture, shared: Any) -> None:
    for kpi in invented.KPIS.values():
        for lang in ("id", "en"):
            assert json.dumps(desk_kpi.document(kpi, [], picture, **shared(lang)))
    empty = dataclasses.replace(picture, readings={}, series={}, things={})
    assert desk_kpi.document(kpi, [], empty, **shared())["value"]["known"] is False


# --- tables, search, feeds --------------------------------------------------------------------------------


def test_rows_have_a_value_for_every_column(picture: Picture, shared: Any) -> None:
    for feed in ("incidents", "ambulances"):
        fields = {c["field"] for c in desk_tables.columns(feed, shared()["tr"])}
        rows = desk_tables.rows(picture, feed, **shared())
        assert rows and all(fields <= set(row) for row in rows)


def test_an_incident_that_waits_says_no_unit(picture: Picture, shared: Any) -> None:
    rows = {r["id"]: r for r in desk_tables.rows(picture, "incidents", **shared())}
    assert rows["I-0002"]["word"] == "no unit" and rows["I-0002"]["waits"]
    assert rows["I-0003"]["units"] == "AMB-02 +1"


@pytest.mark.parametrize(
    ("text", "first"),
    [("amb-09", "AMB-09"), ("cardiac", "Cardiac arrest"), ("I-0003", "Fire"), ("pandanaran cardiac", "Cardiac arrest"),
     ("tembalang", "Tembalang")],
)  # fmt: skip
def test_search_finds_units_incidents_and_places(
    picture: Picture, shared: Any, text: str, first: str
) -> None:
    assert desk_search.search(text, picture, **shared())[0]["title"] == first


@pytest.mark.parametrize("text", ["", "   ", "%", "*", "\\", "' OR 1=1 --", "(((", "\x00", "zzz" * 60, "😀"])
def test_hostile_search_finds_nothing_and_breaks_nothing(picture: Picture, shared: Any, text: str) -> None:
    assert desk_search.search(text, picture, **shared()) == []


def test_feed_health_adds_up_or_says_what_is_missing(picture: Picture, shared: Any) -> None:
    health = {
        "ambulances": FeedHealth("ambulances", received=10, accepted=7, duplicates=1, rejected=2),
        "incidents": FeedHealth("incidents", received=5, accepted=4),
    }
    letter = DeadLetter("1-0", NOW, "incidents", "city/x", "not_json", "not_json: no JSON", "{")
    unknown = [{"sender": "<b>", "topic": "t", "count": 3, "last_seen": NOW, "first_seen": NOW}]
    found = desk_feeds.document(
        health, {"incidents": {"desk-1": NOW}}, unknown, [letter], picture, **shared()
    )
    sums = {row[0]: row[6] for row in block(found, "sums")["rows"]}
    assert sums["Ambulances"] == "adds up" and sums["Incidents"] == "1 missing"
    assert block(found, "letters")["rows"][0][2:4] == ["no JSON", "not_json: no JSON"]
    assert block(found, "unknown")["rows"][0][0] == "<b>"
    assert block(found, "senders")["rows"][0][:2] == ["desk-1", "Incidents"]
    assert json.dumps(found)
