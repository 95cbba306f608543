"""Many screens in one process: raw WebSocket clients that take frames and acknowledge them, and no more.

`python -m bench.screens PORT COUNT` prints `ready` when all have their first frame; `reset` begins to
count, `report` prints what was counted as JSON.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from typing import Any

HEAD, TAIL = 160, 48  # bytes of a frame that are looked at: `now` stands first, the frame's number last


class Counted:
    """What all screens of this process have seen since the last reset."""

    def __init__(self) -> None:
        self.reset()
        self.live = self.lost = 0

    def reset(self) -> None:
        """Begin anew."""
        self.late_ms: list[float] = []
        self.bytes = 0

    def report(self) -> dict[str, Any]:
        """As JSON. late_ms: from the picture's moment to the last byte of its frame, one a frame."""
        return {"late_ms": self.late_ms, "bytes": self.bytes, "live": self.live, "lost": self.lost}


class Screen(asyncio.Protocol):
    """One screen on `/wall`."""

    def __init__(self, port: int, counted: Counted) -> None:
        self._port = port
        self._counted = counted
        self._open = self._first = False
        self._buffer = bytearray()
        self._left = 0  # bytes of the present frame still to come
        self._head = b""
        self._size = 0
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Ask for the WebSocket."""
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        host = f"127.0.0.1:{self._port}"
        transport.write(
            f"GET /live HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Take what came; a frame's middle is never kept."""
        self._buffer += data
        if not self._open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self._buffer[:end]:
                self._transport.abort()
                return
            del self._buffer[: end + 4]
            self._open = True
            self._say({"hello": {"view": "wall", "path": "/wall", "search": "", "lang": "en"}})
        while self._buffer:
            if not self._left:
                if not self._begin():
                    return
            elif len(self._buffer) >= self._left:
                tail = bytes(self._buffer[max(0, self._left - TAIL) : self._left])
                del self._buffer[: self._left]
                self._left = 0
                self._frame(tail)
            else:
                spare = len(self._buffer) - TAIL
                if spare > 0:
                    del self._buffer[:spare]
                    self._left -= spare
                return

    def _begin(self) -> bool:
        if len(self._buffer) < 2:
            return False
        code, length, at = self._buffer[0] & 15, self._buffer[1] & 127, 2
        if length > 125:
            at = 4 if length == 126 else 10
            if len(self._buffer) < at:
                return False
            length = int.from_bytes(self._buffer[2:at])
        if code == 1:
            if len(self._buffer) < at + min(length, HEAD):
                return False
            self._head = bytes(self._buffer[at : at + HEAD])
            self._size = length
        elif code == 9 and len(self._buffer) >= at + length:
            self._transport.write(bytes([0x8A, 0x80 | length]) + bytes(4) + self._buffer[at : at + length])
            del self._buffer[: at + length]
            return True
        else:
            self._transport.abort()
            return False
        del self._buffer[:at]
        self._left = length
        return True

    def _frame(self, tail: bytes) -> None:
        now_ms = time.time() * 1000
        self._say({"ack": int(tail[tail.rindex(b'"n":') + 4 : -1])})
        if not self._first:
            self._first = True
            self._counted.live += 1
            return
        then = self._head[self._head.index(b'"now":') + 6 :]
        self._counted.late_ms.append(now_ms - int(then[: then.index(b",")]))
        self._counted.bytes += self._size

    def _say(self, what: dict[str, Any]) -> None:
        text = json.dumps(what).encode()
        size = bytes([len(text) | 0x80]) if len(text) < 126 else bytes([126 | 0x80]) + len(text).to_bytes(2)
        self._transport.write(b"\x81" + size + bytes(4) + text)  # masked with zeros

    def connection_lost(self, _error: Exception | None) -> None:
        """Count it."""
        self._counted.lost += 1


async def run(port: int, count: int) -> None:
    """Open all screens, then answer until stdin closes."""
    loop = asyncio.get_running_loop()
    counted = Counted()
    for n in range(count):
        await loop.create_connection(lambda: Screen(port, counted), "127.0.0.1", port)
        if n % 25 == 24:
            await asyncio.sleep(0.02)
    while counted.live < count:
        await asyncio.sleep(0.05)
        if counted.lost:
            raise ConnectionError(f"{counted.lost} of {count} screens were turned away or lost")
    print("ready", flush=True)
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        if line == "reset":
            counted.reset()
            print("ok", flush=True)
        else:
            print(json.dumps(counted.report()), flush=True)


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), int(sys.argv[2])))
