"""Type is as large as the reader's distance asks, and what does not fit any more is dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layouts.scale import DRAWN_PX, needed_px, root_px, shape


@pytest.mark.parametrize(
    ("width_m", "distance_m", "px"),
    [(2.43, 4, 25), (2.43, 6, 38), (3.65, 4, 17), (3.65, 6, 25), (1.90, 4, 32), (1.90, 6, 49), (1.22, 4, 51),
     (1.22, 6, 76)],
)  # fmt: skip
def test_capitals_fill_20_minutes_of_arc(width_m: float, distance_m: float, px: int) -> None:
    assert needed_px(width_m, distance_m) == pytest.approx(px, abs=0.7)


def test_the_reference_wall_shows_everything_at_the_drawn_size() -> None:
    found = shape(2.43, 6)
    assert (round(found.k, 2), found.rows, found.tiles, found.name) == (1.0, 5, 6, "full")
    assert not found.tight


@pytest.mark.parametrize(("k", "rows", "tiles"), [(1.2, 5, 6), (1.5, 4, 4), (1.8, 4, 2), (2.0, 3, 0)])
def test_content_is_dropped_and_never_size(k: float, rows: int, tiles: int) -> None:
    found = shape(15.4 * 6 / (DRAWN_PX * k), 6)
    assert (found.rows, found.tiles) == (rows, tiles)
    assert found.k == pytest.approx(k, abs=0.01)


@given(st.floats(0.2, 100), st.floats(0.3, 100))
def test_type_is_never_smaller_than_drawn_and_never_too_small_to_read(
    width_m: float, distance_m: float
) -> None:
    found = shape(width_m, distance_m)
    assert found.k >= 1
    assert found.k * DRAWN_PX >= needed_px(width_m, distance_m) - 0.05


def test_one_drawing_serves_1080p_to_8k() -> None:
    assert [root_px(w) for w in (1920, 3840, 7680)] == [10, 20, 40]


@pytest.mark.parametrize(("width_m", "distance_m"), [(0, 6), (-1, 6), (2, 0), (float("nan"), 6), (2, 1e9)])
def test_a_screen_that_cannot_be_is_refused_in_words(width_m: float, distance_m: float) -> None:
    with pytest.raises(ValueError, match="must lie between"):
        shape(width_m, distance_m)
