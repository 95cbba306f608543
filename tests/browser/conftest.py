"""Chromium for page tests, started once a run; where it is missing the tests are skipped with one line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.harness.serve import FakeRoom
from tests.browser.waiting import until

CHROMIUM = os.environ.get("ROOM_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's chromium, headless, drawing in software."""
    if not Path(CHROMIUM).exists():
        text = "chromium is not installed; apt install chromium"
        if os.environ.get("ROOM_TEST_ALL", "") not in ("", "0"):
            pytest.fail(text, pytrace=False)
        pytest.skip(text)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def fake() -> Iterator[FakeRoom]:
    """A fake room on a free port, listening."""
    room = FakeRoom()
    room.start()
    yield room
    room.stop()


@pytest.fixture
def open_page(chromium: Browser, fake: FakeRoom) -> Iterator[Callable[..., Page]]:
    """`open_page("?anim=0")` opens the harness; a script error or a policy violation fails the test."""
    pages: list[Page] = []
    errors: list[str] = []

    def opened(query: str = "", **options: Any) -> Page:
        page = chromium.new_page(viewport={"width": 1280, "height": 720}, **options)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(fake.url + query)
        # no wait_for_function: its second look needs eval, which the policy forbids
        until(page, lambda: page.evaluate("!!window.theMap && room.map.maps.size === 1"), "the map")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        violations = page.evaluate("window.violations") if not page.is_closed() else []
        page.close()
        assert violations == []
    assert errors == []
