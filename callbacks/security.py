"""Who may talk to the web process: hosts, origins, headers. No sign-in yet, so loopback unless told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import SplitResult, urlsplit

from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse, Response

BODY_MOST = 1_000_000  # no page and no program sends more
LOOPBACK_NAMES = {"127.0.0.1", "localhost", "[::1]", "::1"}


class Origins:
    """Same origin, or one that the settings name; a request without Origin is no browser's and passes.

    any_host: the operator opened the room to a network (`ROOM_OPEN=yes`); otherwise the Host
    header must name this machine, which stops DNS rebinding.
    """

    def __init__(self, extra: Iterable[str], *, any_host: bool) -> None:
        self._extra = {o.strip().rstrip("/") for o in extra if o.strip()}
        self._extra_hosts = {urlsplit(o).hostname or "" for o in self._extra}
        self._any_host = any_host

    def host_allowed(self, host: str | None) -> bool:
        """Is this Host header one of ours?"""
        if self._any_host:
            return True
        name = _address(f"//{host or ''}").hostname or ""
        return name in LOOPBACK_NAMES or name in self._extra_hosts

    def allow(self, origin: str | None, host: str | None) -> bool:
        """May a page of this origin open a socket or send a POST here?"""
        if not self.host_allowed(host):
            return False
        if origin is None:
            return True
        if origin.rstrip("/") in self._extra:
            return True
        return bool(host) and _address(origin).netloc == host


def _address(text: str) -> SplitResult:
    """The parts of an address; none of a text that is no address, such as `//[`."""
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")


def content_policy(script_hashes: Iterable[str]) -> str:
    """The Content-Security-Policy of pages. Style elements need 'unsafe-inline' (Leaflet and Dash inject them)."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' " + " ".join(script_hashes),
            "style-src-elem 'self' 'unsafe-inline'",
            "style-src-attr 'none'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        )
    )


def install(server: FastAPI, origins: Origins, policy: Callable[[], str]) -> None:
    """Check host and origin of every request, and add the headers to every answer."""

    @server.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        host, origin = request.headers.get("host"), request.headers.get("origin")
        if not origins.host_allowed(host):
            return PlainTextResponse(
                "This address is not served here. Use 127.0.0.1, or name it in ROOM_ORIGINS.\n", 421
            )
        if request.method not in ("GET", "HEAD", "OPTIONS") and not origins.allow(origin, host):
            return PlainTextResponse("Origin not allowed.\n", 403)
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > BODY_MOST:
            return PlainTextResponse(f"At most {BODY_MOST} bytes are taken.\n", 413)
        answer = await call_next(request)
        answer.headers.setdefault("Content-Security-Policy", policy())
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        answer.headers.setdefault("Referrer-Policy", "same-origin")
        answer.headers.setdefault("X-Frame-Options", "DENY")
        return answer
