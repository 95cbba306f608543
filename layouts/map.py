"""The map: base tiles through our proxy, scale, attribution. Objects and city lines come from scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_leaflet as dl
from dash import html

from data.contracts import Feed
from data.i18n import Translator
from data.profile.city import City
from layouts import ids

TILES = "/tiles/{z}/{x}/{y}"
SYMBOL_PX = 34  # on a layout 1920 px wide; scripts scale it with the screen


def city_map(city: City, tr: Translator) -> html.Div:
    """The map and the button that gives the view back after a gesture took it."""
    south, west, north, east = city.bounds
    return html.Div(
        [
            dl.MapContainer(
                [
                    dl.TileLayer(
                        url=TILES, attribution=city.tiles.attribution, maxZoom=19,
                        maxNativeZoom=city.tiles.max_zoom, className="base-tiles",
                    ),
                    dl.ScaleControl(position="topleft", imperial=False, maxWidth=180),
                    dl.AttributionControl(position="bottomright", prefix=False),
                ],
                id=ids.MAP, className="map", bounds=[[south, west], [north, east]],
                trackViewport=False, zoomControl=False, attributionControl=False,
                zoomSnap=0.25, zoomDelta=0.5, minZoom=8, maxZoom=19,
            ),
            html.Button(
                tr("Back to overview"), id=ids.VIEW_LOCK, className="view-lock", hidden=True, type="button"
            ),
        ],
        className="map-frame",
    )  # fmt: skip


def layer(feed: Feed, tr: Translator) -> dict[str, Any]:
    """What the map's script must know of a feed, JSON-able."""
    return {
        "name": feed.name,
        "title": tr(feed.title),
        "moving": feed.moving,
        "cluster": feed.cluster,
        "quiet": list(feed.quiet_states),
        "size": SYMBOL_PX,
        "order": feed.order,
        "max_age_s": None if feed.stale_after is None else feed.stale_after.total_seconds(),
        "states": {s.code: tr(s.label) for s in feed.states},
        "colours": {s.code: s.colour for s in feed.states},
    }


def layers(feeds: Mapping[str, Feed], tr: Translator) -> list[dict[str, Any]]:
    """All layers in drawing order: the first lies on top."""
    return [layer(feed, tr) for feed in sorted(feeds.values(), key=lambda f: f.order)]
