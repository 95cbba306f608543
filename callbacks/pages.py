"""Addresses and pages: which address shows which page, in which language and shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.backends._fastapi import reset_current_request, set_current_request
from dash.development.base_component import Component
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from callbacks.live.hub import Render, ViewKey
from callbacks.room import Room
from data.live.picture import Picture
from layouts.desk import desk, feeds_page
from layouts.front import index as front_page
from layouts.front import not_found
from layouts.live_desk import desk_leaves, feeds_leaves
from layouts.live_wall import wall_leaves
from layouts.scale import Shape, shape
from layouts.theme import Theme
from layouts.wall import wall

LANG: ContextVar[str] = ContextVar("lang", default="id")
PAGE: ContextVar[str] = ContextVar("page", default="")
# AG Grid weighs more than all the rest: only the desk pays for it.
GRID_SCRIPT = re.compile(r'<script src="[^"]*/dash_ag_grid/[^"]*"></script>')
DEFAULT_SCENE = "overview"


@dataclass(frozen=True)
class Place:
    """What an address means. page: `front`, `wall`, `desk`, `feeds` or `missing`."""

    page: str
    lang: str
    scene: str = ""
    width_m: float = 0
    distance_m: float = 0
    theme: Theme = "dark"
    path: str = "/"

    @property
    def key(self) -> ViewKey:
        """The live view of this place."""
        return ViewKey(self.page, self.lang, self.scene, f"{self.width_m:g}x{self.distance_m:g}")


def place(room: Room, pathname: str, search: str, accept: str | None = None) -> Place:
    """Read an address. Wrong sizes fall back to the profile's screen; an unknown path is `missing`."""
    query = {k: v[-1] for k, v in parse_qs(search.lstrip("?")).items()}
    lang = room.language(query.get("lang"), accept)
    parts = [p for p in pathname.split("/") if p]
    if not parts:
        return Place("front", lang)
    if parts in (["desk"], ["desk", "feeds"]):
        return Place(parts[-1], lang, theme="dark" if query.get("theme") == "dark" else "light")
    scene = parts[1] if len(parts) == 2 else DEFAULT_SCENE
    if parts[0] != "wall" or len(parts) > 2 or scene not in room.city.scenes:
        return Place("missing", lang, path=pathname[:200])
    screens = list(room.city.screens.values())
    screen = room.city.screens.get(query.get("screen", "")) or (screens[0] if screens else None)
    width = screen.width_m if screen else 2.43
    distance = screen.distance_m if screen else 6.0
    width, distance = _size(query, width, distance)
    themes: dict[str, Theme] = {"light": "light", "lit": "lit"}
    return Place("wall", lang, scene, width, distance, themes.get(query.get("theme", ""), "dark"))


def _size(query: Mapping[str, str], width_m: float, distance_m: float) -> tuple[float, float]:
    try:
        wanted = float(query.get("width_m", width_m)), float(query.get("distance_m", distance_m))
        shape(*wanted)
        return round(wanted[0], 2), round(wanted[1], 2)
    except ValueError:
        return width_m, distance_m


def make_view(room: Room, key: ViewKey) -> Render | None:
    """The renderer behind a live view, or None where there is nothing live."""
    if key.view in ("desk", "feeds"):
        return _desk_view(room, key) if key.lang in room.translators else None
    if key.view != "wall" or key.scene not in room.city.scenes or key.lang not in room.translators:
        return None
    try:
        width, distance = (float(v) for v in key.shape.split("x"))
        form: Shape = shape(width, distance)
    except ValueError:
        return None
    scene, tr = room.city.scenes[key.scene], room.tr(key.lang)
    kpis = {k.id: k for k in room.kpis}

    def render(picture: Picture) -> dict[str, dict[str, Any]]:
        return wall_leaves(
            picture, city=room.city, scene=scene, feeds=room.feeds, kpis=kpis, tr=tr, shape=form
        )

    return render


def _desk_view(room: Room, key: ViewKey) -> Render:
    tr, kpis = room.tr(key.lang), {k.id: k for k in room.kpis}

    def render(picture: Picture) -> dict[str, dict[str, Any]]:
        if key.view == "feeds":
            return feeds_leaves(picture, city=room.city, feeds=room.feeds, tr=tr)
        return desk_leaves(picture, city=room.city, feeds=room.feeds, kpis=kpis, tr=tr)

    return render


def view_key(room: Room, said: dict[str, Any]) -> ViewKey:
    """The view that a screen's hello asks for; the address it shows says the rest."""
    at = place(room, str(said.get("path", "/"))[:200], str(said.get("search", ""))[:500])
    lang = str(said.get("lang", ""))
    return ViewKey(at.page, lang if lang in room.translators else at.lang, at.scene, at.key.shape)


def content(room: Room, at: Place) -> Component:
    """The page at a place, drawn with the newest picture, so that it is never empty."""
    tr = room.tr(at.lang)
    if at.page == "front":
        return front_page(city=room.city, scenes=room.city.scenes.values(), tr=tr, theme=at.theme)
    if at.page == "missing":
        return not_found(tr=tr, path=at.path)
    picture = room.hub.picture or Picture(now_ms=0)
    if at.page == "feeds":
        return feeds_page(
            city=room.city, feeds=room.feeds, tr=tr, build=room.build, picture=picture, theme=at.theme
        )
    if at.page == "desk":
        return desk(
            city=room.city, feeds=room.feeds, kpis={k.id: k for k in room.kpis}, tr=tr, build=room.build,
            basemap_url=f"/basemap.json?v={room.base_map_tag}", picture=picture, theme=at.theme,
        )  # fmt: skip
    return wall(
        city=room.city, scene=room.city.scenes[at.scene], feeds=room.feeds,
        kpis={k.id: k for k in room.kpis}, tr=tr, shape=shape(at.width_m, at.distance_m), build=room.build,
        basemap_url=f"/basemap.json?v={room.base_map_tag}",
        picture=picture, theme=at.theme,
    )  # fmt: skip


class RoomDash(Dash):
    """Dash with the language of the page on <html>."""

    def interpolate_index(self, **parts: str) -> str:  # type: ignore[override]
        """The index page in the language of the request, without scripts that its page does not use."""
        if PAGE.get() != "desk":
            parts["scripts"] = GRID_SCRIPT.sub("", parts["scripts"])
        return super().interpolate_index(**parts).replace('<html lang="">', f'<html lang="{LANG.get()}">', 1)


INDEX = """<!DOCTYPE html>
<html lang="">
  <head>
    {%metas%}
    <title>{%title%}</title>
    {%favicon%}
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""


def register(app: Dash, server: FastAPI, room: Room) -> None:
    """Pages, the router between them, and 404 for everything else."""
    app.index_string = INDEX
    # Dash's own route for `/` knows no language of the request: ours serves it, like every other page
    server.router.routes[:] = [r for r in server.router.routes if getattr(r, "path", "") != "/"]
    app.layout = html.Div([dcc.Location(id="url", refresh=False), html.Div(id="page"), dcc.Store(id="shown")])

    @app.callback(
        Output("page", "children"), Output("shown", "data"), Input("url", "pathname"), Input("url", "search"),
        State("shown", "data"),
    )  # fmt: skip
    async def show(pathname: str | None, search: str | None, shown: str | None) -> tuple[Any, Any]:
        at = place(room, pathname or "/", search or "", _accept_language(app))
        # a selection on the desk is in the address too; it must not build the page anew
        if at.page in ("desk", "feeds") and repr(at.key) == shown:
            return no_update, no_update
        return content(room, at), repr(at.key)

    # the page says that it is there; nothing live is set before
    app.clientside_callback(
        ClientsideFunction("live", "mounted"), Output("view", "id"), Input("view", "data")
    )

    def index(request: Request, status: int) -> Response:
        at = place(room, request.url.path, request.url.query, request.headers.get("accept-language"))
        token, lang, name = set_current_request(request), LANG.set(at.lang), PAGE.set(at.page)
        try:
            body = app.index()
        finally:
            PAGE.reset(name)
            LANG.reset(lang)
            reset_current_request(token)
        return Response(body, status, media_type="text/html", headers={"Cache-Control": "no-cache"})

    @server.api_route("/wall", methods=["GET", "HEAD"], include_in_schema=False)
    @server.api_route("/wall/{scene}", methods=["GET", "HEAD"], include_in_schema=False)
    @server.api_route("/desk", methods=["GET", "HEAD"], include_in_schema=False)
    @server.api_route("/desk/feeds", methods=["GET", "HEAD"], include_in_schema=False)
    @server.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(request: Request) -> Response:
        at = place(room, request.url.path, request.url.query)
        return index(request, 404 if at.page == "missing" else 200)

    @server.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def nothing(request: Request) -> Response:
        if request.url.path.startswith(("/api/", "/live", "/tiles/", "/_dash", "/assets/")):
            return JSONResponse({"error": "not_found", "text": f"nothing at {request.url.path[:200]}"}, 404)
        return index(request, 404)


def _accept_language(app: Dash) -> str | None:
    try:
        return str(app.backend.request_adapter().headers.get("accept-language") or "") or None
    except (RuntimeError, AttributeError):
        return None
