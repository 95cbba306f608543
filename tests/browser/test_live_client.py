"""The live client: what it says, how it applies frames, how it looks and acts when the link is gone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.harness.serve import FakeRoom
from tests.browser.waiting import until

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
LINK = "document.documentElement.dataset.link"


def ticking(fake: FakeRoom, **parts: Any) -> Callable[[], None]:
    """A server that answers a hello with everything and then speaks when the test lets time pass."""
    fake.on_hello = lambda room, _socket: room.send(full=True, layers={}, **parts) and None
    last = [0.0]

    def tick() -> None:
        if time.monotonic() - last[0] > 0.5:
            last[0] = time.monotonic()
            fake.send()

    return tick


def is_live(page: Page, tick: Callable[[], None]) -> Callable[[], bool]:
    def check() -> bool:
        tick()
        return page.evaluate(LINK) == "live"

    return check


def test_a_screen_says_what_it_shows_and_acknowledges_each_frame(fake: FakeRoom, open_page: Open) -> None:
    tick = ticking(fake)
    page = open_page("?x=1")
    until(page, is_live(page, tick), "the first frame")
    hello = fake.hellos[0]
    assert (hello["view"], hello["lang"], hello["scene"], hello["build"]) == ("wall", "en", "overview", "one")
    assert (hello["path"], hello["search"]) == ("/", "?x=1")
    number = fake.send(props={"tile-a-value": {"children": "7"}})
    until(page, lambda: number in fake.acks, "an acknowledgement by number")
    assert page.text_content("#tile-a-value") == "7"


def test_properties_that_cannot_be_set_harm_no_others(fake: FakeRoom, open_page: Open) -> None:
    tick = ticking(fake)
    page = open_page()
    until(page, is_live(page, tick), "the first frame")
    number = fake.send(
        props={
            "not-on-this-page": {"children": "x"},
            "row-0-title": {"children": {"boom": True}},
            "tile-a-value": {"children": "9.4"},
        }
    )
    until(page, lambda: number in fake.acks, "an acknowledgement in spite of errors")
    assert page.text_content("#tile-a-value") == "9.4"
    assert "not-on-this-page" not in [c[0] for c in page.evaluate("propCalls")]


def test_only_what_differs_is_set(fake: FakeRoom, open_page: Open) -> None:
    tick = ticking(fake)
    page = open_page()
    until(page, is_live(page, tick), "the first frame")
    for text in ("1", "1", "2"):
        number = fake.send(props={"tile-a-value": {"children": text}, "tile-a": {"data-state": "good"}})
    until(page, lambda: number in fake.acks, "all three frames")
    calls = page.evaluate("propCalls")
    assert [c[1] for c in calls if c[0] == "tile-a-value"] == [{"children": "1"}, {"children": "2"}]
    assert len([c for c in calls if c[0] == "tile-a"]) == 1


def test_a_frame_that_is_no_frame_is_survived(fake: FakeRoom, open_page: Open) -> None:
    tick = ticking(fake)
    page = open_page()
    until(page, is_live(page, tick), "the first frame")
    fake.send(layers={"ambulances": {"set": [None, 5, ["A"], [], {"id": 1}], "del": None}})
    fake.send(props=None, layers=None)
    for socket in list(fake._sockets):
        socket.send("no json")
        socket.send("null")
    number = fake.send(props={"tile-a-value": {"children": "still here"}})
    until(page, lambda: number in fake.acks, "the frame after it")
    assert page.text_content("#tile-a-value") == "still here"


def test_a_text_from_outside_stays_text(fake: FakeRoom, open_page: Open) -> None:
    tick = ticking(fake)
    page = open_page()
    until(page, is_live(page, tick), "the first frame")
    evil = "<img src=x onerror=alert(1)>"
    extra = {"callout": evil, "since_ms": 1, "target_s": None, "ended_ms": None}
    row = ["I-1", -7.0, 110.4, None, "incident", "1", 1, None, evil, extra]
    fake.send(layers={"incidents": {"set": [row], "del": []}})
    page.wait_for_selector(".callout")
    assert page.text_content(".callout-name") == evil
    assert page.evaluate("document.querySelectorAll('#map img, #map script').length") == 0


def test_silence_looks_frozen_within_three_seconds_and_the_clock_runs_on(
    fake: FakeRoom, open_page: Open
) -> None:
    tick = ticking(fake)
    page = open_page()
    until(page, is_live(page, tick), "the first frame")
    until(page, lambda: page.evaluate(LINK) == "lost", "the frozen look", 6)
    silent_ms = page.evaluate("performance.now() - room.live.heardAt")
    assert silent_ms > 2400
    text = page.text_content("#frozen-text") or ""
    assert re.match(r"Frozen at \d\d:\d\d:\d\d, no link for \d+ s", text), text
    before = page.text_content(".clock")
    until(page, lambda: page.text_content(".clock") != before, "a running clock", 3)
    until(page, is_live(page, tick), "recovery when the server speaks again")
    assert page.text_content("#frozen-text") == ""


def test_a_screen_comes_back_alone_without_a_reload(fake: FakeRoom, open_page: Open) -> None:
    tick = ticking(fake)
    page = open_page()
    until(page, is_live(page, tick), "the first frame")
    page.evaluate("window.sameDocument = true")
    fake.stop()
    until(page, lambda: page.evaluate(LINK) == "lost", "the frozen look", 6)
    page.wait_for_timeout(1500)
    hellos = len(fake.hellos)
    fake.start()
    until(page, is_live(page, tick), "the link after the server is back", 6)
    assert len(fake.hellos) == hellos + 1, "a snapshot is asked for at every connection"
    assert page.evaluate("window.sameDocument") is True
    calls = [c for c in page.evaluate("propCalls") if c[0] == "url"]
    assert calls == [], "the same page is not mounted anew"


def test_what_was_navigated_during_an_outage_is_asked_for_again(fake: FakeRoom, open_page: Open) -> None:
    tick = ticking(fake)
    page = open_page()
    until(page, is_live(page, tick), "the first frame")
    fake.stop()
    until(page, lambda: page.evaluate(LINK) == "lost", "the frozen look", 6)
    page.evaluate("history.pushState({}, '', '/wall/other')")
    fake.start()
    until(page, is_live(page, tick), "the link again", 6)
    calls = [c[1] for c in page.evaluate("propCalls") if c[0] == "url"]
    assert calls == [{"pathname": "/wall/other", "search": ""}]


def test_a_snapshot_replaces_everything_known(fake: FakeRoom, open_page: Open) -> None:
    tick = ticking(fake)
    page = open_page()
    until(page, is_live(page, tick), "the first frame")
    rows = [[f"A-{i}", -7.0, 110.4, 0, "unit-car", "available", None, None, f"A-{i}", None] for i in range(3)]
    fake.send(layers={"ambulances": {"set": rows, "del": []}})
    fake.send(layers={"ambulances": {"set": [], "del": ["A-0"]}})
    number = fake.send(full=True, layers={"ambulances": {"set": rows[2:], "del": []}})
    until(page, lambda: number in fake.acks, "the snapshot")
    known = page.evaluate("[...room.things.layers.get('ambulances').keys()]")
    assert known == ["A-2"]


def test_a_newer_program_reloads_the_page_once_when_it_is_ready(fake: FakeRoom, open_page: Open) -> None:
    tick = ticking(fake)
    page = open_page()
    page.evaluate("() => { room.reload = () => { window.reloads = (window.reloads || 0) + 1; }; }")
    until(page, is_live(page, tick), "the first frame")
    fake.ready = False
    fake.config = fake.config | {"build": "two"}
    fake.send(full=True, layers={})
    asked = "/readyz"
    until(page, lambda: (tick(), fake.asked.count(asked) >= 2)[1], "asking whether it is ready")
    assert page.evaluate("window.reloads") is None
    fake.ready = True
    until(page, lambda: (tick(), page.evaluate("window.reloads"))[1] == 1, "one reload")
    fake.send(full=True, layers={})
    page.wait_for_timeout(1500)
    assert page.evaluate("window.reloads") == 1


def test_navigation_says_a_new_hello_on_the_same_socket(fake: FakeRoom, open_page: Open) -> None:
    tick = ticking(fake)
    page = open_page()
    until(page, is_live(page, tick), "the first frame")
    page.evaluate("""() => {
      const el = document.getElementById('room-config'), config = JSON.parse(el.dataset.config);
      el.dataset.config = JSON.stringify({ ...config, view: 'desk', scene: '' });
      dash_clientside.live.mounted('desk');
    }""")
    until(page, lambda: fake.hellos[-1]["view"] == "desk", "the new hello")
    assert fake.screens == 1


def test_fifty_screens_that_lost_the_server_do_not_come_back_in_one_moment(
    fake: FakeRoom, open_page: Open
) -> None:
    tick = ticking(fake)
    page = open_page()
    until(page, is_live(page, tick), "the first frame")
    waits = page.evaluate("""() => {
      const seen = [], real = window.setTimeout;
      window.setTimeout = (work, ms) => { seen.push(ms); return real(work, 1e6); };
      room.live.drop();
      window.setTimeout = real;
      return seen;
    }""")
    assert len(waits) == 1
    assert 150 <= waits[0] <= 300


def test_ages_follow_the_servers_clock_not_this_machines(fake: FakeRoom, open_page: Open) -> None:
    page = open_page()
    ahead = int(time.time() * 1000) + 3_600_000
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ahead / 1000 - 372))
    as_of = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ahead / 1000 - 40))
    props = {
        "tile-a": {"data-as-of": as_of},
        "row-0": {"data-since": since, "data-style": "clock", "data-target-s": "744"},
    }
    fake.on_hello = lambda room, _socket: room.send(full=True, now=ahead, layers={}, props=props) and None
    page.evaluate("room.live.drop()")
    until(page, lambda: page.get_attribute("#tile-a", "data-age") == "ageing", "the tile's level")
    assert page.text_content("#tile-a .age") in ("40 s", "41 s", "42 s")
    assert (page.text_content("#row-0 .elapsed") or "").startswith("06:1")
    width = page.evaluate("parseFloat(document.querySelector('#row-0 .bar > i').style.width)")
    assert 49 < width < 53


def test_the_scripts_ages_pass_the_table_in_the_browser_too(fake: FakeRoom, open_page: Open) -> None:
    from tests.data.test_ages import CASES

    page = open_page("?live=0")
    wrong = page.evaluate(
        """(cases) => {
          const wrong = [];
          for (const form of ['text', 'span', 'elapsed'])
            for (const [s, want] of cases[form]) if (room.ages[form](s) !== want) wrong.push([form, s, want]);
          for (const [age, max, want] of cases.level) if (room.ages.level(age, max) !== want) wrong.push([age, max]);
          return wrong;
        }""",
        CASES,
    )
    assert wrong == []
