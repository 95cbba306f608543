"""The map layer: what it draws, when it draws, what it answers, and that it leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.harness import invented
from tests.browser.harness.serve import FakeRoom
from tests.browser.waiting import until

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
OFF = "?live=0"  # frames are handed over by the test itself


def put(page: Page, feed: str, *rows: list[Any], full: bool = False) -> None:
    page.evaluate(
        "([feed, rows, full]) => room.things.apply({[feed]: {set: rows, del: []}}, full)",
        [feed, list(rows), full],
    )
    settled(page)


def settled(page: Page) -> None:
    page.evaluate("new Promise((go) => requestAnimationFrame(() => setTimeout(go, 80)))")


def unit(id: str = "A-1", lat: float = -7.0, lon: float = 110.4, heading: float | None = 0,
         state: str = "available", age_s: float | None = 0, kind: str = "car") -> list[Any]:  # fmt: skip
    event = None if age_s is None else invented.now_ms() - int(age_s * 1000)
    return [id, lat, lon, heading, f"unit-{kind}", state, event, 120, id, None]


def hotspot(id: str, lat: float, lon: float, state: str = "down") -> list[Any]:
    return [id, lat, lon, None, "hotspot", state, invented.now_ms(), 300, id, None]


def thing(page: Page, what: str, id: str = "A-1", feed: str = "ambulances") -> Any:
    return page.evaluate(f"(() => {{ const t = room.things.get('{feed}', '{id}'); return {what}; }})()")


def layer(page: Page, what: str) -> Any:
    return page.evaluate(f"(() => {{ const o = room.map.maps.get('map').objects; return {what}; }})()")


def shown(page: Page) -> Any:
    return page.evaluate("[theMap.getCenter().lat, theMap.getCenter().lng, theMap.getZoom()]")


def at(page: Page, id: str = "A-1", feed: str = "ambulances") -> tuple[float, float]:
    """Where a thing is on the screen."""
    box = page.evaluate(
        "(() => { const r = document.getElementById('map').getBoundingClientRect(); return [r.x, r.y]; })()"
    )
    p = page.evaluate(
        f"(() => {{ const t = room.things.get('{feed}', '{id}'); "
        "const p = room.map.maps.get('map').objects.pixel(t.group || t); return [p.x, p.y]; })()"
    )
    return box[0] + p[0], box[1] + p[1]


def test_a_unit_glides_to_its_new_fix_and_arrives_within_a_second(open_page: Open) -> None:
    page = open_page(OFF)
    put(page, "ambulances", unit(lat=-7.0, heading=350))
    put(page, "ambulances", unit(lat=-6.999, heading=10))
    ways = page.evaluate("""() => new Promise((done) => {
      const t = room.things.get('ambulances', 'A-1'), seen = [];
      (function look() {
        seen.push(t.at(performance.now()));
        if (t.gliding) requestAnimationFrame(look); else done({seen, ms: performance.now() - t.t0});
      })();
    })""")
    ys = [y for _, y, _ in ways["seen"]]
    assert len(set(ys)) > 3, "it moves in steps"
    assert ys == sorted(ys, reverse=True), "and never back"
    headings = [h % 360 for _, _, h in ways["seen"]]
    assert all(h >= 349 or h <= 11 for h in headings), "it turns the short way"
    assert thing(page, "t.gliding") is False
    assert layer(page, "o.moving") is False


def test_a_leap_is_no_drive(open_page: Open) -> None:
    page = open_page(OFF)
    put(page, "ambulances", unit(lat=-7.0))
    put(page, "ambulances", unit(lat=-6.9))
    assert thing(page, "t.gliding") is False


def test_an_idle_map_draws_nothing(open_page: Open) -> None:
    page = open_page(OFF)
    put(page, "ambulances", unit(), unit("A-2", lat=-7.02))
    until(page, lambda: layer(page, "!o.moving && !o.dirty && !o.frame"), "rest")
    before = page.evaluate("({...room.map.stats})")
    page.wait_for_timeout(2200)  # two ticks of the clock: ages run, pixels do not
    after = page.evaluate("({...room.map.stats})")
    for what in ("redraws", "still", "base", "ticks"):
        assert after[what] == before[what], what


def test_a_unit_that_fell_silent_turns_stale_without_any_frame(open_page: Open) -> None:
    page = open_page(OFF)
    put(page, "ambulances", unit(age_s=118.5, state="en_route"))
    assert thing(page, "t.wears").startswith("unit-car|en_route")
    until(page, lambda: thing(page, "t.wears").startswith("unit-car|stale"), "the stale look", 5)
    put(page, "ambulances", unit(age_s=0, state="en_route"))
    assert thing(page, "t.wears").startswith("unit-car|en_route")


def test_what_was_never_heard_is_stale(open_page: Open) -> None:
    page = open_page(OFF)
    put(page, "ambulances", unit(age_s=None))
    assert thing(page, "t.stale") is True


def test_each_status_has_its_own_picture_and_turns_with_the_heading(open_page: Open) -> None:
    page = open_page(OFF)
    pictures = page.evaluate("""() => {
      const atlas = room.map.maps.get('map').objects.atlas, found = [];
      const states = ['available', 'dispatched', 'en_route', 'on_scene', 'transporting', 'at_hospital',
        'out_of_service', 'stale'];
      for (const symbol of ['unit-car', 'unit-motorcycle'])
        for (const state of states)
          found.push(atlas.strip(symbol, state, 34).image.toDataURL());
      for (const n of ['1', '2', '3', '4']) found.push(atlas.strip('incident', n, 34).image.toDataURL());
      for (const s of ['degraded', 'down', 'stale']) found.push(atlas.strip('hotspot', s, 30).image.toDataURL());
      return found;
    }""")
    assert len(set(pictures)) == len(pictures) == 23
    put(
        page,
        "ambulances",
        unit(heading=0),
        unit("A-2", lat=-7.03, heading=90),
        unit("A-3", lat=-7.06, heading=359),
    )
    cells = layer(page, "Object.fromEntries(o.upper.map((t, i) => [t.id, o.drawn[3 * i + 2]]))")
    assert cells == {"A-1": 0, "A-2": 16, "A-3": 0}


def test_incidents_lie_above_units_and_the_gravest_on_top(open_page: Open) -> None:
    page = open_page(OFF)
    put(page, "incidents", invented.incident("I-1", 1, -7.0, 110.40, "a", 1, None),
        invented.incident("I-4", 4, -7.0, 110.45, "b", 1, None))  # fmt: skip
    put(page, "ambulances", unit(lat=-7.05, state="en_route"), unit("A-2", lat=-7.06))
    assert layer(page, "o.upper.map((t) => t.id)") == ["A-2", "A-1", "I-4", "I-1"]


def test_hotspots_that_are_up_are_thinned_dots_and_the_others_join_in_a_ring(open_page: Open) -> None:
    page = open_page(OFF)
    ups = [hotspot(f"U-{i}", -7.0, 110.4 + i * 1e-5, "up") for i in range(50)]
    downs = [hotspot(f"D-{i}", -7.05, 110.35 + i * 1e-4) for i in range(30)]
    put(page, "hotspots", *ups, *downs, hotspot("X", -7.05, 110.3505, "degraded"))
    assert layer(page, "o.calm.length") <= 3
    groups = layer(page, "o.lower.filter((e) => e.members).map((e) => e.members.length)")
    assert groups == [31]


def test_parked_units_on_one_spot_become_a_ring_and_a_driving_one_leaves_it(open_page: Open) -> None:
    page = open_page(OFF)
    put(page, "ambulances", *[unit(f"A-{i}", lon=110.4 + i * 1e-5) for i in range(4)])
    assert layer(page, "o.upper.map((e) => e.members ? e.members.length : e.id)") == [4]
    put(page, "ambulances", unit("A-2", lon=110.402))
    until(page, lambda: (put(page, "ambulances", unit("A-9", lat=-6.95)),
                         layer(page, "o.upper.some((e) => e.id === 'A-2')"))[1], "its own symbol")  # fmt: skip


def test_crews_at_an_incident_stand_beside_it(open_page: Open) -> None:
    page = open_page(OFF)
    put(page, "incidents", invented.incident("I-1", 1, -7.0, 110.4, "here", 1, None))
    put(page, "ambulances", unit("A-1", state="on_scene"), unit("A-2", lat=-7.00001, state="on_scene"))
    seats = [thing(page, "Math.hypot(t.dx, t.dy)", id) for id in ("A-1", "A-2")]
    assert all(s > 20 for s in seats)
    assert thing(page, "t.dx", "A-1") != thing(page, "t.dx", "A-2")


def test_a_press_shows_the_object_as_text_and_a_refresh_moves_nothing(
    open_page: Open, fake: FakeRoom
) -> None:
    page = open_page(OFF)
    put(page, "ambulances", unit("AMB-01", state="en_route"))
    page.mouse.click(*at(page, "AMB-01"))
    page.wait_for_selector(".popup-rows dd")
    assert page.text_content(".popup-label") == "AMB-01"
    assert page.text_content(".popup-word") == "en route"
    assert "<img" in (page.text_content(".popup-rows") or "")
    assert page.locator(".leaflet-popup img").count() == 0
    assert "/api/v1/objects/ambulances/AMB-01" in fake.asked
    until(page, lambda: (page.text_content(".popup .age") or "") != "", "its age")
    before = shown(page)
    put(page, "ambulances", unit("AMB-01", lat=-7.0005, state="on_scene"), unit("A-7"))
    put(page, "incidents", invented.incident("I-9", 2, -6.95, 110.3, "new", 1, None))
    page.wait_for_timeout(300)
    assert shown(page) == before
    assert page.locator(".leaflet-popup").count() == 1
    assert layer(page, "o.selected") == {"feed": "ambulances", "id": "AMB-01"}


def test_what_is_pressed_at_the_maps_edge_is_read_whole(open_page: Open) -> None:
    page = open_page(OFF)
    lat, lon = page.evaluate(
        "(() => { const p = theMap.containerPointToLatLng([400, 30]); return [p.lat, p.lng]; })()"
    )
    put(page, "ambulances", unit("AMB-01", lat=lat, lon=lon))
    page.mouse.click(*at(page, "AMB-01"))
    page.wait_for_selector(".popup-rows dd")
    tops = (
        "['#map', '.leaflet-popup-content-wrapper']"
        ".map((s) => document.querySelector(s).getBoundingClientRect().top)"
    )
    until(page, lambda: (t := page.evaluate(tops))[0] <= t[1], "its first line below the map's edge")


def test_what_zooming_cannot_part_is_listed(open_page: Open) -> None:
    page = open_page(OFF)
    put(page, "ambulances", *[unit(f"A-{i}") for i in range(3)])
    page.mouse.click(*at(page, "A-1"))
    page.wait_for_selector(".popup-member")
    assert page.locator(".popup-member b").all_text_contents() == ["A-0", "A-1", "A-2"]
    page.click(".popup-member:nth-child(1)")
    page.locator(".popup-label", has_text="A-0").wait_for()


def test_what_zooming_can_part_is_zoomed_to(open_page: Open) -> None:
    page = open_page(OFF)
    put(page, "hotspots", *[hotspot(f"H-{i}", -7.0 + i * 4e-4, 110.4) for i in range(4)])
    zoom = shown(page)[2]
    page.mouse.click(*at(page, "H-1", "hotspots"))
    until(page, lambda: shown(page)[2] > zoom + 1, "a closer view")
    assert page.locator(".leaflet-popup").count() == 0


def test_the_view_fits_itself_only_when_the_set_of_incidents_changes(open_page: Open) -> None:
    page = open_page(OFF)
    until(page, lambda: page.evaluate("room.map.maps.get('map').fitted") == "", "the first fit")
    whole = shown(page)
    put(page, "incidents", invented.incident("I-1", 2, -7.14, 110.42, "a", 1, None))
    until(page, lambda: shown(page) != whole, "a fit that takes in what is just outside the city")
    wider = shown(page)
    put(page, "incidents", invented.incident("I-1", 1, -7.05, 110.30, "a", 1, None))
    put(page, "ambulances", unit(), unit("A-2", lat=-7.03))
    page.wait_for_timeout(300)
    assert shown(page) == wider, "neither a moved incident nor a unit moves the view"
    put(page, "incidents", full=True)
    until(page, lambda: shown(page) == whole, "the whole city again")


def test_a_gesture_locks_the_view_until_the_button_gives_it_back(open_page: Open) -> None:
    page = open_page(OFF)
    assert page.is_hidden("#view-lock")
    box = page.evaluate(
        "(() => { const r = theMap.getContainer().getBoundingClientRect(); return [r.x + r.width / 2, r.y + 200]; })()"
    )
    page.mouse.move(*box)
    page.mouse.wheel(0, -240)
    page.wait_for_selector("#map[data-locked]")
    until(page, lambda: page.evaluate("!theMap._animatingZoom"), "the zoom's end")
    page.wait_for_timeout(400)
    mine = shown(page)
    put(page, "incidents", invented.incident("I-1", 2, -6.99, 110.42, "a", 1, None))
    page.wait_for_timeout(300)
    assert shown(page) == mine
    page.click("#view-lock")
    assert page.is_hidden("#view-lock")
    assert page.get_attribute("#map", "data-locked") is None
    assert shown(page) != mine


def test_call_outs_keep_clear_of_each_other_and_inside_the_map(open_page: Open) -> None:
    page = open_page(OFF)
    rows = [invented.incident(f"I-{i}", 1 + i % 2, -6.99 + i * 0.002, 110.42 + i * 0.003, f"Place {i}", 1, 600)
            for i in range(6)]  # fmt: skip
    put(page, "incidents", *rows)
    page.wait_for_timeout(400)
    boxes = page.evaluate("""() => [...document.querySelectorAll('.callout:not([hidden])')].map((e) => {
      const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; })""")
    frame = page.evaluate(
        "(() => { const r = theMap.getContainer().getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; })()"
    )
    assert len(boxes) >= 4
    for i, a in enumerate(boxes):
        assert a[0] >= frame[0] and a[1] >= frame[1] and a[2] <= frame[2] and a[3] <= frame[3]
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_forty_five_mounts_leave_nothing_behind(open_page: Open) -> None:
    page = open_page(OFF + "&anim=0")
    put(page, "ambulances", *[unit(f"A-{i}", lat=-7.0 - i * 1e-4) for i in range(300)])
    cdp = page.context.new_cdp_session(page)

    def remount(times: int) -> None:
        for _ in range(times):
            page.evaluate("theMap.remove()")
            page.evaluate("() => { makeMap(); }")
            settled(page)

    def heap() -> float:
        cdp.send("HeapProfiler.collectGarbage")
        return float(cdp.send("Runtime.getHeapUsage")["usedSize"])

    remount(5)
    before = heap()
    remount(45)
    assert page.evaluate("room.map.maps.size") == 1
    assert page.locator("canvas.room-canvas").count() == 4
    assert page.locator(".callout-lines").count() == 1
    assert heap() - before < 2_000_000


def test_no_other_host_is_asked(open_page: Open, fake: FakeRoom, chromium: Any) -> None:
    asked: list[str] = []
    page = chromium.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(fake.url)
    until(page, lambda: page.evaluate("!!window.room?.map && room.map.maps.size === 1"), "the map")
    page.close()
    assert asked
    assert [url for url in asked if not url.startswith((fake.url, "data:"))] == []


def test_a_crowd_is_drawn_small_and_a_few_are_not(open_page: Open) -> None:
    page = open_page(OFF)
    swarm = invented.Swarm(4000)
    put(page, "ambulances", *swarm.rows)
    swarm.step()  # who never moved is parked and joins a ring
    put(page, "ambulances", *swarm.rows)
    until(page, lambda: layer(page, "o.crowd") > 0, "smaller symbols")
    put(page, "ambulances", *swarm.rows[:30], full=True)
    until(page, lambda: layer(page, "o.crowd") == 0, "full size again")


def test_rows_without_sense_harm_no_others(open_page: Open) -> None:
    page = open_page(OFF)
    odd = [
        ["N-1", None, None, None, "unit-car", "available", None, 120, "x", None],
        ["N-2", -7.0, 110.4, 9e9, "no-such-symbol", "no-such-state", -1, -5, None, {"callout": None}],
        ["N-3", 91.0, 500.0, -720, "incident", "9", 1, None, "y", {"callout": "z", "since_ms": "no"}],
        ["N-4", "a", [], {}, None, None, "b", "c", 5, 7],
    ]
    put(page, "ambulances", *odd, unit())
    put(page, "hotspots", *odd)
    put(page, "incidents", *odd)
    page.wait_for_timeout(300)
    assert thing(page, "t.strip !== null") is True
    assert layer(page, "o.upper.some((e) => e.id === 'A-1' || e.members)") is True
