"""Units: how many are free, what the others do, and how fast people are reached."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from data.contracts import N_, Kpi, KpiInput, Reading

STATES = (
    "available", "dispatched", "en_route", "on_scene", "transporting", "at_hospital", "out_of_service",
)  # fmt: skip
WINDOW = timedelta(hours=24)
RESPONSE_P90 = "ambulance.response_p90"


def _newest(table: pd.DataFrame) -> int | None:
    newest = table["event_ms"].max() if len(table) else float("nan")
    return None if pd.isna(newest) else int(newest)


def _known(given: KpiInput) -> pd.DataFrame:
    """Units seen lately that have said what they do; a place alone does not say so."""
    return given.things[~given.things["stale"] & given.things["state"].isin(STATES)]


def units_available(given: KpiInput) -> Reading:
    """Units that could be sent now: status available and position not older than its maximum age.

    n: units whose state is known, of: all registered units.
    """
    known = _known(given)
    if known.empty:
        return Reading(None, 0, len(given.things), _newest(given.things), why="no_input")
    free = int((known["state"] == "available").sum())
    return Reading(float(free), len(known), len(given.things), _newest(known))


def units_by_status(given: KpiInput) -> Reading:
    """Units with a known state, split by status; `unknown` counts those that are silent or never reported."""
    known = _known(given)
    parts = {s: float((known["state"] == s).sum()) for s in STATES}
    parts["unknown"] = float(len(given.things) - len(known))
    as_of = _newest(known) or _newest(given.things)
    return Reading(float(len(known)), len(known), len(given.things), as_of, parts)


def _raced(given: KpiInput) -> pd.DataFrame:
    """Incidents of the window that need a crew: severity 1 to 3, somebody sent, received in the last 24 h."""
    table = given.things
    if table.empty or "received_ms" not in table:
        return table.iloc[0:0]
    since = given.now_ms - WINDOW.total_seconds() * 1000
    urgent = pd.to_numeric(table["severity"], errors="coerce") <= 3
    sent = table["dispatched_ms"].notna() | table["on_scene_ms"].notna()
    return table[(table["received_ms"] >= since) & (table["received_ms"] <= given.now_ms) & urgent & sent]


def _minutes(raced: pd.DataFrame) -> pd.Series:
    """Minutes from receipt to the first crew's arrival; incidents not reached yet are left out."""
    if raced.empty:
        return pd.Series(dtype="float64")
    took = ((raced["on_scene_ms"] - raced["received_ms"]) / 60_000).dropna()
    return took[took >= 0]


def _fractile(given: KpiInput, share: float) -> Reading:
    raced = _raced(given)
    took = _minutes(raced)
    if took.empty:
        return Reading(None, 0, len(raced), given.heard_ms, why="no_input")
    # linear interpolation: Hyndman & Fan 1996, type 7
    return Reading(float(took.quantile(share)), len(took), len(raced), given.heard_ms)


def response_p50(given: KpiInput) -> Reading:
    """Time within which half of the calls were reached, minutes; see `response_p90`."""
    return _fractile(given, 0.5)


def response_p90(given: KpiInput) -> Reading:
    """Time within which 9 of 10 ambulance calls of the last 24 h were reached, in minutes.

    The clock starts at the report's receipt and stops when the first crew is on the scene. Calls
    under way are left out of the figure and of n, and are counted in `of`. None reached: no
    value, never 0. as_of: when the feed last spoke (a quiet hour is no dead feed).
    """
    return _fractile(given, 0.9)


def response_in_target(given: KpiInput) -> Reading:
    """Share of ambulance calls of the last 24 h reached within the target, per cent.

    A call that is not reached yet counts as missed once its target has passed, so that a
    crew that never arrives cannot improve the figure.
    """
    raced = _raced(given)
    target = given.targets.get(RESPONSE_P90)
    if target is None or target.value is None:
        return Reading(None, 0, len(raced), given.heard_ms, why="no_target")
    took = _minutes(raced)
    waiting = raced[raced["on_scene_ms"].isna()] if len(raced) else raced
    overdue = int(((given.now_ms - waiting["received_ms"]) / 60_000 > target.value).sum())
    judged = len(took) + overdue
    if judged == 0:
        return Reading(None, 0, len(raced), given.heard_ms, why="no_input")
    return Reading(100.0 * float((took <= target.value).sum()) / judged, judged, len(raced), given.heard_ms)


def _cases(raced: pd.DataFrame, value: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {"at_ms": raced["received_ms"], "value": value.reindex(raced.index), "district": raced["district"]}
    )


def _all_raced(given: KpiInput) -> pd.DataFrame:
    """As `_raced`, of all the incidents that are still kept: hours are told by receipt."""
    table = given.things
    if table.empty or "received_ms" not in table:
        return table.iloc[0:0].assign(received_ms=pd.Series(dtype="float64"))
    urgent = pd.to_numeric(table["severity"], errors="coerce") <= 3
    return table[urgent & (table["dispatched_ms"].notna() | table["on_scene_ms"].notna())]


def response_cases(given: KpiInput) -> pd.DataFrame:
    """Minutes to arrival, a row an incident; NaN: nobody there yet."""
    raced = _all_raced(given)
    return _cases(raced, _minutes(raced))


def in_target_cases(given: KpiInput) -> pd.DataFrame:
    """100: reached within the target, 0: not; NaN: under way and still in time."""
    raced = _all_raced(given)
    target = given.targets.get(RESPONSE_P90)
    if raced.empty or target is None or target.value is None:
        return _cases(raced, pd.Series(dtype="float64"))
    took = _minutes(raced).reindex(raced.index)
    waited = (given.now_ms - raced["received_ms"]) / 60_000
    hit = (took <= target.value) * 100.0
    open_yet = raced["on_scene_ms"].isna() & (waited <= target.value)
    broken = raced["on_scene_ms"].notna() & took.isna()
    return _cases(raced, hit.mask(open_yet | broken))


KPIS = (
    Kpi(
        id="ambulance.units_available",
        label=N_("Units available"),
        short=N_("Units free"),
        formula=N_("Units whose status is available and whose position is not too old"),
        unit="",
        better="higher",
        reads="ambulances",
        window=None,
        stale_after=timedelta(minutes=2),
        compute=units_available,
        min_coverage=0.5,
    ),
    Kpi(
        id="ambulance.units_by_status",
        label=N_("Units by status"),
        short=N_("Units"),
        formula=N_("Units with a known state, split by status"),
        unit="",
        better="neither",
        reads="ambulances",
        window=None,
        stale_after=timedelta(minutes=2),
        compute=units_by_status,
    ),
    Kpi(
        id="ambulance.response_p50",
        label=N_("Half reached within"),
        short=N_("Half within"),
        formula=N_("Median time from the report's receipt to the first crew on the scene, last 24 h"),
        unit="min",
        better="lower",
        reads="incidents",
        window=WINDOW,
        stale_after=timedelta(minutes=2),
        compute=response_p50,
        samples=response_cases,
        quantile=0.5,
        decimals=1,
    ),
    Kpi(
        id=RESPONSE_P90,
        label=N_("9 of 10 reached within"),
        short=N_("9 of 10 within"),
        formula=N_(
            "Time from the report's receipt to the first crew on the scene that 9 of 10 calls kept, last 24 h"
        ),
        unit="min",
        better="lower",
        reads="incidents",
        window=WINDOW,
        stale_after=timedelta(minutes=2),
        compute=response_p90,
        samples=response_cases,
        quantile=0.9,
        decimals=1,
    ),
    Kpi(
        id="ambulance.response_in_target",
        label=N_("Reached within target"),
        short=N_("In target"),
        formula=N_("Share of calls of the last 24 h whose first crew arrived within the target time"),
        unit="%",
        better="higher",
        reads="incidents",
        window=WINDOW,
        stale_after=timedelta(minutes=2),
        compute=response_in_target,
        samples=in_target_cases,
    ),
)
