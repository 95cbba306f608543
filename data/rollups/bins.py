"""Counts in fixed logarithmic bins: percentiles of any union of periods, each within 1 %.

Bin i holds the values in (g^(i-1), g^i] with g = 1.01/0.99; a value of it is told as
2·g^i/(g+1), which is off by 1 % at most. Values below 0.001 count as 0. The bins are the same
everywhere and for ever, so merging is adding and loses nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

ERROR = 0.01
LEAST = 0.001
_GAMMA = (1 + ERROR) / (1 - ERROR)
_LOG = math.log(_GAMMA)
ZERO = -(10**6)  # the bin of all that is less than LEAST

Bins = dict[int, int]


def bin_of(value: float) -> int:
    """The bin of a value; negative ones count as 0."""
    return ZERO if value < LEAST else math.ceil(math.log(value) / _LOG)


def value_of(bin: int) -> float:
    """The value that stands for a bin."""
    return 0.0 if bin == ZERO else 2 * math.exp(bin * _LOG) / (_GAMMA + 1)


def count(values: Iterable[float]) -> Bins:
    """Bins of some values."""
    bins: Bins = {}
    for value in values:
        at = bin_of(value)
        bins[at] = bins.get(at, 0) + 1
    return bins


def merged(parts: Iterable[Mapping[int, int]]) -> Bins:
    """The bins of all parts together."""
    bins: Bins = {}
    for part in parts:
        for at, n in part.items():
            bins[at] = bins.get(at, 0) + n
    return bins


def quantile(bins: Mapping[int, int], share: float) -> float | None:
    """A quantile, within ERROR of the one that the values themselves have; None without values.

    Between two ranks it is interpolated linearly (Hyndman & Fan 1996, type 7), as the readings are.
    """
    total = sum(bins.values())
    if not total:
        return None
    place = share * (total - 1)
    below = _of_rank(bins, math.floor(place))
    above = _of_rank(bins, math.ceil(place))
    return below + (place - math.floor(place)) * (above - below)


def _of_rank(bins: Mapping[int, int], rank: int) -> float:
    for at in sorted(bins):
        rank -= bins[at]
        if rank < 0:
            return value_of(at)
    raise AssertionError("a rank beyond all values")
