"""The wall: one scene on a screen that nobody operates. Built once a mount, then only leaves change."""

from __future__ import annotations

import json
from collections.abc import Mapping

from dash import dcc, html

from data.contracts import Feed, Kpi, Target
from data.i18n import Translator
from data.live.picture import Picture
from data.profile.city import City, Scene
from layouts import attention, header, ids, legend, live_wall, strip, tiles
from layouts import map as wall_map
from layouts.leaves import apply, data
from layouts.scale import Shape
from layouts.theme import Theme


def wall(
    *,
    city: City,
    scene: Scene,
    feeds: Mapping[str, Feed],
    kpis: Mapping[str, Kpi],
    tr: Translator,
    shape: Shape,
    build: str,
    basemap_url: str,
    picture: Picture | None = None,
    theme: Theme = "dark",
) -> html.Div:
    """The whole wall, filled with `picture` if there is one.

    build: id of the running program, so that a page knows when it is outdated.
    basemap_url: address of the city's own lines and places for the map.
    """
    shown = live_wall.shown_kpis(scene, kpis, shape)
    config = {
        "view": "wall",
        "lang": tr.lang,
        "scene": scene.name,
        "zone": city.zone,
        "build": build,
        "center": list(city.center),
        "bounds": [list(city.bounds[:2]), list(city.bounds[2:])],
        "basemap": basemap_url,
        "shape": {"k": shape.k, "rows": shape.rows, "tiles": shape.tiles},
        "words": tr.words(),
        "layers": wall_map.layers(feeds, tr),
    }
    root = html.Div(
        [
            dcc.Store(id=ids.VIEW, data="wall"),
            html.Div(id=ids.CONFIG, hidden=True, **data(config=json.dumps(config, ensure_ascii=False))),
            html.Div(id=ids.STRIPE, className="stripe"),
            header.header(city, scene, tr),
            html.Main(
                [
                    html.Section(
                        [wall_map.city_map(city, tr), legend.legend(feeds, kpis, tr)],
                        className="panel place",
                    ),
                    html.Div(
                        [
                            attention.panel(shape.rows, tr),
                            html.Div(
                                [tiles.tile(k, city.kpis.get(k.id, Target(None)), tr) for k in shown],
                                className="tiles",
                                hidden=not shown,
                            ),
                        ],
                        className="side",
                    ),
                ],
                className="content",
            ),
            strip.strip(feeds, tr),
        ],
        id=ids.WALL,
        className=f"wall wall-{shape.name}" + (" wall-tight" if shape.tight else ""),
        style={"--k": str(shape.k)},
        lang=tr.lang,
        **data(theme=theme),
    )
    if picture is not None:
        apply(
            root,
            live_wall.wall_leaves(
                picture, city=city, scene=scene, feeds=feeds, kpis=kpis, tr=tr, shape=shape
            ),
        )
    return root
