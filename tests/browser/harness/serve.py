"""A page with our scripts and a `/live` that says what a test wants, on a free port of this machine.

python -m tests.browser.harness.serve [PORT]      serves an invented evening until Ctrl-C
"""

from __future__ import annotations

import json
import mimetypes
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dash
import dash_leaflet
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
DEPS = Path(dash.__file__).parent / "deps"
LIBRARIES = {
    "react.js": DEPS / "react@18.3.1.min.js",
    "react-dom.js": DEPS / "react-dom@18.3.1.min.js",
    "prop-types.js": DEPS / "prop-types@15.8.1.min.js",
    "dash_leaflet.js": Path(dash_leaflet.__file__).parent / "dash_leaflet.js",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src-elem 'self' 'unsafe-inline'; style-src-attr 'none'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'"
)
WORDS = {
    "age_s": "{n} s", "age_min": "{n} min", "age_h": "{n} h", "age_d": "{n} d", "unknown": "unknown",
    "stale": "stale", "frozen": "Frozen at {time}, no link for {age}", "members": "{n} here",
}  # fmt: skip
UNIT_COLOURS = {
    "available": "free", "dispatched": "busy", "en_route": "busy", "on_scene": "busy",
    "transporting": "busy", "at_hospital": "rest", "out_of_service": "rest",
}  # fmt: skip
CONFIG: dict[str, Any] = {
    "view": "wall", "lang": "en", "scene": "overview", "zone": "Asia/Jakarta", "build": "one",
    "center": [-7.0, 110.42], "bounds": [[-7.13, 110.25], [-6.92, 110.52]], "basemap": "/basemap.json",
    "words": WORDS,
    "layers": [
        {"name": "ambulances", "moving": True, "cluster": False, "quiet": [], "size": 34, "order": 10,
         "max_age_s": 120, "states": {s: s.replace("_", " ") for s in UNIT_COLOURS}, "colours": UNIT_COLOURS},
        {"name": "incidents", "moving": False, "cluster": False, "quiet": [], "size": 34, "order": 20,
         "max_age_s": None, "states": {"1": "life at risk", "2": "urgent"},
         "colours": {"1": "s1", "2": "s2", "3": "s3", "4": "rest"}},
        {"name": "hotspots", "moving": False, "cluster": True, "quiet": ["up"], "size": 30, "order": 30,
         "max_age_s": 300, "states": {"up": "up", "degraded": "degraded", "down": "down"},
         "colours": {"up": "t3", "degraded": "s3", "down": "s2"}},
    ],
}  # fmt: skip
SEA = {"land": [], "neighbours": [], "districts": [], "villages": [], "roads": [], "rivers": [], "places": [],
       "hospitals": []}  # fmt: skip
OBJECT = {"id": "AMB-01", "label": "AMB-01", "state": "en_route", "state_label": "en route",
          "rows": [["Speed", "40 km/h"], ["Note", "<img src=x onerror=alert(1)>"]]}  # fmt: skip


class FakeRoom:
    """HTTP and `/live` on one port. `build`, `ready`, `basemap`, `config` may be changed at any time."""

    def __init__(self, **config: Any) -> None:
        self.config = CONFIG | config
        self.basemap: Mapping[str, Any] = SEA
        self.ready = True
        self.hellos: list[dict[str, Any]] = []
        self.acks: list[int] = []
        self.asked: list[str] = []
        self.on_hello: Callable[[FakeRoom, ServerConnection], None] | None = None
        self.port = 0
        self._n = 0
        self._sockets: set[ServerConnection] = set()
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Address of the harness page."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Listen; the second time on the same port."""
        self._server = serve(
            self._live, "127.0.0.1", self.port, process_request=self._http, compression=None, close_timeout=1
        )
        self.port = self._server.socket.getsockname()[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Close everything, like a server that went down."""
        if self._server is not None:
            self._server.shutdown()
            self._server.socket.close()
            self._server = None
        for socket in list(self._sockets):
            with suppress(Exception):
                socket.close(1001)

    def send(self, frame: Mapping[str, Any] | None = None, **parts: Any) -> int:
        """One frame to every screen; returns its number."""
        self._n += 1
        full = {
            "n": self._n,
            "now": int(time.time() * 1000),
            "build": self.config["build"],
            **(frame or {}),
            **parts,
        }
        text = json.dumps(full)
        for socket in list(self._sockets):
            with suppress(ConnectionClosed):
                socket.send(text)
        return self._n

    @property
    def screens(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    def _live(self, socket: ServerConnection) -> None:
        self._sockets.add(socket)
        try:
            for text in socket:
                said = json.loads(text)
                if "hello" in said:
                    self.hellos.append(said["hello"])
                    if self.on_hello:
                        self.on_hello(self, socket)
                else:
                    self.acks.append(said["ack"])
        finally:
            self._sockets.discard(socket)

    def _http(self, _socket: ServerConnection, request: Request) -> Response | None:
        path = unquote(urlsplit(request.path).path)
        if path == "/live":
            return None
        self.asked.append(path)
        status, kind, body = HTTPStatus.OK, "application/json", b"{}"
        if path == "/config.json":
            body = json.dumps(self.config).encode()
        elif path == "/basemap.json":
            body = json.dumps(self.basemap).encode()
        elif path == "/readyz":
            status = HTTPStatus.OK if self.ready else HTTPStatus.SERVICE_UNAVAILABLE
        elif path.startswith("/api/v1/objects/"):
            body = json.dumps(OBJECT).encode()
        elif path.startswith("/lib/") and path[5:] in LIBRARIES:
            kind, body = "text/javascript", LIBRARIES[path[5:]].read_bytes()
        elif path == "/harness.js":
            kind, body = "text/javascript", (HERE / "harness.js").read_bytes()
        elif path.startswith("/assets/") and (ROOT / path[1:]).is_file():
            kind, body = (
                mimetypes.guess_type(path)[0] or "application/octet-stream",
                (ROOT / path[1:]).read_bytes(),
            )
        elif path.startswith("/assets/") or path == "/favicon.ico":
            status = HTTPStatus.NOT_FOUND
        else:
            kind, body = "text/html; charset=utf-8", page().encode()
        headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close",
                           "Content-Security-Policy": POLICY, "Cache-Control": "no-store"})  # fmt: skip
        return Response(status.value, status.phrase, headers, body)


def page() -> str:
    """The harness page with the assets in the order in which Dash loads them."""
    assets = sorted(p for p in (ROOT / "assets").iterdir() if p.suffix in (".js", ".css"))
    styles = "".join(f'<link rel="stylesheet" href="/assets/{p.name}">' for p in assets if p.suffix == ".css")
    scripts = [f"/lib/{name}" for name in LIBRARIES]
    scripts += [f"/assets/{p.name}" for p in assets if p.suffix == ".js"] + ["/harness.js"]
    text = (HERE / "page.html").read_text("utf-8").replace("<!--styles-->", styles)
    return text.replace("<!--scripts-->", "".join(f'<script src="{src}"></script>' for src in scripts))


def main() -> None:
    """Serve the evening of `invented` until Ctrl-C."""
    from tests.browser.harness import invented

    room = FakeRoom()
    room.basemap = invented.basemap()
    room.start()
    print(room.url, flush=True)
    evening = invented.Evening()
    room.on_hello = lambda r, _s: r.send(evening.frame(), full=True)
    try:
        while True:
            time.sleep(1)
            room.send(evening.step())
    except KeyboardInterrupt:
        room.stop()


if __name__ == "__main__":
    main()
