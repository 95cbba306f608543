"""The simulated city through real brokers: complete, in order, marked, and again after an outage."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import paho.mqtt.client as mqtt
import pytest

from data.clock import now_ms, rfc3339
from data.profile import City
from data.settings import Settings
from feeds.simulator.city import SimulatedCity
from feeds.simulator.outgoing import CHANGES_ONLY, HOUR, MINUTE, Outgoing
from feeds.simulator.run import run
from feeds.worker.times import event_time_ms
from tests.room import make_city
from tests.servers import BrokerServer, until


class Listener:
    """A subscriber that keeps all it gets."""

    def __init__(self, broker: BrokerServer, city: City) -> None:
        self.got: list[mqtt.MQTTMessage] = []
        self._heard = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_message = lambda _c, _u, m: self.got.append(m)
        self._client.on_connect = lambda c, *_: c.subscribe(f"city/{city.id}/#", qos=1)
        self._client.on_subscribe = lambda *_: self._heard.set()
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert self._heard.wait(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def changes(self) -> list[tuple[str, int]]:
        """(topic, time) of incidents' messages and units' statuses, as they came."""
        return [
            (m.topic, event_time_ms(json.loads(m.payload)["time"]))
            for m in list(self.got)
            if a_change(m.topic)
        ]

    def positions(self) -> set[tuple[str, int]]:
        return {
            (m.topic, event_time_ms(json.loads(m.payload)["time"]))
            for m in list(self.got)
            if m.topic.endswith("/position")
        }


def a_change(topic: str) -> bool:
    _, _, feed, _, kind = topic.split("/")
    return feed == "incidents" or (feed == "ambulances" and kind == "status")


class Simulator:
    """`run` in a thread."""

    def __init__(self, broker: BrokerServer, city: City, var: Path, **options: Any) -> None:
        self.stopping = threading.Event()
        self.said: list[str] = []
        self.is_ready = threading.Event()
        self.failed: list[BaseException] = []
        self._settings = Settings(city=city.id, mqtt_url=broker.url, redis_url="", var=var)
        self._thread = threading.Thread(target=self._run, args=(city, options), daemon=True)
        self._thread.start()

    def _run(self, city: City, options: dict[str, Any]) -> None:
        try:
            run(self._settings, city, {}, self, **options)
        except BaseException as error:
            self.failed.append(error)

    def ready(self, text: str = "") -> None:
        self.is_ready.set()

    def busy(self, text: str) -> None:
        self.said.append(text)

    def cure(self, text: str) -> None:
        self.said.append(text)

    def wait_go(self) -> bool:
        return True

    def stop(self) -> None:
        self.stopping.set()
        self._thread.join(20)
        assert not self._thread.is_alive() and not self.failed

    def live(self) -> None:
        assert self.is_ready.wait(30), self.said


@pytest.fixture
def listen() -> Iterator[Callable[[BrokerServer, City], Listener]]:
    open_: list[Listener] = []

    def make(broker: BrokerServer, city: City) -> Listener:
        open_.append(Listener(broker, city))
        return open_[-1]

    yield make
    for listener in open_:
        listener.close()


def noted(var: Path) -> dict[str, Any]:
    return dict(json.loads((var / "simulator.json").read_text()))


def expected(city: City, var: Path, seed: int = 112) -> list[tuple[str, int]]:
    """What must have been sent by now, from the note that the simulator has left."""
    note = noted(var)
    model = SimulatedCity(city, seed, note["started_ms"])
    messages: list[Outgoing] = model.until(note["published_until_ms"] + 1, CHANGES_ONLY)
    return [(m.topic, event_time_ms(rfc3339(m.event_ms))) for m in messages if a_change(m.topic)]


def test_the_first_start_sends_a_day_completely_in_order_and_marked(
    broker: BrokerServer, city: City, tmp_path: Path, listen: Callable[..., Listener]
) -> None:
    listener = listen(broker, city)
    simulator = Simulator(broker, city, tmp_path)
    simulator.live()
    simulator.stop()
    wanted = expected(city, tmp_path)
    until(lambda: len(listener.changes()) >= len(wanted), "all of the past")
    assert listener.changes() == wanted
    now = now_ms()
    model = SimulatedCity(city, 112, noted(tmp_path)["started_ms"])
    model.until(now - 55 * MINUTE, CHANGES_ONLY)
    fixes = {
        (m.topic, event_time_ms(m.event_ms / 1000))
        for m in model.until(noted(tmp_path)["published_until_ms"])
        if m.topic.endswith("/position")
    }
    assert fixes
    until(lambda: not fixes - listener.positions(), "every position of the last hour")
    assert all(dict(m.properties.UserProperty)["room-source"] == "simulated" for m in listener.got)
    times = [event_time_ms(json.loads(m.payload)["time"]) for m in listener.got if "status" not in m.topic]
    assert max(times) <= now_ms() and now - min(times) > 20 * HOUR
    measured = [m for m in listener.got if m.topic.endswith("/telemetry")]
    assert len(measured) > 9 * 6 * 4 * 0.8


def test_a_later_start_goes_on_without_a_gap_or_a_repeat(
    one_broker: BrokerServer, city: City, tmp_path: Path, listen: Callable[..., Listener]
) -> None:
    listener = listen(one_broker, city)
    for _ in range(3):
        simulator = Simulator(one_broker, city, tmp_path, speed=200, past="2h")
        simulator.live()
        before = len(listener.changes())
        until(lambda before=before: len(listener.changes()) > before + 5, "something to happen")
        simulator.stop()
    note = noted(tmp_path)
    model = SimulatedCity(city, 112, note["started_ms"])
    wanted = [m.topic for m in model.until(note["published_until_ms"] + 1, CHANGES_ONLY) if a_change(m.topic)]
    until(lambda: len(listener.changes()) >= len(wanted), "all that was sent")
    assert [topic for topic, _ in listener.changes()] == wanted


def test_at_ten_times_the_speed_no_message_is_in_the_future(
    one_broker: BrokerServer, city: City, tmp_path: Path, listen: Callable[..., Listener]
) -> None:
    listener = listen(one_broker, city)
    simulator = Simulator(one_broker, city, tmp_path, speed=10, past="1h")
    simulator.live()
    ready = now_ms()

    def times() -> list[int]:
        return [event_time_ms(json.loads(m.payload)["time"]) for m in list(listener.got)]

    until(lambda: sum(t > ready for t in times()) > 40, "the city to live")
    simulator.stop()
    assert max(times()) <= now_ms()


@pytest.mark.parametrize("kind", ["mosquitto", "iotcore"])
def test_a_broker_that_goes_away_gets_everything_in_order_when_it_is_back(
    own_broker: Callable[..., BrokerServer],
    city: City,
    tmp_path: Path,
    listen: Callable[..., Listener],
    kind: str,
) -> None:
    broker = own_broker(kind)
    listener = listen(broker, city)
    simulator = Simulator(broker, city, tmp_path, speed=300, past="1h")
    simulator.live()
    broker.kill()
    gone = len(listener.changes())
    broker.start()
    back = listen(broker, city)
    until(lambda: len(back.changes()) > 30, "the city to go on", 60)  # a quiet hour has few
    simulator.stop()
    wanted = [topic for topic, _ in expected(city, tmp_path)]
    seen = [t for t, _ in listener.changes()[:gone]]
    assert seen == wanted[: len(seen)]
    times = [t for topic, t in back.changes() if topic.endswith("/progress")]
    assert times == sorted(times)


def test_a_hotspot_with_its_own_connection_leaves_its_will_when_the_power_fails(
    broker: BrokerServer, city: City, tmp_path: Path, listen: Callable[..., Listener]
) -> None:
    from feeds.simulator.devices import Devices

    listener = listen(broker, city)
    devices = Devices(broker.url, city.id, ["H-1"], 1)
    devices.start()

    def heard(*wanted: object) -> Callable[[], bool]:
        def look() -> bool:
            devices.step()
            said = [json.loads(m.payload) for m in listener.got]
            return [(s["status"], "time" in s) for s in said] == list(wanted)

        return look

    def turn(state: str) -> bool:
        topic = f"city/{city.id}/hotspots/H-1/status"
        message = Outgoing(now_ms(), topic, {"status": state}, True, now_ms())
        return devices.takes(message, orjson.dumps({"time": rfc3339(message.event_ms), "status": state}))

    until(heard(("up", True)), "the hotspot to say that it is up")
    assert turn("down")
    until(heard(("up", True), ("down", False)), "the will, which has no time")
    assert turn("up")
    until(heard(("up", True), ("down", False), ("up", True)), "the hotspot to be back")
    assert all(dict(m.properties.UserProperty)["room-source"] == "simulated" for m in listener.got)
    devices.close()


def test_extra_units_are_registered_first_and_send_at_the_wanted_rate(
    one_broker: BrokerServer, city: City, tmp_path: Path, listen: Callable[..., Listener]
) -> None:
    listener = listen(one_broker, city)
    registered: list[str] = []
    simulator = Simulator(
        one_broker, city, tmp_path, units=55, rate=100, past="1m",
        register=lambda feed, members: registered.extend(f"{feed}/{m.id}/{m.simulated}" for m in members),
    )  # fmt: skip
    simulator.live()
    assert registered[0] == "ambulances/SIM-00001/True" and len(registered) == 50

    def extra() -> list[mqtt.MQTTMessage]:
        return [m for m in list(listener.got) if "/SIM-" in m.topic and m.topic.endswith("/position")]

    until(lambda: len(extra()) > 200, "extra units to drive")
    simulator.stop()
    times = [event_time_ms(json.loads(m.payload)["time"]) for m in extra()]
    assert (times[200] - times[0]) == pytest.approx(2000, abs=50)
    assert len({m.topic for m in extra()}) == 50


@pytest.mark.parametrize(
    ("options", "word"),
    [({"speed": 0.0}, "--speed"), ({"rate": 5.0}, "--units"), ({"past": "soon"}, "24h")],
)
def test_arguments_that_cannot_be_are_told_with_their_cure(
    one_broker: BrokerServer, city: City, tmp_path: Path, options: dict[str, Any], word: str
) -> None:
    simulator = Simulator(one_broker, city, tmp_path, **options)
    until(lambda: simulator.failed, "the simulator to refuse")
    assert isinstance(simulator.failed[0], SystemExit) and word in simulator.said[0]


def test_a_simulator_without_a_broker_waits_for_it(
    own_broker: Callable[..., BrokerServer], tmp_path: Path, listen: Callable[..., Listener]
) -> None:
    city = make_city("waiting")
    broker = own_broker("iotcore")
    broker.kill()
    simulator = Simulator(broker, city, tmp_path, past="1h")
    until(lambda: "waiting for the broker" in simulator.said, "the simulator to wait")
    broker.start()
    simulator.live()
    simulator.stop()
