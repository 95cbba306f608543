"""A sender's connection to the broker: paho in one thread, QoS 1, a bounded number of messages under way."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from data.broker import broker_of

log = structlog.get_logger("simulator")
SOURCE = ("room-source", "simulated")
WINDOW = 200  # unacknowledged messages at most: brokers drop what they cannot queue
KEEPALIVE_S = 15
LONGEST_WAIT_S = 2.0


def marked(packet: int) -> Properties:
    """MQTT 5 properties that say that the data is simulated."""
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    properties.UserProperty = SOURCE
    return properties


class Link:
    """Publishes while connected, sends again what was not acknowledged, never gives up.

    will: (topic, payload) that the broker publishes retained when the connection breaks.
    on_up: called on every new connection.
    """

    def __init__(
        self, url: str, client_id: str, *, window: int = WINDOW, will: tuple[str, bytes] | None = None,
        on_up: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        self._broker = broker_of(url)
        self._window = self._wide = window
        self._on_up = on_up
        self._properties = marked(PacketTypes.PUBLISH)
        self._under_way: dict[int, int] = {}
        self._retry_at = 0.0
        self._backoff_s = 0.1
        self._lost_since = 0.0
        self.connections = 0
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )  # fmt: skip
        self._broker.prepare(client)
        if will:
            client.will_set(*will, qos=1, retain=True, properties=marked(PacketTypes.WILLMESSAGE))
        client.max_inflight_messages_set(0xFFFF)  # the window below is the limit
        client.connect_timeout = 3.0
        client.on_connect = self._connected
        client.on_publish = self._published
        self._client = client

    @property
    def connected(self) -> bool:
        """True between the broker's welcome and the loss of the connection."""
        return self._client.is_connected()

    @property
    def under_way(self) -> int:
        """How many messages the broker has not acknowledged yet."""
        return len(self._under_way)

    @property
    def oldest(self) -> int | None:
        """The mark of the oldest message not acknowledged, None: all are."""
        return next(iter(self._under_way.values()), None)

    @property
    def ready(self) -> bool:
        """True when a message can be published now."""
        return len(self._under_way) < self._window and self._client.is_connected()

    def publish(self, topic: str, payload: bytes, retain: bool, mark: int = 0) -> None:
        """Send with QoS 1. What the connection's loss interrupts is sent again over the next one."""
        info = self._client.publish(topic, payload, qos=1, retain=retain, properties=self._properties)
        self._under_way[info.mid] = mark

    def step(self, wait_s: float) -> None:
        """Read, write, reconnect; waits at most wait_s for something to happen."""
        if self._client.socket() is None:
            self._connect(wait_s)
        elif self._client.loop(wait_s) != MQTTErrorCode.MQTT_ERR_SUCCESS and not self._lost_since:
            self._lost_since = time.monotonic()
            log.warning("connection to the broker lost; trying again", broker=self._broker.text)

    def _connect(self, wait_s: float) -> None:
        now = time.monotonic()
        if now < self._retry_at:
            time.sleep(min(wait_s, self._retry_at - now))
            return
        self._retry_at = now + self._backoff_s
        self._backoff_s = min(self._backoff_s * 1.7, LONGEST_WAIT_S)
        try:
            self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S, clean_start=True)
            sock: Any = self._client.socket()
            if sock is not None:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, ValueError) as error:
            if not self._lost_since:
                self._lost_since = now
                log.warning("no broker yet; trying again", broker=self._broker.text, why=str(error))

    def _connected(self, _c: Any, _u: Any, _f: Any, code: ReasonCode, properties: Properties | None) -> None:
        # paho calls this for a refused connection as well
        if code.is_failure:
            log.error("broker refused the connection", why=str(code))
            return
        if self._lost_since:
            log.info("connected to the broker", after_s=round(time.monotonic() - self._lost_since, 1))
        self._lost_since = 0.0
        self._backoff_s = 0.1
        self._window = min(self._wide, getattr(properties, "ReceiveMaximum", self._wide))
        self.connections += 1
        if self._on_up:
            self._on_up()

    def _published(self, _c: Any, _u: Any, mid: int, code: ReasonCode, _p: Any) -> None:
        self._under_way.pop(mid, None)
        if code.is_failure:
            log.error("broker refused a message; check its access rules", why=str(code))

    def cut(self) -> None:
        """Vanish without a word, as a device does that loses its power; the broker publishes the will."""
        sock: Any = self._client.socket()
        if sock is not None:
            sock.shutdown(socket.SHUT_RDWR)
            self._client.loop(0.0)
        self._under_way.clear()

    def close(self, patience_s: float = 2.0) -> None:
        """Wait for acknowledgements a while, then leave politely (no will)."""
        end = time.monotonic() + patience_s
        while self._under_way and self.connected and time.monotonic() < end:
            self.step(0.05)
        if self.connected:
            self._client.disconnect()
            for _ in range(10):
                if self._client.socket() is None or self._client.loop(0.02) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    break
