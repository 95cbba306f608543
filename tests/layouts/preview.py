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

from data.i18n import translators
from data.live.picture import Picture
from data.profile import load_city
from layouts import front
from layouts.scale import Shape, shape
from layouts.wall import wall
from tests.layouts import invented

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"1080": (1920, 1080), "4k": (3840, 2160), "laptop": (1440, 900), "phone": (390, 844)}

# Stands in for the age script while it photographs: fixed clock, no stream.
FAKE = """() => {
  const now = %d, conf = JSON.parse(document.getElementById('room-config').dataset.config), w = conf.words;
  const age = (s) => s < 60 ? w.age_s.replace('{n}', Math.floor(s)) : s < 3600 ?
    w.age_min.replace('{n}', Math.floor(s / 60)) : w.age_h.replace('{n}', Math.floor(s / 3600));
  document.documentElement.lang = conf.lang;
  document.querySelectorAll('[data-as-of]').forEach((e) => {
    const s = (now - Date.parse(e.dataset.asOf)) / 1000, max = Number(e.dataset.maxAge);
    e.dataset.age = isNaN(s) ? 'unknown' : s > max ? 'stale' : s > max / 2 ? 'ageing' : 'fresh';
    e.querySelectorAll('.age').forEach((a) => { a.textContent = isNaN(s) ? '–' : age(s); });
  });
  document.querySelectorAll('[data-since]:not([data-since=""])').forEach((e) => {
    const end = e.dataset.ended ? Date.parse(e.dataset.ended) : now;
    const s = (end - Date.parse(e.dataset.since)) / 1000, two = (n) => String(Math.floor(n)).padStart(2, '0');
    e.querySelector('.elapsed').textContent = e.dataset.style === 'clock' ? two(s / 60) + ':' + two(s %% 60) : age(s);
    e.querySelector('.bar > i').style.width = 100 * Math.min(1, s / Number(e.dataset.targetS)) + '%%';
  });
  const at = new Date(now), zone = { timeZone: conf.zone };
  document.querySelector('.clock').textContent = at.toLocaleTimeString(conf.lang === 'en' ? 'en-GB' : conf.lang, zone);
  document.querySelector('.date').textContent = at.toLocaleDateString(conf.lang === 'en' ? 'en-GB' : conf.lang,
    { ...zone, weekday: 'short', day: 'numeric', month: 'short' }).replace(',', '');
}"""
FROZEN = """() => { document.documentElement.dataset.link = 'lost';
  const w = JSON.parse(document.getElementById('room-config').dataset.config).words;
  document.getElementById('frozen-text').textContent =
    w.frozen.replace('{time}', document.querySelector('.clock').textContent)
      .replace('{age}', w.age_s.replace('{n}', 40)); }"""


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
                tab.evaluate(FAKE % invented.NOW)
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
