"""Frames: what changed since the version a screen has, encoded once for all screens."""

from __future__ import annotations

from typing import Any

import orjson

from callbacks.live.hub import Hub, ViewKey
from data.live.picture import Picture
from data.live.world import Changes
from layouts.rows import map_row
from tests.callbacks.conftest import unit

WALL = ViewKey("wall", "en")


def make(render: Any = None) -> Hub:
    draw = render or (
        lambda picture: {"clock": {"children": str(picture.now_ms)}, "fixed": {"children": "same"}}
    )
    return Hub("build-1", lambda key: draw if key.view == "wall" else None, lambda t: map_row(t, 600))


def show(hub: Hub, now_ms: int, *units: Any, changed: set[str] | None = None, whole: bool = False) -> None:
    things = {"ambulances": {u.id: u for u in units}}
    ids = {u.id for u in units} if changed is None else changed
    hub.update(Picture(now_ms=now_ms, things=things), Changes({("ambulances", i) for i in ids}, whole=whole))


def body(hub: Hub, since: int, key: ViewKey = WALL) -> dict[str, Any]:
    return orjson.loads(hub.frame(key, since)[1] + b"}")


def test_the_first_frame_holds_everything_and_says_so() -> None:
    hub = make()
    assert hub.subscribe(WALL)
    show(hub, 1, unit("A"), unit("B"), whole=True)
    frame = body(hub, 0)
    assert frame["full"] and frame["build"] == "build-1" and frame["now"] == 1
    assert [r[0] for r in frame["layers"]["ambulances"]["set"]] == ["A", "B"]
    assert frame["props"] == {"clock": {"children": "1"}, "fixed": {"children": "same"}}


def test_a_later_frame_holds_only_what_changed() -> None:
    hub = make()
    hub.subscribe(WALL)
    show(hub, 1, unit("A"), unit("B"), whole=True)
    since = hub.version
    show(hub, 2, unit("A", state="en_route"), unit("B"))
    frame = body(hub, since)
    assert "full" not in frame
    assert [(r[0], r[5]) for r in frame["layers"]["ambulances"]["set"]] == [("A", "en_route")]
    assert frame["props"] == {"clock": {"children": "2"}}


def test_a_slow_screen_gets_the_newest_of_all_it_missed_once() -> None:
    hub = make()
    hub.subscribe(WALL)
    show(hub, 1, unit("A"), whole=True)
    since = hub.version
    for n, state in enumerate(("dispatched", "en_route", "on_scene")):
        show(hub, 2 + n, unit("A", state=state))
    rows = body(hub, since)["layers"]["ambulances"]["set"]
    assert [(r[0], r[5]) for r in rows] == [("A", "on_scene")]


def test_what_left_the_map_is_named_until_every_screen_knows() -> None:
    hub = make()
    hub.subscribe(WALL)
    show(hub, 1, unit("A"), unit("B"), whole=True)
    since = hub.version
    show(hub, 2, unit("A"), changed={"B"})
    assert body(hub, since)["layers"]["ambulances"] == {"set": [], "del": ["B"]}
    show(hub, 3, unit("A"), unit("B"))
    assert body(hub, since)["layers"]["ambulances"]["del"] == []


def test_screens_that_ask_for_the_same_share_the_same_bytes() -> None:
    hub = make()
    hub.subscribe(WALL)
    show(hub, 1, unit("A"), whole=True)
    assert hub.frame(WALL, 0)[1] is hub.frame(WALL, 0)[1]


def test_a_view_that_cannot_be_drawn_keeps_its_last_picture_and_harms_no_other() -> None:
    def render(picture: Picture) -> dict[str, Any]:
        if picture.now_ms == 2:
            raise ValueError("broken tile")
        return {"clock": {"children": str(picture.now_ms)}}

    hub = make(render)
    hub.subscribe(WALL)
    show(hub, 1, unit("A"), whole=True)
    since = hub.version
    show(hub, 2, unit("A", state="en_route"))
    frame = body(hub, since)
    assert frame["layers"]["ambulances"]["set"] and "props" not in frame
    show(hub, 3, unit("A"))
    assert body(hub, since)["props"] == {"clock": {"children": "3"}}


def test_a_view_that_does_not_exist_is_refused() -> None:
    assert not make().subscribe(ViewKey("nonsense", "en"))


def test_views_nobody_shows_are_dropped() -> None:
    drawn = []
    hub = make(lambda picture: drawn.append(picture.now_ms) or {})
    hub.subscribe(WALL)
    show(hub, 1, unit("A"), whole=True)
    hub.unsubscribe(WALL)
    show(hub, 2, unit("A"))
    show(hub, 3, unit("A"))
    assert drawn[-1] == 2
