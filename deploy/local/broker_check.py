"""Looks at a broker as the worker would meet it: reachable, MQTT 5, its limits, what it has dropped."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from data.broker import broker_of

DROPPED = "$SYS/broker/publish/messages/dropped"
VERSION = "$SYS/broker/version"


@dataclass
class Seen:
    """trouble: why it cannot be used, empty if it can. most_bytes: its packet limit, None: none told.

    dropped, version: from mosquitto's `$SYS`, which other brokers lack.
    """

    trouble: str = ""
    most_bytes: int | None = None
    dropped: int | None = None
    version: str = ""


def look(url: str, *, patience_s: float = 4.0, sys_s: float = 1.0) -> Seen:
    """Connect once, with a client id of our own that throws nobody out. Raises nothing."""
    seen = Seen()
    broker = broker_of(url)
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=f"room-doctor-{uuid.uuid4().hex[:8]}", protocol=mqtt.MQTTv5
    )
    broker.prepare(client)
    answered: list[Any] = []

    def connected(_c: mqtt.Client, _u: Any, _f: Any, reason: Any, properties: Any) -> None:
        answered.append(reason)
        seen.most_bytes = getattr(properties, "MaximumPacketSize", None)
        if not reason.is_failure:
            client.subscribe([(DROPPED, SubscribeOptions(0)), (VERSION, SubscribeOptions(0))])

    def heard(_c: mqtt.Client, _u: Any, message: mqtt.MQTTMessage) -> None:
        text = message.payload.decode(errors="replace")
        if message.topic == DROPPED and text.isdigit():
            seen.dropped = int(text)
        elif message.topic == VERSION:
            seen.version = text

    client.on_connect, client.on_message = connected, heard
    try:
        client.connect(broker.host, broker.port)
        end = time.monotonic() + patience_s
        while not answered and time.monotonic() < end:
            if client.loop(0.1) != mqtt.MQTT_ERR_SUCCESS:
                break
        if not answered:
            seen.trouble = "it does not answer MQTT 5"
            return seen
        if answered[0].is_failure:
            seen.trouble = f"it refuses: {answered[0]}"
            return seen
        end = time.monotonic() + sys_s
        while time.monotonic() < end and (seen.dropped is None or not seen.version):
            client.loop(0.1)
        client.disconnect()
    except (OSError, ValueError) as error:
        seen.trouble = str(error)
    return seen
