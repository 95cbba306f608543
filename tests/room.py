"""A small made-up city, its worker and its devices, for tests that run the real path."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import feeds.ambulances
import feeds.hotspots
import feeds.incidents
from data.clock import now_ms, rfc3339
from data.contracts import Feed, FeedHealth, Kpi, Member, Slot, Target, Thing
from data.kpis import ambulances, hotspots, incidents
from data.live.things import thing
from data.profile import City, District, Limits, Village
from data.settings import Settings
from data.store import read
from data.store.keys import Keys
from tests.servers import BrokerServer, StoreServer, until

PROJECT = Path(__file__).resolve().parent.parent
FEEDS: dict[str, Feed] = {
    f.name: f for f in (feeds.ambulances.FEED, feeds.incidents.FEED, feeds.hotspots.FEED)
}
KPIS: tuple[Kpi, ...] = (*ambulances.KPIS, *incidents.KPIS, *hotspots.KPIS)
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def city_id() -> str:
    """A city of its own for every test, so that tests share servers and never see each other."""
    return f"t{secrets.token_hex(5)}"


def make_city(id: str = "testville", **limits: Any) -> City:
    """Two districts, a few units and hotspots; centre 7° S 110.4° E."""
    west = Village("V1", "West", -7.0, 110.38, 10.0)
    east = Village("V2", "East", -7.0, 110.42, 10.0)
    units = {u: Member(u, "ambulances", u, "car") for u in ("AMB-01", "AMB-02", "AMB-03", "AMB-04")}
    units["MTR-01"] = Member("MTR-01", "ambulances", "MTR-01", "motorcycle")
    spots = {
        f"H-{n}": Member(
            f"H-{n}", "hotspots", f"Hotspot {n}", lat=-7.0, lon=110.38 + n / 1000, district="west"
        )
        for n in range(1, 10)
    }
    return City(
        id=id, name="Testville", center=(-7.0, 110.4), bounds=(-7.1, 110.3, -6.9, 110.5), zone="Asia/Jakarta",
        languages=("en",),
        districts=(
            District("west", "West", (west,), (-7.0, 110.38)), District("east", "East", (east,), (-7.0, 110.42))
        ),
        registry={"ambulances": units, "hotspots": spots}, limits=Limits(**limits),
        kpis={"ambulance.response_p90": Target(10.0, 9.0, 10.0, 15.0)}, feeds=tuple(FEEDS),
    )  # fmt: skip


def at_ms(clock: str) -> int:
    """A time of yesterday (UTC), written `HH:MM` or `HH:MM:SS`."""
    hours, minutes, *seconds = (int(p) for p in clock.split(":"))
    return round(
        (YESTERDAY + timedelta(hours=hours, minutes=minutes, seconds=sum(seconds))).timestamp() * 1000
    )


def clock(ms: int) -> str:
    """The reverse of `at_ms`, to the minute."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M")


# --- devices ------------------------------------------------------------------------------


def source_property(source: str) -> Properties:
    """The user property that marks whose data a message is."""
    properties = Properties(PacketTypes.PUBLISH)
    properties.UserProperty = ("room-source", source)
    return properties


class Post:
    """An MQTT client of a device or of many. Publishes with QoS 1; `arrived` waits for the broker's word."""

    def __init__(self, url: str, *, will: tuple[str, bytes] | None = None, keepalive: int = 30) -> None:
        host, port = url.removeprefix("mqtt://").split(":")
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"dev-{secrets.token_hex(6)}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        self._client.max_inflight_messages_set(200)
        self._client.max_queued_messages_set(0)
        if will:
            self._client.will_set(will[0], will[1], qos=1, retain=True)
        self._sent = self._taken = 0
        self._client.on_publish = self._on_publish
        self._client.reconnect_delay_set(1, 1)
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 3600
        self._client.connect(host, int(port), keepalive, clean_start=False, properties=session)
        self._client.loop_start()
        until(self._client.is_connected, "a device's connection to the broker")

    def publish(
        self, topic: str, payload: bytes | str, *, retain: bool = False, qos: int = 1, properties: Any = None
    ) -> None:
        """Send one message."""
        self._sent += 1
        self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties)

    def arrived(self, patience_s: float = 30.0) -> None:
        """Wait until the broker has all of them."""
        until(lambda: self._taken >= self._sent, f"the broker to take {self._sent} messages", patience_s)

    def _on_publish(self, *_: Any) -> None:
        self._taken += 1

    def cut(self) -> None:
        """Lose the connection without a word, as a power cut does: the broker sends the last will."""
        sock = self._client.socket()
        assert sock is not None
        self._client.reconnect_delay_set(3600, 3600)
        sock.shutdown(2)

    def close(self) -> None:
        """Leave in good order; its thread ends by itself."""
        self._client.disconnect()


class Device:
    """One device: `device("H-1").publish("status", status="up", at="08:05")`."""

    def __init__(self, post: Post, city: str, feed: str, id: str) -> None:
        self.post, self.city, self.feed, self.id = post, city, feed, id

    def topic(self, message: str) -> str:
        """Where this device sends a kind of message."""
        return f"city/{self.city}/{self.feed}/{self.id}/{message}"

    def publish(
        self,
        message: str,
        *,
        at: str | int | None = "now",
        retain: bool = False,
        source: str = "",
        **values: Any,
    ) -> None:
        """Send a message. at: `HH:MM` of yesterday, milliseconds, `now`, or None for no time at all."""
        if at is not None:
            ms = now_ms() if at == "now" else at_ms(at) if isinstance(at, str) else at
            values["time"] = rfc3339(ms)
        self.post.publish(
            self.topic(message), json.dumps(values), retain=retain,
            properties=source_property(source) if source else None,
        )  # fmt: skip


# --- the worker ---------------------------------------------------------------------------


class SimpleLifeline:
    """What a supervisor would tell the worker."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.is_ready = threading.Event()

    def ready(self, text: str = "") -> None:
        """The worker has begun."""
        self.is_ready.set()

    def wait_go(self) -> bool:
        """It may go on at once."""
        return True


def settings_for(redis_url: str, mqtt_url: str, var: Path, city: str) -> Settings:
    """Settings of a test's room."""
    return Settings(city=city, redis_url=redis_url, mqtt_url=mqtt_url, var=var, simulate="off")


class WorkerThread:
    """The worker's own `main` in a thread; its failure fails the test when it is stopped."""

    def __init__(self, redis_url: str, mqtt_url: str, var: Path, city: City, *, number: int = 1) -> None:
        self._settings = settings_for(redis_url, mqtt_url, var, city.id)
        self._city, self._number = city, number
        self._lifeline = SimpleLifeline()
        self.error: BaseException | None = None
        self._made: dict[str, Any] = {}
        self._thread: threading.Thread | None = None

    def start(self, *, wait: bool = True) -> WorkerThread:
        """Start it and wait until it has subscribed."""
        self._lifeline, self.error = SimpleLifeline(), None
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()
        if wait:
            self.wait()
        return self

    def wait(self) -> None:
        """Wait until it has subscribed; raises what it died of."""
        until(lambda: self._lifeline.is_ready.is_set() or self.error, "the worker's subscription")
        if self.error:
            raise self.error

    def pipeline(self) -> Any:
        """Its pipeline, to look at what it holds back and why."""
        return until(lambda: self._made.get("pipeline"), "the worker's pipeline")

    @property
    def alive(self) -> bool:
        """Does it still run?"""
        return self._thread is not None and self._thread.is_alive() and self.error is None

    def stop(self) -> None:
        """End it in good order; raises what it died of."""
        if self._thread is None:
            return
        self._lifeline.stopping.set()
        self._thread.join(15)
        assert not self._thread.is_alive(), "the worker does not end"
        self._thread = None
        if self.error:
            raise self.error

    def _run(self) -> None:
        from feeds.worker import run

        made = self._made = {}

        class Seen(run.Pipeline):
            def __init__(self, *parts: Any) -> None:
                super().__init__(*parts)
                made["pipeline"] = self

        try:
            _main_with(run, Seen)(
                self._settings, self._city, FEEDS, {}, KPIS, self._lifeline, number=self._number
            )
        except BaseException as error:
            self.error = error


def _main_with(run: Any, pipeline: Any) -> Any:
    """The worker's `main`, with a pipeline that tests can look at; two workers may run at once."""
    space = {**vars(run), "Pipeline": pipeline}
    return type(run.main)(run.main.__code__, space, "main", run.main.__defaults__, None)


class WorkerProcess:
    """The worker as a process of its own, to be killed."""

    def __init__(self, redis_url: str, mqtt_url: str, var: Path, city: str) -> None:
        self._arguments = [redis_url, mqtt_url, str(var), city]
        self.log = var / "worker.log"
        self._process: subprocess.Popen[bytes] | None = None
        var.mkdir(parents=True, exist_ok=True)

    def start(self, *, wait: bool = True) -> WorkerProcess:
        """Start it; wait: until it has subscribed."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.room", *self._arguments], cwd=PROJECT,
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        if wait:
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
            assert line == b"ready\n", f"the worker does not start: {self.log.read_text()[-3000:]}"
        return self

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    @property
    def alive(self) -> bool:
        """Does it still run?"""
        return self._process is not None and self._process.poll() is None

    def tail(self, lines: int = 40) -> str:
        """The end of its log."""
        return (
            "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""
        )

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(15)
            if process.stdout:
                process.stdout.close()


def _process_main(redis_url: str, mqtt_url: str, var: str, city: str) -> None:
    from feeds.worker.run import main

    class Lifeline(SimpleLifeline):
        def ready(self, text: str = "") -> None:
            os.write(1, b"ready\n")

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    lifeline = Lifeline()
    signal.signal(signal.SIGTERM, lambda *_: lifeline.stopping.set())
    main(settings_for(redis_url, mqtt_url, Path(var), city), make_city(city), FEEDS, {}, (), lifeline)


# --- looking into the store ---------------------------------------------------------------


class StoreView:
    """One city's part of a store, read as the program reads it."""

    def __init__(self, client: Any, city: City) -> None:
        self.client, self.city, self.keys = client, city, Keys(city.id)

    def slots(self, feed: str, id: str) -> Mapping[str, Slot]:
        """An object's newest messages."""
        return read.objects(self.client, self.keys, [(feed, id)])[feed, id]

    def thing(self, feed: str, id: str) -> Thing:
        """An object as the pages see it."""
        member = self.city.registry.get(feed, {}).get(id)
        return thing(FEEDS[feed], id, self.slots(feed, id), member)

    def history(self, feed: str, id: str) -> Sequence[read.Event]:
        """Its kept events."""
        return read.history(self.client, self.keys, feed, id)

    def health(self, feed: str) -> FeedHealth:
        """A feed's counters."""
        return read.health(self.client, self.keys, [feed])[feed]

    def received(self) -> int:
        """Messages received by all feeds, and by none of them."""
        found = read.health(self.client, self.keys, [*FEEDS, "unrouted"])
        return sum(h.received for h in found.values())

    def dead_letters(self, limit: int = 100) -> Sequence[read.DeadLetter]:
        """Refused messages."""
        return read.dead_letters(self.client, self.keys, limit=limit)

    def adds_up(self) -> None:
        """Each message ended in exactly one counter."""
        for h in read.health(self.client, self.keys, [*FEEDS, "unrouted"]).values():
            assert h.received == h.accepted + h.duplicates + h.ignored + h.rejected, h
            assert h.late <= h.accepted and h.thinned <= h.accepted, h


class Room(StoreView):
    """A city with its store, broker and worker."""

    def __init__(self, store: StoreServer, broker: BrokerServer, city: City, var: Path) -> None:
        super().__init__(store.client(), city)
        self.store, self.broker, self.var = store, broker, var
        self.worker = WorkerThread(store.url, broker.url, var, city)
        self._posts: list[Post] = []
        self._post: Post | None = None
        self._names = itertools.count(1)

    def post(self, **options: Any) -> Post:
        """A new connection to the broker."""
        post = Post(self.broker.url, **options)
        self._posts.append(post)
        return post

    def device(self, id: str, feed: str = "", *, post: Post | None = None) -> Device:
        """A device; its feed follows from its name unless given. Devices share one connection unless given."""
        if not feed:
            feed = "hotspots" if id.startswith("H-") else "incidents" if id.startswith("I-") else "ambulances"
        if post is None:
            post = self._post = self._post or self.post()
        return Device(post, self.city.id, feed, id)

    def has_taken(self, count: int, patience_s: float = 20.0) -> None:
        """Wait until the store has accounted for so many messages."""
        until(
            lambda: self.received() >= count or not self.worker.alive,
            f"{count} messages in the store",
            patience_s,
        )
        assert self.worker.alive, f"the worker died: {self.worker.error!r}"

    def close(self) -> None:
        """End devices and worker."""
        for post in self._posts:
            post.close()
        try:
            self.worker.stop()
        finally:
            self.client.close()


if __name__ == "__main__":
    _process_main(*sys.argv[1:])
