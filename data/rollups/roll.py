"""One roll: what a KPI was over an hour or a day, in a form that can be merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from data.rollups import bins


@dataclass(frozen=True)
class Roll:
    """n values out of `of` samples; total, low and high of the values; last: (moment, value).

    A sample is a reading every five minutes, or one case (an incident) for KPIs that declare
    `samples`. Of one moment there is one last value, so merging does not depend on the order.
    """

    n: int = 0
    of: int = 0
    total: float = 0.0
    low: float | None = None
    high: float | None = None
    last: tuple[int, float] | None = None
    bins: bins.Bins = field(default_factory=dict)

    @property
    def mean(self) -> float | None:
        """Mean of the values; None without any."""
        return self.total / self.n if self.n else None

    def quantile(self, share: float) -> float | None:
        """A quantile of the values, within 1 % (`data/rollups/bins.py`), and within low and high."""
        found = bins.quantile(self.bins, share)
        if found is None or self.low is None or self.high is None:
            return found
        return min(max(found, self.low), self.high)

    def told(self, quantile: float | None) -> float | None:
        """The figure of the period: the KPI's own quantile, or the mean where it has none."""
        return self.mean if quantile is None else self.quantile(quantile)


def roll(samples: Sequence[tuple[int, float | None]]) -> Roll:
    """The roll of (moment, value) pairs, in any order."""
    known = sorted((at, float(v)) for at, v in samples if v is not None)
    if not known:
        return Roll(of=len(samples))
    values = [v for _, v in known]
    return Roll(
        len(values),
        len(samples),
        sum(sorted(values)),
        min(values),
        max(values),
        known[-1],
        bins.count(values),
    )


def merged(rolls: Iterable[Roll]) -> Roll:
    """One roll for all of them."""
    parts = list(rolls)
    return Roll(
        sum(r.n for r in parts),
        sum(r.of for r in parts),
        sum(r.total for r in parts),
        min((r.low for r in parts if r.low is not None), default=None),
        max((r.high for r in parts if r.high is not None), default=None),
        max((r.last for r in parts if r.last is not None), default=None),
        bins.merged(r.bins for r in parts),
    )


def dump(it: Roll) -> list[Any]:
    """As stored: a JSON list."""
    pairs = [part for pair in sorted(it.bins.items()) for part in pair]
    return [it.n, it.of, round(it.total, 6), it.low, it.high, it.last, pairs]


def load(row: Sequence[Any]) -> Roll:
    """The reverse of `dump`."""
    n, of, total, low, high, last, pairs = row
    it = iter(pairs)
    return Roll(n, of, total, low, high, tuple(last) if last else None, dict(zip(it, it, strict=True)))
