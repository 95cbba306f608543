"""An invented evening in Semarang, to draw the wall without any server. Nothing in it is real."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from data.contracts import Feed, FeedHealth, Kpi, Problem, Reading, Thing
from data.kpis import ambulances as ambulance_kpis
from data.kpis import hotspots as hotspot_kpis
from data.kpis import incidents as incident_kpis
from data.live.picture import Mode, Picture
from data.profile.city import City
from feeds import ambulances, hotspots, incidents

NOW = 1_795_528_032_000  # 2026-11-24 20:47:12 in Jakarta
FEEDS: Mapping[str, Feed] = {f.FEED.name: f.FEED for f in (ambulances, incidents, hotspots)}
KPIS: Mapping[str, Kpi] = {k.id: k for k in (*ambulance_kpis.KPIS, *incident_kpis.KPIS, *hotspot_kpis.KPIS)}
MIN = 60_000


def incident(number: int, severity: int, title: str, place: str, minutes: float, **more: object) -> Thing:
    """An open incident received `minutes` ago."""
    since = NOW - int(minutes * MIN)
    fields = {"category": title, "severity": severity, "address": place, "received_ms": since, "units": {}}
    return Thing(
        feed="incidents", id=f"I-{number:04}", label=f"I-{number:04}", symbol="incident",
        state=str(severity), event_ms=since, max_age_s=None, source="simulated", flags=frozenset(),
        lat=-6.99, lon=110.42, heading_deg=None, since_ms=since, district="semarang-tengah", active=True,
        fields=fields | more,
    )  # fmt: skip


def unit(name: str, state: str, age_s: float, **more: object) -> Thing:
    """A unit whose last position is `age_s` old."""
    return Thing(
        feed="ambulances", id=name, label=name, symbol="unit-car", state=state,
        event_ms=NOW - int(age_s * 1000), max_age_s=120, source="simulated", flags=frozenset(),
        lat=-6.98, lon=110.41, heading_deg=90, since_ms=NOW - 5 * MIN, district="semarang-tengah",
        active=True, fields={"kind": "car", **more},
    )  # fmt: skip


def series(base: float, swing: float, seed: int) -> list[tuple[int, float | None]]:
    """Six hours, one value a minute, with an hour's gap."""
    rng = random.Random(seed)
    return [
        (
            NOW - (360 - i) * MIN,
            None
            if 150 < i < 190
            else base + swing * math.sin(i / 40 + seed) + rng.uniform(-1, 1) * swing / 3,
        )
        for i in range(361)
    ]


def picture(city: City, mode: Mode = "simulated", *, problems: bool = False, calm: bool = False) -> Picture:
    """The evening. problems: the store is away; calm: nothing needs anybody."""
    things = {
        "incidents": {
            t.id: t
            for t in (
                incident(1, 1, "Cardiac arrest", "Pandanaran", 6.2, units={"AMB-07": "en_route"}),
                incident(2, 2, "Traffic accident", "Kaligawe", 3.68),
                incident(3, 2, "Fire", "Kebonharjo", 28, units={"AMB-02": "on_scene", "AMB-14": "on_scene"},
                         on_scene_ms=NOW - 19 * MIN),
                incident(4, 3, "Breathing difficulty", "Tembalang", 12.5, units={"AMB-11": "en_route"}),
                incident(5, 3, "Fall", "Banyumanik", 4),
                incident(6, 4, "Medical check", "Ngaliyan", 49),
            )
        },
        "ambulances": {t.id: t for t in (unit("AMB-09", "en_route", 840, incident_id="I-0009"),)},
    }  # fmt: skip
    parts = dict(available=44, dispatched=2, en_route=4, on_scene=4, transporting=3, at_hospital=2,
                 out_of_service=1, unknown=1)  # fmt: skip
    readings = {
        "ambulance.response_p90": Reading(9.4, 58, 61, NOW - 12_000),
        "ambulance.units_available": Reading(9, 60, 61, NOW - 2_000),
        "ambulance.units_by_status": Reading(
            60, 60, 61, NOW - 2_000, {k: float(v) for k, v in parts.items()}
        ),
        "incidents.open": Reading(7, 7, 7, NOW - 5_000),
        "calls.last_hour": Reading(None, 0, 4, NOW - 14 * MIN, why="no_input"),
        "hotspots.up_pct": Reading(96.1, 398, 402, NOW - 38_000),
        "hotspots.users_online": Reading(12_336, 2_280, 2_300, NOW - 11 * MIN),
    }
    heard = {"ambulances": NOW - 2_000, "incidents": NOW - 5_000, "hotspots": NOW - 14 * MIN}
    return Picture(
        now_ms=NOW,
        mode=mode,
        things={} if calm else things,
        readings=readings,
        series={
            k: series(r.value, abs(r.value) / 12 + 0.1, n)
            for n, (k, r) in enumerate(readings.items())
            if r.value is not None
        },
        feeds={n: FeedHealth(n, last_heard_ms=NOW - 1_000 if calm else ms) for n, ms in heard.items()},
        problems=[Problem("store", "The store does not answer.", NOW - 15 * MIN)] if problems else (),
    )
