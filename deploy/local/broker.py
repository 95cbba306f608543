"""The embedded MQTT broker: rumqttd with our limits, behind one port that speaks MQTT 5 and 3.1.1."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
import time

from data.settings import Settings
from deploy.local import ports, running
from deploy.local.door import Door
from deploy.local.lifeline import Lifeline

HOST = "127.0.0.1"
DEFAULT_PORT = 1883
INNER_PORT = 18831
INNER_PAIRS = 4000  # below 32768, where systems begin to hand out ports
PAYLOAD_BYTES = 2 * 1024 * 1024
LISTENER = """
[v{version}.room]
name = "v{version}"
listen = "{host}:{port}"
next_connection_delay_ms = 0
[v{version}.room.connections]
connection_timeout_ms = 60000
max_payload_size = {payload}
max_inflight_count = 1000
dynamic_filters = true
"""
# Each subscription has a log in memory, from which an absent worker catches up: 16 pieces of 8 MB are
# about 420,000 messages, seven minutes at 1,000 a second and hours at a city's ordinary pace. Older ones
# are lost; the process then stays below 300 MB (measured), however much passes through.
CONFIG = """\
id = 0
[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 1000
max_segment_size = 8388608
max_segment_count = 16
"""


def main(settings: Settings, lifeline: Lifeline, inner: tuple[int, int]) -> None:
    """Run the broker until `lifeline.stopping`. inner: ports behind the door, for MQTT 3.1.1 and 5."""
    from iotcore.iotcore import IotCoreBroker

    folder = settings.var / "broker"
    running.prepare(folder)
    config = folder / "rumqttd.toml"
    config.write_text(
        CONFIG
        + "".join(
            LISTENER.format(version=v, host=HOST, port=p, payload=PAYLOAD_BYTES)
            for v, p in zip((4, 5), inner, strict=True)
        )
    )
    # it logs an "error" for every packet it routes; asking Python about each would cost more than routing
    for name in ("rumqttd", "tracing", "iotcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if not lifeline.wait_go():
        return
    _unused(inner)
    broker = threading.Thread(
        target=lambda: IotCoreBroker(config_path=str(config)).run_forever(), name="broker", daemon=True
    )
    broker.start()
    _until_listening(broker, inner)
    asyncio.run(_serve(settings.mqtt_port or DEFAULT_PORT, inner, broker, lifeline))
    lifeline.at_end()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the broker's threads have no way to end


def _unused(inner: tuple[int, int]) -> None:
    """Somebody else's listener must never be taken for ours: messages would pass into another room."""
    for port in inner:
        if ports.trouble(HOST, port):
            raise RuntimeError(f"{HOST}:{port}, behind the broker's door, is in use by another program")


def _until_listening(broker: threading.Thread, inner: tuple[int, int]) -> None:
    end = time.monotonic() + 10
    while not all(ports.answers(HOST, port) for port in inner):
        if not broker.is_alive() or time.monotonic() > end:
            raise RuntimeError(f"the broker does not listen on {HOST}, ports {inner[0]} and {inner[1]}")
        time.sleep(0.02)


async def _serve(port: int, inner: tuple[int, int], broker: threading.Thread, lifeline: Lifeline) -> None:
    door = Door(HOST, {4: inner[0], 5: inner[1]})
    server = await asyncio.get_running_loop().create_server(door.client, HOST, port, backlog=1024)
    lifeline.ready(f"{HOST}:{port}, MQTT 5 and 3.1.1")
    while not lifeline.stopping.is_set():
        if not broker.is_alive():
            raise RuntimeError("the broker's thread has ended")
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.1)
    server.close()
    door.close()
    await asyncio.sleep(0.05)


def choose_inner(taken: set[int]) -> tuple[int, int]:
    """Two free ports for the listeners behind the door.

    They are looked for from a place of this process's own: of two rooms that start in the same
    second, each finds the same ports free before the other listens on them.
    """
    first = INNER_PORT + 2 * (os.getpid() % INNER_PAIRS)
    return (
        ports.choose(HOST, None, first, "ROOM_MQTT_PORT", taken),
        ports.choose(HOST, None, first, "ROOM_MQTT_PORT", taken),
    )
