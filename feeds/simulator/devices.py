"""A few hotspots on connections of their own, as all of them are in a real city: their last will says `down`."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from data.clock import now_ms, rfc3339
from feeds.simulator.link import Link
from feeds.simulator.noise import even, key
from feeds.simulator.outgoing import Outgoing

COUNT = 4
DOWN = orjson.dumps({"status": "down"})  # a will carries no time: it would be the connect time


class _Device:
    def __init__(self, url: str, city_id: str, id: str, state: str) -> None:
        self.state = state
        self._topic = f"city/{city_id}/hotspots/{id}/status"
        self.link = Link(url, f"sim-{city_id}-{id}", window=8, will=(self._topic, DOWN), on_up=self._tell)

    def _tell(self) -> None:
        """On every connection a hotspot says how it is, or its will from before would stand."""
        self.link.publish(self._topic, orjson.dumps({"time": rfc3339(now_ms()), "status": self.state}), True)


class Devices:
    """Takes over the messages of its hotspots once the city runs live."""

    def __init__(self, url: str, city_id: str, ids: Sequence[str], seed: object) -> None:
        self._url, self._city = url, city_id
        self._chosen = sorted(ids, key=lambda i: even(key(seed, "own connection", i)))[:COUNT]
        self._states = dict.fromkeys(self._chosen, "up")
        self._running: dict[str, _Device] = {}
        self._live = False

    def start(self) -> None:
        """From now on the hotspots have their own connections; one that is down has none."""
        self._live = True
        for id, state in self._states.items():
            if state != "down":
                self._connect(id, state)

    def _connect(self, id: str, state: str) -> None:
        self._running[id] = _Device(self._url, self._city, id, state)

    def takes(self, message: Outgoing, payload: bytes) -> bool:
        """True if a hotspot has sent this message itself; else the caller must.

        A change to `down` is no message: the connection is cut and the broker publishes the will.
        """
        _, _, feed, id, kind = message.topic.split("/")
        if feed != "hotspots" or id not in self._states:
            return False
        device = self._running.get(id)
        if kind == "status":
            state = str(message.payload["status"])
            was, self._states[id] = self._states[id], state
            if not self._live or (device is None and state == was):
                return False
            if state == "down":
                if device is None or not device.link.connected:
                    self._running.pop(id, None)
                    return False
                self._running.pop(id).link.cut()
                return True
            if device is None:
                self._connect(id, state)
                return True
            device.state = state
        if device is None or not device.link.ready:
            return False
        device.link.publish(message.topic, payload, message.retain)
        return True

    def step(self) -> None:
        """Keep the connections alive; call about once a second."""
        for device in self._running.values():
            device.link.step(0.0)

    def close(self) -> None:
        """Leave politely."""
        for device in self._running.values():
            device.link.close(0.2)
