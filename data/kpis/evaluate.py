"""From things to readings: frames, source rule, coverage rule; the same for now and for past minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from data.contracts import Kpi, KpiInput, Reading, Target, Thing

COLUMNS = ("state", "event_ms", "since_ms", "stale", "heard", "active", "district", "symbol")


def frame(things: Iterable[Thing], now_ms: int) -> pd.DataFrame:
    """One row a thing, index `id`; columns of `KpiInput.things`. Times are float milliseconds, NaN: unknown."""
    rows: list[dict[str, Any]] = []
    ids: list[str] = []
    for t in things:
        ids.append(t.id)
        rows.append(
            {
                **t.fields, "state": t.state, "event_ms": t.event_ms, "since_ms": t.since_ms,
                "stale": t.stale(now_ms), "heard": t.event_ms is not None, "active": t.active,
                "district": t.district, "symbol": t.symbol,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows, index=pd.Index(ids, name="id"))
    for name in COLUMNS:
        if name not in table:
            table[name] = pd.Series(dtype="object")
    for name in table.columns:
        if str(name).endswith("_ms"):
            table[name] = pd.to_numeric(table[name], errors="coerce").astype("float64")
    return table.astype({"stale": bool, "heard": bool, "active": bool})


def counted(things: Iterable[Thing], *, live_only: bool) -> list[Thing]:
    """The things that figures may use: live ones only, unless the store has never seen one; no exercises.

    Registered things stay in as never heard: they are what coverage is counted against.
    """
    found = []
    for t in things:
        if t.source in (None, "live") or not (live_only or t.source == "exercise"):
            found.append(t)
        elif t.registered:
            found.append(_unheard(t))
    return found


def _unheard(t: Thing) -> Thing:
    return replace(
        t, state="unknown", event_ms=None, since_ms=None, source=None, flags=frozenset(), fields={}
    )


def evaluate(
    kpis: Sequence[Kpi],
    things: Mapping[str, Iterable[Thing]],
    heard_ms: Mapping[str, int | None],
    targets: Mapping[str, Target],
    now_ms: int,
    *,
    live_only: bool,
) -> dict[str, Reading]:
    """A reading of every KPI; one that fails reads as unknown and takes none of the others along."""
    frames: dict[str, pd.DataFrame] = {}
    found = {}
    for kpi in kpis:
        if kpi.reads not in frames:
            chosen = counted(things.get(kpi.reads, ()), live_only=live_only)
            frames[kpi.reads] = frame(chosen, now_ms)
        given = KpiInput(frames[kpi.reads], now_ms, heard_ms.get(kpi.reads), targets)
        try:
            found[kpi.id] = covered(kpi, kpi.compute(given))
        except Exception as error:  # a formula of a later city must not stop the others
            found[kpi.id] = Reading(None, 0, 0, None, why=f"error: {type(error).__name__}")
    return found


def covered(kpi: Kpi, reading: Reading) -> Reading:
    """The reading, its value withheld where it stands on too little."""
    if reading.value is not None and reading.of and reading.n / reading.of < kpi.min_coverage:
        return Reading(None, reading.n, reading.of, reading.as_of_ms, reading.parts, "low_coverage")
    return reading
