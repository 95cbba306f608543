"""What each view shows, with a version on every object and every leaf property.

A frame is "what changed since the version this screen has". Its bytes are made once per
(view, since, full) and shared by all screens that ask for the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from data.contracts import Thing
from data.live.picture import Picture
from data.live.world import Changes

log = structlog.get_logger("live")
Leaves = Mapping[str, Mapping[str, Any]]
Render = Callable[[Picture], Leaves]
Row = Callable[[Thing], list[Any] | None]
GONE_KEPT = 5_000


@dataclass(frozen=True)
class ViewKey:
    """One rendered form of a page: which view, in which language, in which shape."""

    view: str
    lang: str
    scene: str = ""
    shape: str = ""


@dataclass
class _View:
    render: Render
    leaves: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    wanted: int = 0


@dataclass
class _Layer:
    rows: dict[str, tuple[int, list[Any]]] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    gone_before: int = 0


class Hub:
    """Fed by the follower's thread, read by the event loop; a lock guards both.

    make_view: the pure renderer for a key, or None for a view that does not exist.
    row: an object as the map layer wants it; None: not on the map.
    """

    def __init__(self, build: str, make_view: Callable[[ViewKey], Render | None], row: Row) -> None:
        self._lock = threading.Lock()
        self._build = build
        self._make_view = make_view
        self._row = row
        self._views: dict[ViewKey, _View] = {}
        self._layers: dict[str, _Layer] = {}
        self._picture: Picture | None = None
        self._cache: dict[tuple[ViewKey, int], bytes] = {}
        self.version = 0
        self.wake: Callable[[], None] = lambda: None

    @property
    def picture(self) -> Picture | None:
        """The newest picture, None before the first."""
        return self._picture

    def update(self, picture: Picture, changes: Changes) -> None:
        """Take in a new picture; `changes` says which objects may differ.

        Drawing happens outside the lock, so that the event loop never waits for it.
        """
        with self._lock:
            views = list(self._views.items())
        drawn = [(key, _draw(view.render, picture)) for key, view in views]
        rows = self._rows(picture, changes)
        with self._lock:
            self.version += 1
            self._picture = picture
            self._cache.clear()
            for feed, id, row in rows:
                self._place(feed, id, row)
            for key, leaves in drawn:
                if key in self._views and leaves is not None:
                    self._take(self._views[key], leaves)
            for key in [k for k, v in self._views.items() if v.wanted <= 0]:
                del self._views[key]
        self.wake()

    def subscribe(self, key: ViewKey) -> bool:
        """A screen starts to show this view; False: there is no such view."""
        with self._lock:
            view = self._views.get(key)
            if view is None:
                render = self._make_view(key)
                if render is None:
                    return False
                view = self._views[key] = _View(render)
                leaves = _draw(render, self._picture) if self._picture is not None else None
                if leaves is not None:
                    self._take(view, leaves)
            view.wanted += 1
            return True

    def unsubscribe(self, key: ViewKey) -> None:
        """A screen left this view."""
        with self._lock:
            if key in self._views:
                self._views[key].wanted -= 1

    def frame(self, key: ViewKey, since: int) -> tuple[int, bytes]:
        """(version, body) of what changed after `since`; 0 asks for everything.

        The body is JSON without its closing brace; the caller adds the frame's number.
        """
        with self._lock:
            full = since == 0 or since < self._oldest()
            at = 0 if full else since
            body = self._cache.get((key, at))
            if body is None:
                body = self._cache[key, at] = self._encode(key, at)
            return self.version, body

    def _oldest(self) -> int:
        return max((layer.gone_before for layer in self._layers.values()), default=0)

    def _encode(self, key: ViewKey, since: int) -> bytes:
        frame: dict[str, Any] = {
            "now": self._picture.now_ms if self._picture else 0,
            "build": self._build,
        }
        layers = {}
        for name, layer in self._layers.items():
            rows = [row for version, row in layer.rows.values() if version > since]
            gone = [id for id, version in layer.gone.items() if version > since] if since else []
            if rows or gone or not since:
                layers[name] = {"set": rows, "del": gone}
        if layers:
            frame["layers"] = layers
        view = self._views.get(key)
        if view is not None:
            props = {id: p for id, p in view.leaves.items() if view.versions[id] > since}
            if props:
                frame["props"] = props
        if not since:
            frame["full"] = True
        return orjson.dumps(frame)[:-1]

    def _take(self, view: _View, leaves: Leaves) -> None:
        for id, props in leaves.items():
            if view.leaves.get(id) != props:
                view.leaves[id] = dict(props)
                view.versions[id] = self.version

    def _rows(self, picture: Picture, changes: Changes) -> list[tuple[str, str, list[Any] | None]]:
        wanted = changes.objects
        if changes.whole:
            shown = {(f, i) for f, layer in self._layers.items() for i in layer.rows}
            wanted = {(f, i) for f, things in picture.things.items() for i in things} | shown
        rows = []
        for feed, id in sorted(wanted):
            thing = picture.things.get(feed, {}).get(id)
            rows.append((feed, id, self._row(thing) if thing is not None else None))
        return rows

    def _place(self, feed: str, id: str, row: list[Any] | None) -> None:
        layer = self._layers.setdefault(feed, _Layer())
        old = layer.rows.get(id)
        if row is None:
            if old is not None:
                del layer.rows[id]
                layer.gone[id] = self.version
                if len(layer.gone) > GONE_KEPT:
                    first = next(iter(layer.gone))
                    layer.gone_before = layer.gone.pop(first)
        elif old is None or old[1] != row:
            layer.gone.pop(id, None)
            layer.rows[id] = (self.version, row)


def _draw(render: Render, picture: Picture) -> Leaves | None:
    try:
        return render(picture)
    except Exception:
        log.exception("a view could not be drawn; its screens keep the last one")
        return None
