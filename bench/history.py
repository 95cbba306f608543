"""Older events: bytes per event in the files, and the time to read a day of them back.

`python -m bench.history [--events N]`. Writes a day of positions, states and telemetry as the
worker would, in segments, and reads it back as `/api/v1/history` does; no store is needed.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import machine
from data.archive import export, files
from data.archive.move import SEGMENT_EVENTS
from data.archive.read import History
from data.store.keys import Keys

DAY_MS = files.DAY_MS
T0 = 1_790_000_000_000 // DAY_MS * DAY_MS
# events a day of a city of two million: 120 units moving half the time, 2,500 hotspots every 5 minutes
YEARLY = {"ambulances": 120 * 8_700, "hotspots": 2_500 * 300, "incidents": 150 * 8}


class _Empty:
    """A store in which nothing waits."""

    def hget(self, *_: object) -> None:
        return None

    def xrange(self, *_: object, **__: object) -> list[object]:
        return []


def events(feed: str, count: int, dice: random.Random) -> list[files.ArchivedEvent]:
    """A day of a feed, in order of arrival."""
    found = []
    for n in range(count):
        at = T0 + n * DAY_MS // count
        if feed == "ambulances":
            id, kind = f"AMB-{n % 120:02}", "position"
            value = {"accuracy_m": dice.randint(3, 15), "battery_pct": dice.randint(20, 100),
                     "heading_deg": dice.randint(0, 359), "lat": round(-6.99 + dice.gauss(0, 0.03), 5),
                     "lon": round(110.42 + dice.gauss(0, 0.03), 5), "speed_kmh": dice.randint(0, 80)}  # fmt: skip
        elif feed == "hotspots":
            id, kind = f"HS-{n % 2500:04}", "telemetry"
            value = {"clients": dice.randint(0, 60), "latency_ms": dice.randint(2, 60),
                     "rx_kbps": dice.randint(0, 20_000), "tx_kbps": dice.randint(0, 4_000)}  # fmt: skip
        else:
            id, kind = f"I-{n // 8}", "progress"
            value = {"stage": dice.choice(("dispatched", "on_scene")), "unit_id": f"AMB-{n % 120:02}"}
        text = json.dumps(value, separators=(",", ":"))
        found.append(files.ArchivedEvent(feed, id, kind, kind, at, at + 400, "live", "", text))
    return found


def measure(count: int, folder: Path) -> list[str]:
    """Lines of the result."""
    dice, lines, sizes = random.Random(1), [], {}
    share = {"ambulances": count * 58 // 100, "hotspots": count * 41 // 100, "incidents": count // 100}
    began, cpu = time.monotonic(), time.process_time()
    made = {feed: events(feed, n, dice) for feed, n in share.items()}
    made_s, began, cpu = time.monotonic() - began, time.monotonic(), time.process_time()
    for feed, all_events in made.items():
        step = max(1, SEGMENT_EVENTS * share[feed] // count)
        for start in range(0, len(all_events), step):
            for (name, day), part in files.split(all_events[start : start + step]).items():
                files.write(folder / name / day.isoformat() / f"{start}.parquet", part)
        size = sum(p.stat().st_size for p in (folder / feed).glob("*/*.parquet"))
        sizes[feed] = size / len(all_events)
    lines.append(f"made in {made_s:.1f} s; written in {time.monotonic() - began:.1f} s "
                 f"({(time.process_time() - cpu) / count * 1e6:.1f} µs CPU per event)")  # fmt: skip
    for feed, each in sizes.items():
        lines.append(
            f"{feed}: {each:.1f} bytes per event, {each * YEARLY[feed] * 365 / 1e9:.1f} GB a year at "
            f"{YEARLY[feed]:,} a day"
        )
    for how in ("first", "again"):
        for feed in made:
            began = time.monotonic()
            with History(_Empty(), Keys("bench"), folder, folder / "tmp", feed, T0, T0 + DAY_MS) as found:
                first, size = 0.0, 0
                for part in export.json_lines(found.batches()):
                    first = first or time.monotonic() - began
                    size += len(part)
            lines.append(f"{feed}, a day read ({how}): first line after {first:.2f} s, all {share[feed]:,} "
                         f"({size / 1e6:.0f} MB of JSON lines) after {time.monotonic() - began:.2f} s")  # fmt: skip
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the day, all feeds together")
    given = parser.parse_args(arguments)
    print(
        f"# bench/history: {given.events:,} events of one day; {machine.cpu_model()}, {machine.cores()} cores"
    )
    with tempfile.TemporaryDirectory() as folder:
        print("\n".join(measure(given.events, Path(folder))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
