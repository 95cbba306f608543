"""Readings of past minutes, told anew from the objects' histories.

Used at the first start (the last hours arrive within seconds), after an outage and whenever
late messages change what was true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from data.contracts import Feed, Kpi, Reading, Target, Thing
from data.kpis.evaluate import evaluate
from data.live.history import Moment, Rewind
from data.store.registry import Registry


def readings(
    history: Sequence[Moment],
    feeds: Mapping[str, Feed],
    registry: Registry,
    kpis: Sequence[Kpi],
    targets: Mapping[str, Target],
    minutes: Sequence[int],
    *,
    live_only: bool,
    also: Callable[[int, Mapping[str, Sequence[Thing]], Mapping[str, int | None]], None] | None = None,
) -> Iterator[tuple[str, int, Reading]]:
    """(KPI id, minute, reading) for each of the given minutes, ascending.

    Only events up to the minute count. A feed counts as heard at that minute once it had any
    event by then, because the past does not tell its heartbeats. `also` is called with each minute,
    the things as they stood and what was heard by then.
    """
    rewind = Rewind(history, feeds, registry)
    for minute in minutes:
        things = {n: list(t.values()) for n, t in rewind.to(minute).items()}
        heard = {n: minute if n in rewind.spoken else None for n in feeds}
        if also:
            also(minute, things, heard)
        for id, reading in evaluate(kpis, things, heard, targets, minute, live_only=live_only).items():
            yield id, minute, reading
