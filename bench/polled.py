"""The usual way, for comparison: a small Dash app that `dcc.Interval` polls once a second for the same rows.

On the same server as the room (FastAPI, uvicorn) and fed by the same follower, so that only the way to
the browser differs. `python -m bench.polled PORT`.
"""

from __future__ import annotations

import sys
from typing import Any, cast

import uvicorn
from dash import Dash, Input, Output, dcc, html
from fastapi import FastAPI

from app import load_world
from data.live.follow import Follower
from data.live.picture import Picture
from data.live.world import Changes
from data.settings import Settings
from deploy.local import show
from layouts.rows import map_row


def create(settings: Settings) -> tuple[FastAPI, Follower]:
    """The app and the thread that keeps its rows current."""
    world = load_world(settings)
    rows: dict[str, dict[str, list[Any]]] = {}

    def update(picture: Picture, changes: Changes) -> None:
        for feed, id in changes.objects:
            thing = picture.things.get(feed, {}).get(id)
            row = map_row(thing, None) if thing else None
            if row is not None:
                rows.setdefault(feed, {})[id] = row

    server = FastAPI()
    app = Dash(__name__, server=cast(bool, server), compress=False)
    app.layout = html.Div([dcc.Interval(id="tick", interval=1000), dcc.Store(id="rows")])

    @app.callback(Output("rows", "data"), Input("tick", "n_intervals"))
    async def poll(_n: int | None) -> list[list[Any]]:
        return list(rows.get("ambulances", {}).values())

    follower = Follower(settings.redis_url, world.city, world.feeds, world.kpis, lambda: 1000.0, update)
    return server, follower


def main() -> None:
    """Serve until ended."""
    server, follower = create(show.settings())
    follower.start()
    uvicorn.run(server, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
    follower.end()


if __name__ == "__main__":
    main()
