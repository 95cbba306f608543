"""A bare MQTT 3.1.1 writer: packets are made beforehand, so that it is never what is measured.

As a program: `python -m bench.mqtt PORT FILE [--rate N]` sends a file of PUBLISH packets (QoS 1),
waits until all are acknowledged and prints how long that took.
"""

from __future__ import annotations

import argparse
import random
import selectors
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import cos, radians, sin
from pathlib import Path
from typing import Any

WINDOW = 800  # packets under way; the embedded broker allows a thousand
SOUTH, WEST, NORTH, EAST = -7.08, 110.30, -6.96, 110.49


def _length(n: int) -> bytes:
    out = bytearray()
    while True:
        n, low = divmod(n, 128)
        out.append(low | (0x80 if n else 0))
        if not n:
            return bytes(out)


def publish_packet(topic: bytes, payload: bytes, mid: int) -> bytes:
    """One PUBLISH with QoS 1."""
    return (
        b"\x32"
        + _length(len(topic) + len(payload) + 4)
        + len(topic).to_bytes(2)
        + topic
        + mid.to_bytes(2)
        + payload
    )


def connect_packet(client_id: bytes) -> bytes:
    """CONNECT of MQTT 3.1.1, clean session. The embedded broker refuses a keep-alive of 0; senders never pause long."""
    body = b"\x00\x04MQTT\x04\x02\x00\x78" + len(client_id).to_bytes(2) + client_id
    return b"\x10" + _length(len(body)) + body


class Fleet:
    """Units that drive about the city, each a plausible step on between two of its messages."""

    def __init__(self, ids: Sequence[str], city: str, seed: int = 1) -> None:
        dice = random.Random(seed)
        self._units: list[list[Any]] = [
            [
                id,
                dice.uniform(SOUTH, NORTH),
                dice.uniform(WEST, EAST),
                dice.uniform(0, 360),
                dice.uniform(15, 60),
            ]
            for id in ids
        ]
        self._city = city
        self._dice = dice
        self._next = 0

    def message(self, event_ms: int, step_s: float = 5.0) -> tuple[bytes, bytes]:
        """Topic and payload of the next unit's next position; the units take turns."""
        unit = self._units[self._next]
        self._next = (self._next + 1) % len(self._units)
        id, lat, lon, heading, kmh = unit
        heading = (heading + self._dice.uniform(-12, 12)) % 360
        metres = kmh / 3.6 * step_s
        lat += metres * cos(radians(heading)) / 111_320
        lon += metres * sin(radians(heading)) / 110_500
        if not (SOUTH < lat < NORTH and WEST < lon < EAST):
            heading = (heading + 180) % 360
            lat, lon = min(max(lat, SOUTH), NORTH), min(max(lon, WEST), EAST)
        unit[1:4] = lat, lon, heading
        moment = datetime.fromtimestamp(event_ms / 1000, UTC).isoformat(timespec="milliseconds")
        payload = (
            f'{{"time":"{moment.replace("+00:00", "Z")}","lat":{lat:.6f},"lon":{lon:.6f},"speed_kmh":{kmh:.1f},'
            f'"heading_deg":{heading:.0f},"accuracy_m":{self._dice.uniform(3, 12):.1f},'
            f'"battery_pct":{self._dice.randint(40, 100)}}}'
        )
        return f"{self._city}/ambulances/{id}/position".encode(), payload.encode()


def packets(fleet: Fleet, count: int, first_ms: int, span_ms: int) -> Iterator[bytes]:
    """So many PUBLISH packets with event times spread over a span; ids 1 to 65,535 again and again."""
    for n in range(count):
        topic, payload = fleet.message(first_ms + n * span_ms // count)
        yield publish_packet(topic, payload, n % 65_535 + 1)


class Sender:
    """One connection. `send` keeps at most WINDOW packets unacknowledged."""

    def __init__(self, port: int, client_id: str, host: str = "127.0.0.1") -> None:
        self._sock = socket.create_connection((host, port), 10)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.sendall(connect_packet(client_id.encode()))
        answer = self._sock.recv(4)
        if answer[:1] != b"\x20" or answer[3:4] != b"\x00":
            raise ConnectionError(f"the broker refused the sender: {answer.hex()}")
        self._sock.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._sock, selectors.EVENT_READ)
        self.sent = self.acked = 0
        self._half = b""

    def send(self, packets: Sequence[bytes], wait_s: float = 30.0) -> None:
        """Send all; returns when they are written and the window has room again."""
        at = 0
        while at < len(packets):
            room = WINDOW - (self.sent - self.acked)
            if room <= WINDOW // 4:
                self._hear(wait_s)
                continue
            part = packets[at : at + room]
            self._write(b"".join(part), wait_s)
            at += len(part)
            self.sent += len(part)
            self._hear(0)

    def finish(self, wait_s: float = 30.0) -> None:
        """Wait until everything is acknowledged."""
        while self.acked < self.sent:
            self._hear(wait_s)

    def hear(self) -> None:
        """Take what acknowledgements there are."""
        self._hear(0)

    def close(self) -> None:
        """Leave."""
        self._sock.setblocking(True)
        self._sock.sendall(b"\xe0\x00")
        self._selector.close()
        self._sock.close()

    def _write(self, data: bytes, wait_s: float) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._sock.send(view) :]
            except BlockingIOError:
                # the broker may wait for us to read its acknowledgements before it reads on
                self._selector.modify(self._sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
                ready = self._selector.select(wait_s)
                self._selector.modify(self._sock, selectors.EVENT_READ)
                if not ready:
                    raise TimeoutError("the broker reads nothing any more") from None
                self._hear(0)

    def _hear(self, wait_s: float) -> None:
        if wait_s and not self._selector.select(wait_s):
            raise TimeoutError(f"{self.sent - self.acked} packets stay unacknowledged")
        try:
            data = self._half + self._sock.recv(1 << 16)
        except BlockingIOError:
            return
        if len(data) == len(self._half):
            raise ConnectionError("the broker closed the sender's connection")
        whole = len(data) // 4 * 4  # nothing but PUBACKs of four bytes comes this way
        if data[:1] != b"\x40":
            raise ConnectionError(f"the broker sent something else than acknowledgements: {data[:4].hex()}")
        self.acked += whole // 4
        self._half = data[whole:]


def split(data: bytes) -> list[bytes]:
    """A file of packets, cut into packets."""
    out, at = [], 0
    while at < len(data):
        length, shift, n = 0, 0, at + 1
        while True:
            length |= (data[n] & 0x7F) << shift
            shift += 7
            n += 1
            if not data[n - 1] & 0x80:
                break
        out.append(data[at : n + length])
        at = n + length
    return out


def paced(sender: Sender, todo: Sequence[bytes], rate: float) -> None:
    """Send at a steady rate, in slices of 5 ms."""
    began, at = time.perf_counter(), 0
    while at < len(todo):
        due = min(len(todo), int((time.perf_counter() - began) * rate) + 1)
        if due > at:
            sender.send(todo[at:due])
            at = due
        else:
            sender.hear()
        time.sleep(0.005)


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m bench.mqtt", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--rate", type=float, default=0, help="messages a second; 0: as fast as the broker takes them"
    )
    given = parser.parse_args()
    todo = split(given.file.read_bytes())
    sender = Sender(given.port, f"bench-{random.randrange(1 << 32):08x}")
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    if given.rate:
        paced(sender, todo, given.rate)
    else:
        sender.send(todo)
    sender.finish()
    print(f"{time.perf_counter() - began:.3f}", flush=True)
    sender.close()


if __name__ == "__main__":
    main()
