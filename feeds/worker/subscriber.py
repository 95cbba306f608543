"""The worker's MQTT client: paho, read ahead, acknowledged by hand, one thread.

MQTT 5 with a persistent session, so that the broker keeps what arrives while we are away.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.exception import MQTTException
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from data.broker import broker_of
from feeds.worker.intake import Arrived

log = structlog.get_logger("worker")
SESSION_S = 7 * 24 * 3600
KEEPALIVE_S = 15
READ_AHEAD = 256 * 1024
ASK_S, ANSWER_S = 0.5, 0.8  # a broker that is silent for so long is asked; what it then has to answer
UNREADABLE = "(unreadable user property)"  # stands for a message's source; the door refuses it
UNPROMISED_MOST = 20_000  # QoS 0 messages held while the store is away; nobody promised those


class BufferedSocket:
    """A socket that is read and written in large pieces; paho handles each packet's few bytes apart.

    paho looks at `pending()` (as it does for TLS) before it waits, so nothing that has been
    read ahead is left lying. A write is taken whole and sent at once, or, between `hold` and
    `flush`, with all others of a batch; what the network does not take waits for the next flush.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._buffer = b""
        self._at = 0
        self._out = bytearray()
        self._held = False
        self.heard_at = time.monotonic()

    def recv(self, size: int) -> bytes:
        """Bytes from the buffer, which is filled from the socket when empty."""
        if self._at >= len(self._buffer):
            self._buffer, self._at = self._sock.recv(READ_AHEAD), 0
            self.heard_at = time.monotonic()
        piece = self._buffer[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def pending(self) -> int:
        """How many bytes wait here or inside TLS."""
        inside = self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0
        return len(self._buffer) - self._at + inside

    def send(self, data: bytes) -> int:
        """Take data to be sent, in order."""
        self._out += data
        if not self._held:
            self.flush()
        return len(data)

    def hold(self) -> None:
        """Send nothing until `flush`."""
        self._held = True

    def flush(self) -> bool:
        """Send what the network takes; True if nothing is left. Raises OSError for a broken connection."""
        self._held = False
        while self._out:
            try:
                sent = self._sock.send(self._out)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return False
            del self._out[:sent]
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _Client(mqtt.Client):
    """paho with three changes: a buffered socket, `ask`, and it takes messages with unreadable properties.

    It refuses some texts that brokers let through (U+FEFF, NUL) by dropping the connection; the
    broker then sends the message again, for ever, and nothing behind it ever comes.
    """

    unreadable = False

    def ask(self) -> None:
        """Send a ping now; paho's own come once in a keepalive, too late to tell people within seconds."""
        if not self._ping_t:
            self._send_pingreq()

    def _create_socket(self) -> Any:
        return BufferedSocket(super()._create_socket())

    def _handle_publish(self) -> MQTTErrorCode:
        try:
            return super()._handle_publish()
        except (MQTTException, ValueError, struct.error):
            packet = self._in_packet
            packet["packet"] = without_properties(packet["command"], bytes(packet["packet"]))
            self.unreadable = True
            try:
                return super()._handle_publish()
            finally:
                self.unreadable = False


def without_properties(command: int, packet: bytes) -> bytearray:
    """A PUBLISH packet's variable part and payload with no properties. command: its first byte, for the QoS."""
    at = 2 + int.from_bytes(packet[:2]) + (2 if command & 0x06 else 0)
    length, digits = VariableByteIntegers.decode(packet[at : at + 4])  # type: ignore[no-untyped-call]
    return bytearray(packet[:at] + b"\0" + packet[at + digits + length :])


@dataclass(slots=True)
class Taken:
    """A message that waits for storage. link: the connection it came over; only there it can be acknowledged."""

    message: Arrived
    mid: int
    qos: int
    link: int


class Subscriber:
    """Connects, subscribes, reads; hands messages out and acknowledges them when told.

    inbox: messages read and not yet taken. subscribed: the broker has granted all filters on
    the present connection. trouble: why there is none, or that the broker is silent on it, in words.
    """

    def __init__(self, url: str, client_id: str, filters: Sequence[str], receive_maximum: int) -> None:
        self._broker = broker_of(url)
        self._filters = list(filters)
        self._receive_maximum = receive_maximum
        self.inbox: deque[Taken] = deque()
        self.subscribed = False
        self.trouble = "not connected yet"
        self.dropped_qos0 = 0
        self.link = 0
        self._retry_at = self._asked_at = 0.0
        self._backoff_s = 0.2
        client = _Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True, reconnect_on_failure=False,
        )  # fmt: skip
        self._broker.prepare(client)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.connect_timeout = 3.0
        self._client = client

    @property
    def connected(self) -> bool:
        """True between CONNACK and the loss of the connection."""
        return self._client.is_connected()

    def step(self, wait_s: float) -> int:
        """Read and write what can be; waits at most wait_s. Returns how many messages came."""
        before = len(self.inbox)
        if self._client.socket() is None:
            self._reconnect(wait_s)
            return 0
        self._flush()
        result = self._client.loop(wait_s)
        while result == MQTTErrorCode.MQTT_ERR_SUCCESS and len(self.inbox) - before < self._receive_maximum:
            sock = self._client.socket()
            if sock is None or not sock.pending():  # type: ignore[attr-defined]
                break
            result = self._client.loop_read()
        if result != MQTTErrorCode.MQTT_ERR_SUCCESS and self.subscribed:
            self._lost(mqtt.error_string(result))
        self._watch()
        return len(self.inbox) - before

    def acknowledge(self, batch: Iterable[Taken]) -> None:
        """Tell the broker that these messages are safe. Over a new connection it sends them again instead."""
        sock = self._buffered()
        if sock is None:
            return
        sock.hold()
        for taken in batch:
            if taken.link == self.link and taken.qos > 0:
                self._client.ack(taken.mid, taken.qos)
        self._flush()

    def close(self, deadline_s: float = 2.0) -> None:
        """Send what is still to be sent, then leave; the session stays with the broker."""
        if self._client.socket() is None:
            return
        end = time.monotonic() + deadline_s
        while (self._client.want_write() or not self._flush()) and time.monotonic() < end:
            self._client.loop(0.05)
        self._client.disconnect()
        for _ in range(20):
            if self._client.socket() is None or self._client.loop(0.05) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break

    def _watch(self) -> None:
        """A broker that hangs, or a cut cable, leaves the connection open: ask, and say so when nothing comes."""
        sock = self._buffered()
        if sock is None or not self.subscribed:
            return
        now, asked = time.monotonic(), self._asked_at > sock.heard_at
        if not asked and now - sock.heard_at > ASK_S:
            self._asked_at = now
            self._client.ask()
        silent = asked and now - self._asked_at > ANSWER_S
        self.trouble = f"broker {self._broker.text} does not answer" if silent else ""

    def _buffered(self) -> BufferedSocket | None:
        sock: Any = self._client.socket()
        return sock if isinstance(sock, BufferedSocket) else None

    def _flush(self) -> bool:
        """Send what waits. False: the connection is broken, or will not take more now."""
        sock = self._buffered()
        try:
            return sock is None or sock.flush()
        except OSError:
            return True  # the next read finds it broken and says so

    def _reconnect(self, wait_s: float) -> None:
        now = time.monotonic()
        if now < self._retry_at:
            time.sleep(min(wait_s, self._retry_at - now))
            return
        self._retry_at = now + self._backoff_s
        self._backoff_s = min(self._backoff_s * 1.6, 2.0)
        properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_S
        properties.ReceiveMaximum = min(self._receive_maximum, 65535)
        try:
            self._client.connect(
                self._broker.host, self._broker.port, KEEPALIVE_S, clean_start=False, properties=properties
            )
            sock: Any = self._client.socket()
            if sock is not None:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, ValueError, mqtt.WebsocketConnectionError) as error:
            self.trouble = f"broker {self._broker.text}: {error}"

    def _on_connect(self, client: mqtt.Client, _u: Any, _f: Any, code: ReasonCode, _p: Any) -> None:
        # paho calls this for a refused connection as well
        if code.is_failure:
            self.trouble = f"broker refused the connection: {code}"
            return
        self.link += 1
        self._backoff_s = 0.2
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        client.subscribe([(filter, options) for filter in self._filters])

    def _on_subscribe(self, _c: Any, _u: Any, _mid: int, codes: list[ReasonCode], _p: Any) -> None:
        refused = [f for f, code in zip(self._filters, codes, strict=False) if code.is_failure]
        if refused:
            self.trouble = f"broker refused to subscribe {', '.join(refused)}; check its access rules"
            log.error("subscription refused", filters=refused)
            return
        if not self.subscribed:
            log.info("subscribed", broker=self._broker.text, filters=self._filters)
        self.subscribed, self.trouble = True, ""

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, code: ReasonCode, _p: Any) -> None:
        self._lost(str(code))

    def _lost(self, why: str) -> None:
        if self.subscribed:
            log.warning("connection to the broker lost", why=why)
        self.subscribed = False
        self.trouble = self.trouble or f"connection to the broker lost: {why}"

    def _on_message(self, _c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:
        if message.qos == 0 and len(self.inbox) >= UNPROMISED_MOST:
            self.dropped_qos0 += 1
            return
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "(topic is not UTF-8)"
        source = UNREADABLE if self._client.unreadable else None
        properties = message.properties
        if properties is not None:
            for key, value in getattr(properties, "UserProperty", ()):
                if key == "room-source":
                    source = value
        arrived = Arrived(
            topic, bytes(message.payload), time.time_ns() // 1_000_000, message.retain, message.dup, source
        )
        self.inbox.append(Taken(arrived, message.mid, message.qos, self.link))
