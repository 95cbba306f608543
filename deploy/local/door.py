"""One MQTT port for both versions: each connection goes to the listener that speaks its version.

The embedded broker listens for MQTT 3.1.1 and 5 on separate ports and drops whoever comes to
the wrong one, but devices know one port. The door reads the version in the CONNECT packet,
then passes bytes both ways, with back pressure, and looks at nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

PATIENCE_S = 10.0
MOST_BYTES = 16  # fixed header (at most 5), the protocol's name (at most 8), its version


class NotMqtt(ValueError):
    """The first bytes are no CONNECT packet."""


def version_of(start: bytes) -> int | None:
    """The protocol version that a CONNECT packet's first bytes name (3, 4, 5); None: more bytes are needed.

    Raises NotMqtt.
    """
    if start and start[0] != 0x10:
        raise NotMqtt("not a CONNECT packet")
    at = 1
    while at < len(start) and start[at] & 0x80:
        at += 1
        if at > 4:
            raise NotMqtt("impossible length")
    at += 1
    if len(start) < at + 2:
        return None
    length = int.from_bytes(start[at : at + 2])
    name = start[at + 2 : at + 2 + length]
    if length not in (4, 6) or not (b"MQTT", b"MQIsdp")[length == 6].startswith(name):
        raise NotMqtt("unknown protocol name")
    return start[at + 2 + length] if len(start) > at + 2 + length else None


class _Side(asyncio.Protocol):
    """One end of a passage. What one side cannot take, the other side stops reading."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _Side | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()  # what was read before is still delivered


class _Client(_Side):
    def __init__(self, door: Door) -> None:
        super().__init__()
        self._door = door
        self._start = b""
        self._task: asyncio.Task[None] | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._door.clients.add(self)
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(PATIENCE_S, transport.abort)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            super().data_received(data)
            return
        assert self.transport is not None
        self._start += data
        try:
            version = version_of(self._start[:MOST_BYTES])
        except NotMqtt:
            self.transport.abort()
            return
        if version is None or self._task is not None:
            return
        port = self._door.ports.get(version)
        if port is None:
            self.transport.abort()
            return
        self.transport.pause_reading()
        self._task = asyncio.get_running_loop().create_task(self._pass_on(port))

    async def _pass_on(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, inner = await loop.create_connection(_Side, self._door.host, port)
        except OSError:
            if self.transport is not None:
                self.transport.abort()
            return
        assert inner.transport is not None
        if self.transport is None:  # gone meanwhile
            inner.transport.close()
            return
        if self._patience is not None:
            self._patience.cancel()
        self.other, inner.other = inner, self
        inner.transport.write(self._start)
        self._start = b""
        self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.clients.discard(self)
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)


class Door:
    """Protocol factory (`client`) and the open connections. ports: inner port by protocol version."""

    def __init__(self, host: str, ports: Mapping[int, int]) -> None:
        self.host = host
        self.ports = ports
        self.clients: set[_Client] = set()

    def client(self) -> asyncio.Protocol:
        """A new connection from outside."""
        return _Client(self)

    def close(self) -> None:
        """Close every connection."""
        for client in list(self.clients):
            if client.transport is not None:
                client.transport.close()
