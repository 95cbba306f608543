"""Percentiles from counts: within 1 %, and the same however the values were parted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.rollups import bins
from data.rollups.roll import dump, load, merged, roll

VALUES = st.floats(0.001, 1e9)


@given(VALUES)
def test_a_value_is_told_within_one_per_cent(value: float) -> None:
    assert bins.value_of(bins.bin_of(value)) == pytest.approx(value, rel=bins.ERROR * 1.0001)


@given(st.lists(VALUES, min_size=1, max_size=60), st.floats(0, 1))
def test_any_percentile_is_within_one_per_cent_of_the_exact_one(values: list[float], q: float) -> None:
    exact = float(np.quantile(values, q))
    assert bins.quantile(bins.count(values), q) == pytest.approx(exact, rel=bins.ERROR * 1.0001)


def test_a_percentile_worked_out_by_hand() -> None:
    took = [4.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 30.0]  # minutes
    # place 0.9 · 9 = 8.1, so 13 + 0.1 · 17; place 4.5, so halfway from 9 to 10
    assert bins.quantile(bins.count(took), 0.9) == pytest.approx(14.7, rel=0.01)
    assert bins.quantile(bins.count(took), 0.5) == pytest.approx(9.5, rel=0.01)


def test_small_values_and_negative_ones_count_as_nothing() -> None:
    assert bins.count([0.0, -3.0, 0.0009]) == {bins.ZERO: 3}
    assert bins.quantile({bins.ZERO: 3}, 0.5) == 0.0
    assert bins.quantile({}, 0.5) is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.one_of(st.none(), VALUES)), max_size=40), st.data())
def test_merged_parts_are_the_whole(samples, data) -> None:
    samples = list(dict(samples).items())  # one sample a moment
    cut = data.draw(st.integers(0, len(samples)))
    parts = merged([roll(samples[:cut]), roll(samples[cut:])])
    whole = roll(samples)
    assert (parts.n, parts.of, parts.low, parts.high, parts.last, parts.bins) == (
        whole.n, whole.of, whole.low, whole.high, whole.last, whole.bins,
    )  # fmt: skip
    assert parts.total == pytest.approx(whole.total)


def test_a_roll_survives_being_stored() -> None:
    made = roll([(1, 3.5), (2, None), (3, 0.0)])
    assert load(dump(made)) == made
    assert (made.n, made.of, made.mean, made.last) == (2, 3, 1.75, (3, 0.0))
