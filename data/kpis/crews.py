"""Crews: how fast they leave, how long they drive, how many serve and how busy they are."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from data.contracts import N_, Kpi, KpiInput, Reading
from data.kpis.ambulances import STATES

WINDOW = timedelta(hours=24)
BUSY = ("dispatched", "en_route", "on_scene", "transporting", "at_hospital")


def _known(given: KpiInput) -> pd.DataFrame:
    return given.things[~given.things["stale"] & given.things["state"].isin(STATES)]


def _as_of(table: pd.DataFrame) -> int | None:
    newest = table["event_ms"].max() if len(table) else float("nan")
    return None if pd.isna(newest) else int(newest)


def in_service(given: KpiInput) -> Reading:
    """Share of all registered units that are known to serve: any status but out of service, per cent.

    A unit that nobody hears from cannot be sent, so it counts as not serving. n: units whose
    state is known, of: all registered units.
    """
    known = _known(given)
    if known.empty:
        return Reading(None, 0, len(given.things), _as_of(given.things), why="no_input")
    serving = int((known["state"] != "out_of_service").sum())
    return Reading(100.0 * serving / len(given.things), len(known), len(given.things), _as_of(known))


def utilisation(given: KpiInput) -> Reading:
    """Share of the serving units that are on a call, from dispatch to the hospital, per cent.

    n: units known to serve, of: all registered units. No unit serves: no value.
    """
    known = _known(given)
    serving = known[known["state"] != "out_of_service"]
    if serving.empty:
        return Reading(None, 0, len(given.things), _as_of(given.things), why="no_input")
    busy = int(serving["state"].isin(BUSY).sum())
    return Reading(100.0 * busy / len(serving), len(serving), len(given.things), _as_of(serving))


def _gaps(given: KpiInput, begin: str, end: str) -> pd.DataFrame:
    """One row an urgent incident that has begun: `at_ms` (receipt), `value` (minutes, NaN: not known), `district`.

    The first unit's time of each stage counts. Stages in the wrong order (a button pressed late)
    say nothing and have no value.
    """
    table = given.things
    if table.empty or "received_ms" not in table:
        return pd.DataFrame({"at_ms": [], "value": [], "district": []})
    urgent = pd.to_numeric(table["severity"], errors="coerce") <= 3
    begun = table[urgent & table[begin].notna()]
    took = (begun[end] - begun[begin]) / 60_000
    return pd.DataFrame(
        {"at_ms": begun["received_ms"], "value": took.where(took >= 0), "district": begun["district"]}
    )


def _fractile(given: KpiInput, cases: pd.DataFrame) -> Reading:
    since = given.now_ms - WINDOW.total_seconds() * 1000
    lately = cases[(cases["at_ms"] >= since) & (cases["at_ms"] <= given.now_ms)]
    took = lately["value"].dropna()
    if took.empty:
        return Reading(None, 0, len(lately), given.heard_ms, why="no_input")
    # linear interpolation: Hyndman & Fan 1996, type 7
    return Reading(float(took.quantile(0.9)), len(took), len(lately), given.heard_ms)


def turnout_cases(given: KpiInput) -> pd.DataFrame:
    """Minutes from dispatch to the first wheels turning, a row an incident."""
    return _gaps(given, "dispatched_ms", "en_route_ms")


def travel_cases(given: KpiInput) -> pd.DataFrame:
    """Minutes from leaving to arrival, a row an incident."""
    return _gaps(given, "en_route_ms", "on_scene_ms")


def turnout_p90(given: KpiInput) -> Reading:
    """Turnout time that 9 of 10 urgent incidents of the last 24 h kept, minutes; see `turnout_cases`."""
    return _fractile(given, turnout_cases(given))


def travel_p90(given: KpiInput) -> Reading:
    """Travel time that 9 of 10 urgent incidents of the last 24 h kept, minutes; see `travel_cases`."""
    return _fractile(given, travel_cases(given))


KPIS = (
    Kpi(
        id="ambulance.turnout_p90",
        label=N_("9 of 10 left within"),
        short=N_("Turnout, 9/10"),
        formula=N_("Time from dispatch to the first unit's departure that 9 of 10 calls kept, last 24 h"),
        unit="min",
        better="lower",
        reads="incidents",
        window=WINDOW,
        stale_after=timedelta(minutes=2),
        compute=turnout_p90,
        decimals=1,
        samples=turnout_cases,
        quantile=0.9,
    ),
    Kpi(
        id="ambulance.travel_p90",
        label=N_("9 of 10 drove at most"),
        short=N_("Travel, 9/10"),
        formula=N_("Time from the first unit's departure to arrival that 9 of 10 calls kept, last 24 h"),
        unit="min",
        better="lower",
        reads="incidents",
        window=WINDOW,
        stale_after=timedelta(minutes=2),
        compute=travel_p90,
        decimals=1,
        samples=travel_cases,
        quantile=0.9,
    ),
    Kpi(
        id="ambulance.in_service",
        label=N_("Units in service"),
        short=N_("In service"),
        formula=N_("Share of all units that are heard from and not out of service"),
        unit="%",
        better="higher",
        reads="ambulances",
        window=None,
        stale_after=timedelta(minutes=2),
        compute=in_service,
    ),
    Kpi(
        id="ambulance.utilisation",
        label=N_("Units on a call"),
        short=N_("Utilisation"),
        formula=N_("Share of the units in service that are on a call, from dispatch to the hospital"),
        unit="%",
        better="neither",
        reads="ambulances",
        window=None,
        stale_after=timedelta(minutes=2),
        compute=utilisation,
        min_coverage=0.5,
    ),
)
