"""A broker's address as every client of ours reads it: worker, simulator, replay, doctor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

PORT, TLS_PORT = 1883, 8883


@dataclass(frozen=True)
class Broker:
    """Where a broker is and how to enter. `text`: host and port for people, without the password."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str = ""

    @property
    def text(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    def prepare(self, client: Any) -> None:
        """Give a paho client its credentials and TLS; call before it connects."""
        if self.username:
            client.username_pw_set(self.username, self.password)
        if self.tls:
            client.tls_set()


def broker_of(url: str) -> Broker:
    """Read `mqtt://user:password@host:port`, or `mqtts://…` for TLS; without a port the protocol's own."""
    parts = urlsplit(url)
    tls = parts.scheme in ("mqtts", "ssl")
    return Broker(
        parts.hostname or "127.0.0.1",
        parts.port or (TLS_PORT if tls else PORT),
        tls,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password or ""),
    )
