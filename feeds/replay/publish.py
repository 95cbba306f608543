"""Sends records to the broker, at their pace, and waits until it has them all."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from data.broker import broker_of
from data.clock import now_ms
from feeds.replay.records import Record, ReplayError
from feeds.replay.shift import shifted

PATIENCE_S = 15.0
AHEAD = 500  # records handed to the client and not yet confirmed by the broker


class Publisher:
    """A connection to the broker for one replay. published: records that the broker has confirmed."""

    def __init__(self, url: str, city: str) -> None:
        broker = broker_of(url)
        self._at = broker.text
        self._ready = threading.Event()
        self._refused = ""
        self._confirmed = threading.Condition()
        self.published = 0
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"room-{city}-replay-{os.getpid()}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )  # fmt: skip
        broker.prepare(client)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        self._source: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        self._source.UserProperty = ("room-source", "replay")
        try:
            client.connect(broker.host, broker.port, clean_start=True)
        except (OSError, ValueError) as error:
            raise ReplayError(
                f"no broker at {self._at} ({error}): start the room, or set ROOM_MQTT_URL"
            ) from None
        client.loop_start()
        if not self._ready.wait(PATIENCE_S) or self._refused:
            self.close()
            raise ReplayError(
                f"broker at {self._at} refused the connection: {self._refused or 'it does not answer'}"
            )

    def send(self, records: Iterable[Record], *, due_ms: Callable[[Record], int], shift_ms: int) -> None:
        """Publish each record when it is due. Raises ReplayError when the broker takes no more.

        A connection that is lost and comes back is no reason to stop: the client sends again what
        was not confirmed, and the room knows repeats.
        """
        pause = threading.Event()
        sent = 0
        for record in records:
            while (wait_ms := due_ms(record) - now_ms()) > 0:
                pause.wait(min(wait_ms / 1000, 1.0))
            self._wait_for(sent - AHEAD)
            self._client.publish(
                record.topic, shifted(record.payload, shift_ms), qos=1, retain=record.retain,
                properties=self._source,
            )  # fmt: skip
            sent += 1
        self._wait_for(sent)

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _wait_for(self, count: int) -> None:
        """Wait until so many are confirmed."""
        with self._confirmed:
            before, since = self.published, time.monotonic()
            while self.published < count and not self._refused:
                if self.published > before:
                    before, since = self.published, time.monotonic()
                elif time.monotonic() - since > PATIENCE_S:
                    raise ReplayError(
                        f"broker at {self._at} has confirmed nothing for {PATIENCE_S:.0f} s, "
                        f"after {self.published} messages; is it up?"
                    )
                self._confirmed.wait(0.5)
        if self._refused:
            raise ReplayError(f"broker at {self._at} refused: {self._refused}; check its access rules")

    def _on_connect(self, _c: mqtt.Client, _u: Any, _f: Any, code: ReasonCode, _p: Any) -> None:
        self._refused = str(code) if code.is_failure else ""
        self._ready.set()

    def _on_publish(self, _c: mqtt.Client, _u: Any, _mid: int, code: ReasonCode, _p: Any) -> None:
        with self._confirmed:
            if code.is_failure:
                self._refused = str(code)
            else:
                self.published += 1
            self._confirmed.notify()
