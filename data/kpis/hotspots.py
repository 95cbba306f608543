"""Hotspots: how many work, how many people use them."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from data.contracts import N_, Kpi, KpiInput, Reading

STALE = timedelta(minutes=15)


def _as_of(table: pd.DataFrame) -> int | None:
    newest = table["event_ms"].max() if len(table) else float("nan")
    return None if pd.isna(newest) else int(newest)


def up_pct(given: KpiInput) -> Reading:
    """Share of hotspots that are up, per cent of those heard from lately.

    Degraded ones count as not up. n: hotspots whose state is known, of: all registered.
    """
    known = given.things[~given.things["stale"] & (given.things["state"] != "unknown")]
    if known.empty:
        return Reading(None, 0, len(given.things), _as_of(given.things), why="no_input")
    share = 100.0 * float((known["state"] == "up").mean())
    return Reading(share, len(known), len(given.things), _as_of(known))


def users_online(given: KpiInput) -> Reading:
    """People connected now, summed over the hotspots that told lately; a hotspot that is down has none."""
    if given.things.empty or "clients" not in given.things:
        return Reading(None, 0, len(given.things), None, why="no_input")
    fresh = given.things[~given.things["stale"]]
    clients = pd.to_numeric(fresh["clients"], errors="coerce").dropna()
    if clients.empty:
        return Reading(None, 0, len(given.things), _as_of(given.things), why="no_input")
    return Reading(float(clients.sum()), len(clients), len(given.things), _as_of(fresh))


def outage_minutes(given: KpiInput) -> Reading:
    """Minutes for which the hotspots that are down now have been down, summed.

    Down is a hotspot's last word (its last will says it), so it holds however old it is. n: those
    down, of: hotspots that ever said what they are. None of them down is a true 0.
    """
    told = given.things[given.things["state"] != "unknown"]
    if told.empty:
        return Reading(None, 0, 0, given.heard_ms, why="no_input")
    since = told.loc[told["state"] == "down", "since_ms"].dropna()
    minutes = float((given.now_ms - since).clip(lower=0).sum()) / 60_000
    return Reading(minutes, len(since), len(told), given.heard_ms)


KPIS = (
    Kpi(
        id="hotspots.up_pct",
        label=N_("Hotspots up"),
        short=N_("Hotspots up"),
        formula=N_("Share of hotspots that are up, of those heard from in the last 15 minutes"),
        unit="%",
        better="higher",
        reads="hotspots",
        window=None,
        stale_after=STALE,
        compute=up_pct,
        decimals=1,
        min_coverage=0.5,
    ),
    Kpi(
        id="hotspots.users_online",
        label=N_("WiFi users online"),
        short=N_("WiFi users"),
        formula=N_("People connected to the hotspots that reported in the last 15 minutes"),
        unit="",
        better="neither",
        reads="hotspots",
        window=None,
        stale_after=STALE,
        compute=users_online,
        min_coverage=0.5,
    ),
    Kpi(
        id="hotspots.outage_minutes",
        label=N_("Outage minutes now"),
        short=N_("Outage minutes"),
        formula=N_("Minutes for which the hotspots that are down now have been down, summed"),
        unit="min",
        better="lower",
        reads="hotspots",
        window=None,
        stale_after=STALE,
        compute=outage_minutes,
    ),
)
