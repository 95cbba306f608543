"""Makes the pictures in the docs from a running room: `make screenshots`.

Starts the room on free ports in a temporary folder with the simulated city, waits until its
past has arrived, and photographs the pages in Chromium (Debian's, or ROOM_CHROMIUM).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
IMAGES = PROJECT / "docs" / "images"
SHOTS = (
    ("wall.jpg", "/wall?lang=en", (1920, 1080)),
    ("wall-id.jpg", "/wall?lang=id", (1920, 1080)),
)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ready(url: str) -> bool:
    """Does the room say that it is ready?"""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 our own address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def wait(what: str, seconds: float, condition: object) -> None:
    """Wait for a condition; SystemExit when it does not come."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > end:
            sys.exit(f"not seen in {seconds:.0f} s: {what}")
        time.sleep(0.2)


def drawn(page: Page) -> bool:
    """Is the map painted, and does every tile have its curve?"""
    return bool(
        page.evaluate(
            """() => !!window.room?.map && room.map.stats.redraws > 0 &&
            [...document.querySelectorAll('[data-series]')].every(e => e.dataset.series.split(',').length > 60)"""
        )
    )


def main() -> None:
    """Take all pictures."""
    chromium = os.environ.get("ROOM_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        sys.exit("chromium is not installed: apt install chromium, or name it in ROOM_CHROMIUM")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="room-shots-") as folder:
        ports = {f"ROOM_{name}_PORT": str(free_port()) for name in ("HTTP", "MQTT", "REDIS")}
        env = {k: v for k, v in os.environ.items() if not k.startswith("ROOM_")}
        room = subprocess.Popen(
            [sys.executable, "app.py"], cwd=PROJECT, env=env | ports | {"ROOM_VAR": folder}
        )
        try:
            url = f"http://127.0.0.1:{ports['ROOM_HTTP_PORT']}"
            wait("a ready room", 60, lambda: ready(url))
            with sync_playwright() as play:
                browser = play.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
                )
                for name, path, (width, height) in SHOTS:
                    page = browser.new_page(viewport={"width": width, "height": height})
                    page.goto(url + path)
                    wait("a drawn page", 120, lambda page=page: drawn(page))
                    page.wait_for_timeout(3000)
                    page.screenshot(path=IMAGES / name, type="jpeg", quality=88)
                    print(f"docs/images/{name}")
                    page.close()
                browser.close()
        finally:
            room.send_signal(signal.SIGINT)
            room.wait(30)


if __name__ == "__main__":
    main()
