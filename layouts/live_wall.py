"""All live properties of the wall, as one pure function: the server sends what changed of them."""

from __future__ import annotations

from collections.abc import Mapping

from data.attention import needs_attention
from data.contracts import Feed, Kpi, Target
from data.i18n import Translator
from data.live.picture import Picture
from data.profile.city import City, Scene
from layouts import attention, header, legend, strip, tiles
from layouts.leaves import Leaves
from layouts.scale import Shape

# The KPI whose target is the response clock's length, in minutes.
RESPONSE_KPI = "ambulance.response_p90"


def wall_leaves(
    picture: Picture,
    *,
    city: City,
    scene: Scene,
    feeds: Mapping[str, Feed],
    kpis: Mapping[str, Kpi],
    tr: Translator,
    shape: Shape,
) -> Leaves:
    """Every live property of the wall by element id, for one picture, language and shape.

    The ids are those of `layouts.wall.wall` called with the same city, scene, feeds and shape.
    """
    rows = needs_attention(picture, feeds, response_target_s(city))
    found = header.leaves(picture, city, tr)
    found |= attention.leaves(rows, shape.rows, empty=picture.mode == "empty", city=city, feeds=feeds, tr=tr)
    for kpi in shown_kpis(scene, kpis, shape):
        found |= tiles.leaves(kpi, picture, city.kpis.get(kpi.id, Target(None)), tr, tight=shape.tight)
    found |= legend.leaves(picture, feeds, tr)
    found |= strip.leaves(picture, feeds, tr)
    return found


def shown_kpis(scene: Scene, kpis: Mapping[str, Kpi], shape: Shape) -> list[Kpi]:
    """The scene's KPIs that fit, in its order; ids that nobody defines are left out."""
    return [kpis[name] for name in scene.tiles if name in kpis][: shape.tiles]


def response_target_s(city: City) -> float | None:
    """How long a crew may take, in seconds, by the city's own target; None if it has none."""
    target = city.kpis.get(RESPONSE_KPI)
    return None if target is None or target.value is None else target.value * 60
