"""A fleet on the road: `python -m bench.drive PORT UNITS RATE` sends positions until it hears a line.

A position's `time` is the moment at which it was sent, so whoever shows it can tell how long it took.
"""

from __future__ import annotations

import sys
import threading
import time

from bench.mqtt import Fleet, Sender, publish_packet
from bench.parts import CITY


def main() -> None:
    """See the module's text. Prints `ready`, and the number of positions sent when it ends."""
    port, units, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    fleet = Fleet([f"SIM-{n:05d}" for n in range(units)], f"city/{CITY}")
    sender = Sender(port, "bench-drive")
    stop = threading.Event()

    def wait() -> None:
        sys.stdin.readline()
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    print("ready", flush=True)
    began, sent = time.perf_counter(), 0
    while not stop.is_set():
        due = int((time.perf_counter() - began) * rate) + 1
        batch = []
        while sent < due:
            topic, payload = fleet.message(time.time_ns() // 1_000_000, units / rate)
            batch.append(publish_packet(topic, payload, sent % 65_535 + 1))
            sent += 1
        if batch:
            sender.send(batch)
        sender.hear()
        time.sleep(0.004)
    sender.finish()
    sender.close()
    print(sent, flush=True)


if __name__ == "__main__":
    main()
