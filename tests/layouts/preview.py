"""Draw the wall from invented values through real Dash, and photograph it.

python -m tests.layouts.preview OUT [wall|frozen|problems|calm|empty|k1.2|k1.5|k2|light|lit|index|404] …
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import uvicorn
from dash import Dash, Input, Output, dcc, html
from fastapi import FastAPI
from playwright.sync_api import sync_playwright

from data import clock
from data.i18n import translators
from data.live.picture import Picture
from data.profile import load_city
from layouts import front
from layouts.scale import Shape, shape
from layouts.wall import wall
from tests.layouts import invented

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"1080": (1920, 1080), "4k": (3840, 2160), "laptop": (1440, 900), "phone": (390, 844)}

FROZEN = """() => { document.documentElement.dataset.link = 'lost';
  const words = JSON.parse(document.getElementById('room-config').dataset.config).words;
  document.getElementById('frozen-text').textContent =
    words.frozen.replace('{time}', document.querySelector('.clock').textContent).replace('{age}', '1 min 40 s'); }"""


def page(address: str) -> Any:
    """The layout for `/<lang>/<what>`."""
    _, lang, what, *_ = [*address.split("/"), "", ""]
    city = load_city("semarang", [ROOT / "data" / "cities"])
    tr = translators(("id", "en"))[lang if lang in ("id", "en") else "id"]
    if what == "index":
        return front.index(city=city, scenes=city.scenes.values(), tr=tr)
    if what == "404":
        return front.not_found(tr=tr, path="/no/such/place")
    size: Shape = shape()
    if what.startswith("k"):
        size = shape(15.4 * 6 / 38 / float(what[1:]), 6.0)
    invented.NOW = clock.now_ms()  # the scripts' ages count from the browser's clock
    mode = "mixed" if what == "mixed" else "simulated"
    shown = invented.picture(city, mode, problems=what == "problems", calm=what == "calm")
    if what == "empty":
        shown = Picture(now_ms=invented.NOW)
    return wall(
        city=city, scene=city.scenes["overview"], feeds=invented.FEEDS, kpis=invented.KPIS, tr=tr, shape=size,
        build="preview", basemap_url="", picture=shown, theme=what if what in ("light", "lit") else "dark",
    )  # fmt: skip


def serve() -> tuple[uvicorn.Server, int]:
    """A server on a free port of this machine."""
    server = FastAPI()
    app = Dash(__name__, server=server, assets_folder=str(ROOT / "assets"), title="preview")
    app.backend.websocket_capability = False

    app.layout = html.Div([dcc.Location(id="url"), html.Div(id="page")])

    @app.callback(Output("page", "children"), Input("url", "pathname"))
    async def show(path: str) -> Any:
        return page(path)

    runner = uvicorn.Server(uvicorn.Config(server, port=0, log_level="warning"))
    threading.Thread(target=runner.run, daemon=True).start()
    while not runner.started:
        threading.Event().wait(0.05)
    return runner, runner.servers[0].sockets[0].getsockname()[1]


def main(out: Path, shots: list[str]) -> None:
    """Photograph each `what:lang:size`."""
    out.mkdir(parents=True, exist_ok=True)
    runner, port = serve()
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        first = browser.new_page()  # a deep link as the first request lacks the assets: Dash sets up on "/"
        first.goto(f"http://127.0.0.1:{port}/")
        first.close()
        for shot in shots:
            what, lang, size = shot.split(":")
            width, height = SIZES[size]
            tab = browser.new_page(viewport={"width": width, "height": height})
            tab.on("pageerror", lambda e, s=shot: print(s, "ERROR", e))
            tab.on(
                "console", lambda m, s=shot: m.type == "error" and "404" not in m.text and print(s, m.text)
            )
            tab.goto(f"http://127.0.0.1:{port}/{lang}/{what}")
            tab.wait_for_selector(".wall, .front", timeout=30_000)
            if tab.query_selector(".wall"):
                tab.wait_for_selector(".leaflet-container", state="attached")
                tab.wait_for_selector(".clock:not(:empty)")
                if what == "frozen":
                    tab.evaluate(FROZEN)
                for hit in tab.evaluate(OVERFLOW):
                    print(shot, "overflows:", hit)
            tab.wait_for_timeout(400)
            tab.screenshot(path=str(out / f"{what}-{lang}-{size}.png"), full_page=size == "phone")
            tab.close()
        browser.close()
    runner.should_exit = True


OVERFLOW = """() => [...document.querySelectorAll('.wall *')].filter((e) =>
  !e.closest('.leaflet-container') && e.clientWidth && (e.scrollWidth > e.clientWidth + 2
  || e.scrollHeight > e.clientHeight + 6) && getComputedStyle(e).display !== 'inline')
  .map((e) => e.className + ' ' + e.id + ' ' + e.scrollWidth + '>' + e.clientWidth + ' '
    + e.scrollHeight + '>' + e.clientHeight)"""

if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["wall:id:1080", "wall:en:1080"])
