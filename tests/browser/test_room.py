"""The real room in a real browser: a supervisor with all its children, and the wall as people see it."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from playwright.sync_api import Browser, Page

from data.clock import now_ms
from data.settings import PROJECT
from tests.servers import free_port, until

pytestmark = pytest.mark.browser


class RunningRoom:
    """`app.py` on free ports without a simulated city: the test is the city."""

    def __init__(self, folder: Path) -> None:
        self.http, self.mqtt, self.redis = free_port(), free_port(), free_port()
        self.log = folder / "room.log"
        env = {k: v for k, v in os.environ.items() if not k.startswith("ROOM_")}
        env |= {
            "ROOM_VAR": str(folder / "var"), "ROOM_HTTP_PORT": str(self.http), "ROOM_MQTT_PORT": str(self.mqtt),
            "ROOM_REDIS_PORT": str(self.redis), "ROOM_SIMULATE": "off", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=PROJECT,
                env=env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.url = f"http://127.0.0.1:{self.http}"
        try:
            self.device = self._connect()
        except BaseException:
            self._end()
            raise

    def _connect(self) -> mqtt.Client:
        until(self.ready, "the room to be ready", 60)
        client = mqtt.Client(CallbackAPIVersion.VERSION2, "test-device", protocol=MQTTProtocolVersion.MQTTv5)
        client.reconnect_delay_set(0.2, 1)
        client.connect("127.0.0.1", self.mqtt)
        client.loop_start()
        return client

    def ready(self) -> bool:
        """Does /readyz say so?"""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def publish(self, topic: str, **payload: Any) -> None:
        """Publish as a simulated device, QoS 1."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.UserProperty = ("room-source", "simulated")
        payload.setdefault("time", now_ms() / 1000)
        sent = self.device.publish(f"city/semarang/{topic}", json.dumps(payload), 1, properties=properties)
        sent.wait_for_publish(10)

    def child(self, role: str) -> psutil.Process:
        """The child process that plays a role."""
        children = psutil.Process(self.process.pid).children()
        return next(c for c in children if role in c.cmdline())

    def stop(self) -> None:
        """End in good order."""
        self.device.loop_stop()
        self._end()

    def _end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRoom]:
    running = RunningRoom(tmp_path_factory.mktemp("room"))
    for n in (1, 2, 3):
        running.publish(f"ambulances/AMB-0{n}/status", status="available")
        running.publish(f"ambulances/AMB-0{n}/position", lat=-6.98 - n / 100, lon=110.42, heading_deg=90)
    running.publish("hotspots/H-0001/status", status="up")
    for name in ("ambulances", "hotspots", "incidents"):
        running.publish(f"feeds/{name}/heartbeat", sender="test")
    yield running
    running.stop()


CUT = """() => [...document.querySelectorAll(
    '.tile header, .tile footer, .tile-value, .legend *, .strip *, h1, .clock')]
  .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 2)
  .filter(e => getComputedStyle(e).overflow !== 'visible')
  .map(e => e.className + ': ' + e.textContent)"""


class Wall:
    """A page with the wall, and everything it said or asked for."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.console: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda m: self.console.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: self.console.append(str(e)))
        page.on("request", self._asked)
        page.goto(url)
        # no wait_for_function: it needs eval, which the page's policy forbids
        self.sees(
            lambda: page.evaluate("!!window.room?.map && room.map.stats.redraws > 0"), "a painted map", 30
        )
        page.evaluate("window.sameDocument = true")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.hosts.add(request.url.split("/")[2].split(":")[0])

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def sees(self, what: Callable[[], bool], words: str, seconds: float = 15) -> None:
        """Wait until it is so; the page's own event loop runs meanwhile."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, f"not seen in {seconds} s: {words}; console: {self.console[-5:]}"
            self.page.wait_for_timeout(100)

    @property
    def link(self) -> str | None:
        return self.page.evaluate("document.documentElement.dataset.link || ''")

    @property
    def banner(self) -> str:
        hidden = self.page.locator("#banner").get_attribute("hidden")
        return "" if hidden is not None else self.text("#banner-text")

    def not_reloaded(self) -> bool:
        return bool(self.page.evaluate("window.sameDocument === true"))


@pytest.fixture
def wall(chromium: Browser, room: RunningRoom) -> Iterator[Wall]:
    page = chromium.new_page(viewport={"width": 1920, "height": 1080})
    yield Wall(page, f"{room.url}/wall?lang=en")
    page.close()


def heard(room: RunningRoom) -> None:
    for name in ("ambulances", "hotspots", "incidents"):
        room.publish(f"feeds/{name}/heartbeat", sender="test")


def test_the_wall_paints_and_asks_no_other_host(wall: Wall) -> None:
    assert wall.page.locator(".leaflet-container").count() == 1
    assert wall.page.locator("[data-kpi]").count() == 6
    wall.sees(lambda: wall.text("#count-available") == "3", "three free units")
    assert wall.page.evaluate("document.documentElement.lang") == "en"
    assert "SIMULATION" in wall.text("#mode").upper()
    assert wall.hosts == {"127.0.0.1"}
    assert wall.console == []


def test_a_published_position_glides_into_place(room: RunningRoom, wall: Wall) -> None:
    wall.page.evaluate(
        """() => { window.most = 0; const look = () => {
        window.most = Math.max(window.most, room.map.stats.gliding); requestAnimationFrame(look); }; look(); }"""
    )
    before = wall.page.evaluate("room.map.stats.redraws")
    room.publish("ambulances/AMB-01/position", lat=-6.985, lon=110.415, heading_deg=180)
    wall.sees(lambda: wall.page.evaluate("window.most") > 0, "a gliding unit", 10)
    lats = itertools.cycle((-6.99, -6.985))

    def redrawn() -> bool:  # a busy machine may give one glide few frames; the next fix glides again
        if wall.page.evaluate("room.map.stats.redraws") > before + 3:
            return True
        room.publish("ambulances/AMB-01/position", lat=next(lats), lon=110.415, heading_deg=180)
        return False

    wall.sees(redrawn, "several redraws", 10)
    wall.sees(lambda: wall.page.evaluate("room.map.stats.gliding") == 0, "the unit at rest", 10)


def test_an_incident_comes_reaches_the_rows_and_goes(room: RunningRoom, wall: Wall) -> None:
    nasty = "<img src=x onerror=window.hacked=1>"
    room.publish(
        "incidents/I-T1/report", category="Cardiac arrest", severity=1, lat=-6.99, lon=110.42, channel="112",
        address=nasty,
    )  # fmt: skip
    wall.sees(lambda: "Cardiac arrest" in wall.text(".attention"), "the incident's row", 5)
    assert nasty in wall.text(".attention")
    assert "Nobody assigned" in wall.text(".attention")
    room.publish("incidents/I-T1/progress", stage="dispatched", unit_id="AMB-02")
    wall.sees(lambda: "AMB-02" in wall.text("#row-0"), "who is on it", 5)
    room.publish("incidents/I-T1/progress", stage="closed")
    wall.sees(lambda: "Cardiac arrest" not in wall.text(".attention"), "the row gone", 5)
    assert wall.page.evaluate("window.hacked === undefined")
    assert wall.console == []


def test_a_figure_past_its_age_reads_unknown(room: RunningRoom, wall: Wall) -> None:
    tile = wall.page.locator('[data-kpi="ambulance.units_available"]')
    old = (now_ms() - 20 * 60_000) / 1000
    room.publish("hotspots/H-0002/telemetry", time=old, clients=4, rx_kbps=1.0, tx_kbps=1.0)

    def hotspots() -> dict[str, Any]:
        layer = httpx.get(f"{room.url}/api/v1/layers/hotspots").json()
        return {f["id"]: f["properties"] for f in layer["features"]}

    until(lambda: hotspots()["H-0002"]["event_time"], "what it said 20 minutes ago", 10)
    assert hotspots()["H-0002"]["stale"] and not hotspots()["H-0001"]["stale"]
    assert tile.get_attribute("data-max-age") == "120"
    # the figure becomes older than its maximum on the page itself, without a word from the server
    wall.page.evaluate(
        """() => { const el = document.querySelector('[data-kpi="ambulance.units_available"]');
        el.setAttribute('data-as-of', new Date(Date.now() - 300000).toISOString()); }"""
    )
    wall.sees(lambda: tile.get_attribute("data-age") == "stale", "the tile marked stale", 5)
    assert tile.locator(".tile-value").is_hidden() and tile.locator(".tile-unknown").is_visible()


def test_a_lost_web_process_freezes_the_picture_and_it_recovers_without_reload(
    room: RunningRoom, wall: Wall
) -> None:
    room.child("web").send_signal(signal.SIGKILL)
    wall.sees(lambda: wall.link == "lost", "the frozen look", 5)
    assert "Frozen" in wall.text("#frozen-text")
    wall.sees(lambda: wall.link != "lost", "the live look again", 30)
    room.publish("ambulances/AMB-03/status", status="on_scene")
    wall.sees(lambda: wall.text("#count-on_scene") == "1", "news after the cut", 20)
    room.publish("ambulances/AMB-03/status", status="available")
    assert wall.not_reloaded()
    wall.sees(lambda: not [t for t in wall.console if "ERR_CONNECTION" not in t and "WebSocket" not in t],
              "only refused connections on the console", 1)  # fmt: skip


def test_a_hanging_web_process_freezes_the_picture(room: RunningRoom, wall: Wall) -> None:
    web = room.child("web")
    web.suspend()
    try:
        wall.sees(lambda: wall.link == "lost", "the frozen look", 6)
    finally:
        web.resume()
    wall.sees(lambda: wall.link != "lost", "the live look again", 20)
    assert wall.not_reloaded()


def test_a_hanging_store_is_named_and_recovers(room: RunningRoom, wall: Wall) -> None:
    servers = [c for c in room.child("store").children(recursive=True) if "valkey" in c.name()]
    servers[0].suspend()
    try:
        wall.sees(lambda: "store" in wall.banner.lower(), "the store's trouble", 6)
        assert wall.link != "lost"
    finally:
        servers[0].resume()
    wall.sees(lambda: wall.banner == "", "no trouble", 20)
    assert wall.not_reloaded()


def test_a_hanging_worker_is_named_and_recovers(room: RunningRoom, wall: Wall) -> None:
    worker = room.child("feeds")
    worker.suspend()
    try:
        wall.sees(lambda: "worker" in wall.banner.lower(), "the worker's trouble", 6)
    finally:
        worker.resume()
    wall.sees(lambda: wall.banner == "", "no trouble", 20)


def test_a_lost_broker_is_named_and_everything_resumes(room: RunningRoom, wall: Wall) -> None:
    broker = room.child("broker")
    broker.suspend()  # a killed one may be back before anybody has looked
    wall.sees(lambda: "broker" in wall.banner.lower(), "the broker's trouble", 8)
    broker.kill()
    wall.sees(lambda: wall.banner == "", "no trouble", 30)
    until(room.device.is_connected, "the device to be connected again", 20)
    heard(room)
    room.publish("ambulances/AMB-02/status", status="transporting")
    wall.sees(lambda: wall.text("#count-transporting") == "1", "news through the new broker", 20)
    assert wall.not_reloaded()


def test_the_operator_may_move_the_map_and_give_it_back(room: RunningRoom, wall: Wall) -> None:
    lock = wall.page.locator("#view-lock")
    assert lock.is_hidden()
    box = wall.page.locator("#map").bounding_box()
    assert box
    wall.page.mouse.move(box["x"] + 400, box["y"] + 300)
    wall.page.mouse.down()
    wall.page.mouse.move(box["x"] + 300, box["y"] + 250, steps=5)
    wall.page.mouse.up()
    wall.sees(lock.is_visible, "the lock", 5)
    center = (
        "(() => { const m = [...room.map.maps.values()][0].map; return [m.getCenter().lat, m.getZoom()]; })()"
    )
    seen: list[Any] = []

    def at_rest() -> bool:  # a released map glides on for a moment
        seen.append(wall.page.evaluate(center))
        return len(seen) > 3 and seen[-1] == seen[-4]

    wall.sees(at_rest, "the map at rest", 10)
    held = seen[-1]
    room.publish(
        "incidents/I-T2/report", category="Traffic accident", severity=2, lat=-7.05, lon=110.45, channel="112"
    )
    wall.sees(lambda: "Traffic accident" in wall.text(".attention"), "the incident's row", 5)
    assert wall.page.evaluate(center) == held
    room.publish("incidents/I-T2/progress", stage="closed")
    lock.click()
    wall.sees(lock.is_hidden, "the lock gone", 5)


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160), (1440, 900), (390, 844)])
@pytest.mark.parametrize("lang", ["id", "en"])
def test_nothing_is_cut_or_covers_its_neighbour(
    chromium: Browser, room: RunningRoom, size: tuple[int, int], lang: str
) -> None:
    page = chromium.new_page(viewport={"width": size[0], "height": size[1]})
    try:
        shown = Wall(page, f"{room.url}/wall?lang={lang}")
        cut = page.evaluate(CUT)
        assert cut == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
        assert shown.console == []
    finally:
        page.close()
