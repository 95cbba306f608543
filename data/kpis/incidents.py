"""Incidents: how many are open, how long the oldest waits, how often 112 rings."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from data.contracts import N_, Kpi, KpiInput, Reading

HOUR_MS = 3_600_000


def open_incidents(given: KpiInput) -> Reading:
    """Incidents that nobody has closed, split by severity (`1` life at risk to `4`).

    as_of: when the feed last spoke. A feed never heard has no value; none open is a true 0.
    """
    if given.heard_ms is None:
        return Reading(None, 0, 0, None, why="no_input")
    active = given.things[given.things["active"]]
    severity = (
        pd.to_numeric(active["severity"], errors="coerce") if len(active) else pd.Series(dtype="float64")
    )
    parts = {str(s): float((severity == s).sum()) for s in (1, 2, 3, 4)}
    return Reading(float(len(active)), len(active), len(active), given.heard_ms, parts)


def oldest_open(given: KpiInput) -> Reading:
    """How long the oldest open incident has been open, in minutes since its receipt; none open: no value."""
    if given.heard_ms is None:
        return Reading(None, 0, 0, None, why="no_input")
    if "received_ms" not in given.things:
        return Reading(None, 0, 0, given.heard_ms, why="none_open")
    since = given.things.loc[given.things["active"], "received_ms"].dropna()
    if since.empty:
        return Reading(None, 0, 0, given.heard_ms, why="none_open")
    minutes = max(0.0, (given.now_ms - float(since.min())) / 60_000)
    return Reading(minutes, len(since), len(since), given.heard_ms)


def calls_last_hour(given: KpiInput) -> Reading:
    """Incidents reported through 112 whose receipt lies in the 60 minutes before now."""
    if given.heard_ms is None:
        return Reading(None, 0, 0, None, why="no_input")
    table = given.things
    if "received_ms" not in table:
        return Reading(0.0, 0, 0, given.heard_ms)
    recent = table["received_ms"].between(given.now_ms - HOUR_MS, given.now_ms)
    calls = int((recent & (table["channel"] == "112")).sum())
    return Reading(float(calls), calls, calls, given.heard_ms)


KPIS = (
    Kpi(
        id="incidents.open",
        label=N_("Open incidents"),
        short=N_("Open incidents"),
        formula=N_("Incidents received and not yet closed"),
        unit="",
        better="lower",
        reads="incidents",
        window=None,
        stale_after=timedelta(minutes=2),
        compute=open_incidents,
    ),
    Kpi(
        id="incidents.oldest_open",
        label=N_("Oldest open incident"),
        short=N_("Oldest open"),
        formula=N_("Time since the receipt of the incident that has been open longest"),
        unit="min",
        better="lower",
        reads="incidents",
        window=None,
        stale_after=timedelta(minutes=2),
        compute=oldest_open,
    ),
    Kpi(
        id="calls.last_hour",
        label=N_("112 calls, last hour"),
        short=N_("112 calls, 1 h"),
        formula=N_("Incidents reported through 112 in the last 60 minutes"),
        unit="",
        better="neither",
        reads="incidents",
        window=timedelta(hours=1),
        stale_after=timedelta(minutes=2),
        compute=calls_last_hour,
    ),
)
