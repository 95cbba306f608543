"""The desk in a real browser on the real room: it opens, selects, agrees with the interface, asks nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from data.clock import now_ms
from tests.browser.test_room import RunningRoom

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRoom]:
    running = RunningRoom(tmp_path_factory.mktemp("room"))
    now = now_ms() / 1000
    for n in (1, 2):
        running.publish(f"ambulances/AMB-0{n}/status", status="available")
        for ago in (600, 400, 60, 1):
            running.publish(
                f"ambulances/AMB-0{n}/position",
                lat=-6.98 - n / 100, lon=110.42 + (600 - ago) / 1e5, speed_kmh=12, time=now - ago,
            )  # fmt: skip
    running.publish("hotspots/H-0001/status", status="up")
    for id, severity, category in (("I-1", 1, "Cardiac arrest"), ("I-2", 2, "Fire"), ("I-4", 4, "=1+1")):
        running.publish(
            f"incidents/{id}/report", category=category, severity=severity, lat=-6.99, lon=110.41 + severity / 99,
            channel="112", address="Jalan Pemuda", time=now - 60,
        )  # fmt: skip
    running.publish("incidents/I-1/progress", stage="dispatched", unit_id="AMB-01", time=now - 30)
    for name in ("ambulances", "hotspots", "incidents"):
        running.publish(f"feeds/{name}/heartbeat", sender="test")
    yield running
    running.stop()


class Desk:
    """A page with the desk, and everything it said or asked for."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.console: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda m: self.console.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: self.console.append(str(e)))
        page.on(
            "request", lambda r: self.hosts.add(r.url.split("/")[2]) if r.url.startswith("http") else None
        )
        page.goto(url)
        self.sees(lambda: self.count("#grid-incidents .ag-row") >= 3, "three incidents in the table", 30)
        self.sees(lambda: bool(page.evaluate("!!window.room?.map?.maps?.get('map')")), "a map")

    def count(self, selector: str) -> int:
        return self.page.locator(selector).count()

    def text(self, selector: str) -> str:
        return self.page.locator(selector).first.inner_text()

    def sees(self, what: Callable[[], bool], words: str, seconds: float = 15) -> None:
        """Wait until it is so; the page's own event loop runs meanwhile."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, f"not seen in {seconds} s: {words}; console: {self.console[-5:]}"
            self.page.wait_for_timeout(100)

    def selected(self, sel: str, title: str) -> None:
        """Inbox, map, table, detail and address show the same object."""
        feed, id = sel.split("/")
        self.sees(
            lambda: self.count("#detail h2") == 1 and self.text("#detail h2") == title, f"details of {title}"
        )
        assert f"sel={sel}" in self.page.url
        ring = "JSON.stringify(room.map.maps.get('map').objects.selected)"
        self.sees(
            lambda: self.page.evaluate(ring) == f'{{"feed":"{feed}","id":"{id}"}}', "the ring on the map"
        )
        row = f"#grid-{feed} .ag-row-selected[row-id='{id}']"
        self.sees(lambda: self.count(row) > 0, "the row in the table")


@pytest.fixture
def open_desk(chromium: Browser, room: RunningRoom) -> Iterator[Callable[..., Desk]]:
    """`open_desk("sel=…")`; a console error or another host fails the test."""
    desks: list[Desk] = []

    def opened(query: str = "", **options: Any) -> Desk:
        page = chromium.new_page(**{"viewport": {"width": 1440, "height": 900}, **options})
        desks.append(Desk(page, f"{room.url}/desk?lang=en&{query}"))
        return desks[-1]

    yield opened
    for desk in desks:
        desk.page.close()
        assert desk.console == []
        assert desk.hosts == {desk.page.url.split("/")[2]}


def test_one_selection_everywhere_and_the_way_back(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    page = desk.page
    page.evaluate("window.sameDocument = true")
    page.locator("#inbox .row-link", has_text="Cardiac arrest").click()
    desk.selected("incidents/I-1", "Cardiac arrest")
    assert desk.count("#inbox .row-link[aria-current]") == 1
    assert "AMB-01" in desk.text(".block-links")
    page.locator("#detail a.entry", has_text="AMB-01").click()
    desk.selected("ambulances/AMB-01", "AMB-01")
    desk.sees(lambda: desk.count(".track") == 1, "the last hour as a track")
    page.locator("#grid-ambulances .ag-row[row-id='AMB-02'] .ag-cell").first.click()
    desk.selected("ambulances/AMB-02", "AMB-02")
    page.evaluate("room.map.maps.get('map').popups.press(room.things.get('incidents', 'I-2'))")
    desk.selected("incidents/I-2", "Fire")
    page.go_back()
    desk.selected("ambulances/AMB-02", "AMB-02")
    page.keyboard.press("Escape")
    desk.sees(lambda: desk.count("#detail h2") == 0, "nothing selected")
    assert page.evaluate("window.sameDocument === true")


def test_an_address_said_again_after_an_outage_keeps_the_selection(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.page.evaluate("room.desk.select('incidents/I-2')")
    desk.selected("incidents/I-2", "Fire")
    known = "dash_component_api.getLayout('url').props.search"
    desk.sees(lambda: "sel=incidents/I-2" in desk.page.evaluate(known), "the selection in Dash's own address")
    desk.page.evaluate(
        "dash_clientside.set_props('url', {pathname: location.pathname, search: location.search})"
    )
    desk.page.evaluate("room.desk.refresh()")
    desk.page.wait_for_load_state("networkidle")
    desk.selected("incidents/I-2", "Fire")


def test_a_shared_link_opens_its_object_and_agrees_with_the_interface(
    open_desk: Callable[..., Desk], room: RunningRoom
) -> None:
    desk = open_desk("sel=incidents/I-2&theme=dark")
    desk.selected("incidents/I-2", "Fire")
    assert desk.page.locator("#desk").get_attribute("data-theme") == "dark"
    told = httpx.get(f"{room.url}/api/v1/layers/incidents").json()["features"]
    in_grid = "dash_ag_grid.getApi('grid-incidents').getDisplayedRowCount()"
    assert desk.page.evaluate(in_grid) == len(told) == int(desk.text("#layer-incidents"))
    assert desk.text(".row-count") == f"{len(told)} of {len(told)}"
    csv = desk.page.evaluate("room.desk.csv()")
    assert "'=1+1" in csv and "\n=1+1" not in csv and ",=1+1" not in csv


def test_the_keyboard_finds_freezes_and_helps(open_desk: Callable[..., Desk], room: RunningRoom) -> None:
    desk = open_desk()
    page = desk.page
    page.keyboard.press("/")
    page.keyboard.type("amb-02")
    desk.sees(lambda: desk.count(".hit") > 0, "a hit")
    page.keyboard.press("Enter")
    desk.selected("ambulances/AMB-02", "AMB-02")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    desk.selected("incidents/I-1", "Cardiac arrest")
    page.keyboard.press("?")
    desk.sees(lambda: desk.count("[role=dialog]") == 1, "the help")
    page.keyboard.press("Escape")
    assert desk.count("[role=dialog]") == 0 and "sel=incidents/I-1" in page.url
    page.keyboard.press("f")
    desk.sees(lambda: "held" in desk.text(".held-text"), "that the picture is held")
    room.publish("ambulances/AMB-01/status", status="on_scene", incident_id="I-1")
    desk.sees(lambda: "· 0 " not in desk.text(".held-text"), "a change that passed")
    state = "room.things.get('ambulances', 'AMB-01').state"
    assert page.evaluate(state) == "available"
    page.keyboard.press("f")
    desk.sees(lambda: page.evaluate(state) == "on_scene", "what happened meanwhile")
    assert desk.text(".held-text") == ""


def test_a_number_can_be_pressed(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.page.locator(".fig[data-kpi='incidents.open']").click()
    desk.sees(lambda: desk.count("#detail .doc-value") == 1, "what stands behind the figure")
    assert "Incidents received and not yet closed" in desk.text("#detail .doc-sub")
    desk.page.locator(".twin summary").first.click()
    assert desk.count(".twin[open] table") == 1


def test_feed_health_is_shown(chromium: Browser, room: RunningRoom) -> None:
    room.publish("incidents/I-9/report", category="Fire")
    page = chromium.new_page()
    page.goto(f"{room.url}/desk/feeds?lang=en")
    end = time.monotonic() + 15
    while "Refused messages" not in page.locator("#desk").inner_text():
        assert time.monotonic() < end
        page.wait_for_timeout(100)
    assert "adds up" in page.locator("[data-key=sums]").inner_text()
    assert "city/semarang/incidents/I-9/report" in page.locator("[data-key=letters]").inner_text()
    page.close()


def test_a_phone_shows_all_without_scrolling_sideways(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk("sel=incidents/I-1", viewport={"width": 390, "height": 844})
    desk.sees(lambda: desk.count("#detail h2") == 1, "the details")
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 390
