"""An invented evening for the harness, like the drawn wall, and swarms to measure with."""

from __future__ import annotations

import math
import random
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
Row = list[Any]
STATES = ("available", "dispatched", "en_route", "on_scene", "transporting", "at_hospital", "out_of_service")


def now_ms() -> int:
    """This machine's clock."""
    return int(time.time() * 1000)


def basemap() -> dict[str, Any]:
    """Semarang's own lines and places."""
    from data.basemap import base_map
    from data.profile import load_city

    return base_map(load_city("semarang", [ROOT / "data" / "cities"]), ROOT / "var")


class Evening:
    """Sixty units, eleven incidents, four hundred hotspots, some of it unwell."""

    def __init__(self, seed: int = 7) -> None:
        rng = random.Random(seed)
        now = now_ms()
        self.incidents: list[Row] = [
            incident("I-1", 1, -6.985, 110.418, "Pandanaran", now - 372_000, 600),
            incident("I-2", 2, -6.957, 110.466, "Kaligawe", now - 221_000, 600),
            incident("I-3", 2, -6.962, 110.430, "Kebonharjo", now - 1_680_000, None),
            incident("I-4", 3, -6.99, 110.345, "", now - 800_000, None),
            incident("I-5", 3, -7.065, 110.425, "", now - 500_000, None),
            incident("I-6", 4, -7.04, 110.455, "", now - 900_000, None),
            incident("I-7", 4, -6.985, 110.497, "", now - 900_000, None),
            incident("I-8", 4, -7.05, 110.29, "", now - 900_000, None),
        ]
        stations = [(-6.992, 110.42), (-6.985, 110.32), (-7.05, 110.41), (-6.97, 110.48)]
        self.units: list[Row] = []
        for i in range(60):
            kind = "motorcycle" if i % 5 == 0 else "car"
            state = STATES[0] if i < 38 else STATES[1 + i % 6]
            if i < 12:
                lat, lon = stations[i % 4]
            else:
                lat, lon = rng.uniform(-7.07, -6.96), rng.uniform(110.31, 110.48)
            age = 900_000 if i in (20, 45) else rng.uniform(0, 9_000)
            self.units.append([f"AMB-{i:02}", lat, lon, rng.randrange(360), f"unit-{kind}", state, now - age, 120,
                               f"AMB-{i:02}", None])  # fmt: skip
        for i, (lat, lon) in ((58, (-6.962, 110.43)), (57, (-6.9621, 110.4301)), (56, (-6.985, 110.4181))):
            self.units[i][1:3] = lat, lon
            self.units[i][5] = "on_scene"
        self.hotspots: list[Row] = []
        for i in range(400):
            lat, lon = rng.gauss(-7.0, 0.035), rng.gauss(110.41, 0.05)
            state = "up"
            if i < 31:
                lat, lon, state = rng.gauss(-7.052, 0.004), rng.gauss(110.325, 0.004), "down"
            elif i < 37:
                state = "degraded"
            elif i < 40:
                state = "down"
            age = 3_600_000 if i in (50, 51) else 20_000
            self.hotspots.append(
                [f"H-{i:04}", lat, lon, None, "hotspot", state, now - age, 300, f"H-{i:04}", None]
            )
        self._rng = rng

    def frame(self) -> dict[str, Any]:
        """Everything."""
        rows = {"ambulances": self.units, "incidents": self.incidents, "hotspots": self.hotspots}
        return {"layers": {feed: {"set": set_, "del": []} for feed, set_ in rows.items()}}

    def step(self) -> dict[str, Any]:
        """One second on: who is under way moves."""
        moved = []
        for row in self.units:
            if row[5] in ("en_route", "transporting", "dispatched"):
                row[3] = (row[3] + self._rng.uniform(-15, 15)) % 360
                row[1] += math.cos(math.radians(row[3])) * 0.0002
                row[2] += math.sin(math.radians(row[3])) * 0.0002
                row[6] = now_ms()
                moved.append(row)
        return {"layers": {"ambulances": {"set": moved, "del": []}}}


def incident(
    id: str, severity: int, lat: float, lon: float, place: str, since: int, target: int | None
) -> Row:
    """One open incident's row."""
    extra = (
        {"callout": place, "since_ms": since, "target_s": target, "ended_ms": None} if severity < 3 else None
    )
    return [id, lat, lon, None, "incident", str(severity), since, None, id, extra]


class Swarm:
    """`n` units that all drive, one fix a second each."""

    def __init__(self, n: int, seed: int = 1, speed: float = 0.0006) -> None:
        rng = random.Random(seed)
        self._rng, self._speed = rng, speed
        self.rows: list[Row] = [
            [f"U-{i}", rng.uniform(-7.11, -6.94), rng.uniform(110.28, 110.49), rng.uniform(0, 360),
             "unit-car" if i % 3 else "unit-motorcycle", STATES[i % 7], now_ms(), 120, f"U-{i}", None]
            for i in range(n)
        ]  # fmt: skip

    def step(self) -> dict[str, Any]:
        """Everybody one second further."""
        now = now_ms()
        for row in self.rows:
            row[3] = (row[3] + self._rng.uniform(-20, 20)) % 360
            if not (-7.12 < row[1] < -6.93 and 110.26 < row[2] < 110.51):
                row[3] = math.degrees(math.atan2(110.39 - row[2], -7.02 - row[1])) % 360
            row[1] += math.cos(math.radians(row[3])) * self._speed
            row[2] += math.sin(math.radians(row[3])) * self._speed
            row[6] = now
        return {"layers": {"ambulances": {"set": self.rows, "del": []}}}
