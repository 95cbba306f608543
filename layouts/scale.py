"""How large type must be so that it can be read from where people stand, and what then fits.

Capitals must fill 20 minutes of arc: 5.82 mm a metre of distance. Inter's capitals are 0.727 em,
so on a picture W metres wide, laid out on 1920 px, a reader at D metres needs type of
15.4 x D / W px. The wall is drawn for 38 px; a smaller or farther screen gets larger type and
drops content, a nearer one keeps the sizes as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

LAYOUT_PX = 1920
DRAWN_PX = 38.0  # what has to be read from the far row of seats
NEAR_PX = 26.0  # what has to be read from two thirds of that distance
_NEED = 15.4
# Up to which k how many rows and tiles fit into 1080 px: rows, tiles, head and feeds grow with k.
FITS = ((1.25, 5, 6), (1.52, 4, 4), (1.9, 4, 2), (float("inf"), 3, 0))


@dataclass(frozen=True)
class Shape:
    """How much a wall scene shows. k: type size over the drawn one, at least 1.

    rows: slots of "Needs attention"; tiles: beside the map; needed_px: type size that the far
    reader needs, on a layout 1920 px wide. tight: type is larger and nothing was dropped yet.
    """

    k: float
    rows: int
    tiles: int
    needed_px: float

    @property
    def tight(self) -> bool:
        """True where larger type leaves no room for what is only nice to have (sparklines)."""
        return self.k > 1.08

    @property
    def name(self) -> str:
        """Word for the style sheet: `full` (5 rows), `fewer` (4) or `few` (3)."""
        return {5: "full", 4: "fewer"}.get(self.rows, "few")


def needed_px(width_m: float, distance_m: float) -> float:
    """Type size in px of a 1920 px layout for a picture `width_m` wide, read from `distance_m`."""
    return _NEED * distance_m / width_m


def root_px(width_px: float = LAYOUT_PX) -> float:
    """Size of 1 rem in px: the layout is 192 rem wide on every screen, from 1080p to 8K."""
    return width_px / (LAYOUT_PX / 10)


def shape(width_m: float = 2.43, distance_m: float = 6.0) -> Shape:
    """What a wall of this width, read from this distance, can carry.

    Above 1.25 times the drawn size content is dropped, never size: four rows and four tiles fit
    up to 1.52, four and two up to 1.9, beyond that three rows and no tiles.
    Raises ValueError for sizes that no wall has.
    """
    if not (0.2 <= width_m <= 100 and 0.3 <= distance_m <= 100):
        raise ValueError(
            f"a screen {width_m:g} m wide read from {distance_m:g} m cannot be: "
            "width_m must lie between 0.2 and 100, distance_m between 0.3 and 100."
        )
    needed = needed_px(width_m, distance_m)
    k = max(1.0, needed / DRAWN_PX)
    rows, tiles = next((r, t) for limit, r, t in FITS if k <= limit)
    return Shape(round(k, 3), rows, tiles, needed)
