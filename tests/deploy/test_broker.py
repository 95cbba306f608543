"""The embedded broker: one port for MQTT 5 and 3.1.1, our payloads, this machine only."""

from __future__ import annotations

import contextlib
import queue
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from deploy.local.broker_check import look
from deploy.local.door import NotMqtt, version_of
from tests.conftest import started
from tests.deploy.rooms import PROJECT, alive, environment, free_port, listening, until
from tests.servers import Missing

BIG = 256 * 1024


class Running:
    """`python app.py broker` on a free port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, str(PROJECT / "app.py"), "broker"],
            env=environment(folder, ROOM_MQTT_PORT=str(self.port)), cwd=PROJECT,
            stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        until(lambda: listening(self.port), "the broker listens")

    @contextlib.contextmanager
    def client(self, protocol: int = mqtt.MQTTv5, id: str = "", **how: Any) -> Iterator[mqtt.Client]:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=id or uuid.uuid4().hex, protocol=protocol)
        client.come = queue.Queue()  # type: ignore[attr-defined]
        client.on_message = lambda c, _u, m: c.come.put(m)  # type: ignore[attr-defined]
        client.connect("127.0.0.1", self.port, **how)
        client.loop_start()
        until(client.is_connected, "a client is connected", 10)
        try:
            yield client
        finally:
            client.disconnect()
            client.loop_stop()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("var"))
    yield running
    running.process.terminate()
    running.process.wait(10)


def subscribe(client: mqtt.Client, topic: str) -> None:
    done: queue.Queue[bool] = queue.Queue()
    client.on_subscribe = lambda *_: done.put(True)
    client.subscribe(topic, 1)
    assert done.get(timeout=10)


@pytest.mark.parametrize("send", [mqtt.MQTTv5, mqtt.MQTTv311], ids=["from-5", "from-3.1.1"])
@pytest.mark.parametrize("take", [mqtt.MQTTv5, mqtt.MQTTv311], ids=["to-5", "to-3.1.1"])
def test_both_versions_meet_on_one_port_with_the_largest_payload(
    broker: Running, send: int, take: int
) -> None:
    topic, payload = f"probe/{uuid.uuid4().hex}", bytes(range(256)) * (BIG // 256)
    with broker.client(take) as receiver, broker.client(send) as sender:
        subscribe(receiver, topic)
        sender.publish(topic, payload, qos=1).wait_for_publish(10)
        assert receiver.come.get(timeout=10).payload == payload  # type: ignore[attr-defined]


def _no_clients() -> Any:
    raise Missing("mosquitto-clients")


@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_debians_mosquitto_pub_is_served(broker: Running, version: str) -> None:
    topic = f"probe/{uuid.uuid4().hex}"
    if shutil.which("mosquitto_pub") is None:
        started(_no_clients)
    with broker.client() as receiver:
        subscribe(receiver, topic)
        words = [
            "mosquitto_pub",
            "-p",
            str(broker.port),
            "-V",
            version,
            "-t",
            topic,
            "-m",
            "hello",
            "-q",
            "1",
        ]
        assert subprocess.run(words, timeout=20, check=False).returncode == 0
        assert receiver.come.get(timeout=10).payload == b"hello"  # type: ignore[attr-defined]


def test_messages_wait_for_a_session_that_is_away(broker: Running) -> None:
    topic, id = f"probe/{uuid.uuid4().hex}", uuid.uuid4().hex
    keep = Properties(PacketTypes.CONNECT)
    keep.SessionExpiryInterval = 86_400
    how: dict[str, Any] = {"clean_start": False, "properties": keep}
    with broker.client(id=id, **how) as receiver:
        subscribe(receiver, topic)
    with broker.client(mqtt.MQTTv311) as sender:
        for n in range(200):
            sender.publish(topic, str(n), qos=1).wait_for_publish(10)
    with broker.client(id=id, **how) as receiver:
        came = [int(receiver.come.get(timeout=10).payload) for _ in range(200)]  # type: ignore[attr-defined]
    assert came == list(range(200))


def test_a_last_will_is_sent_when_a_device_is_cut_off(broker: Running) -> None:
    topic = f"probe/{uuid.uuid4().hex}"
    with broker.client() as receiver:
        subscribe(receiver, topic)
        device = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=uuid.uuid4().hex)
        device.will_set(topic, "down", qos=1, retain=True)
        device.connect("127.0.0.1", broker.port)
        device.loop_start()
        until(device.is_connected, "the device is connected", 10)
        device.loop_stop()
        sock = device.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)
        assert receiver.come.get(timeout=10).payload == b"down"  # type: ignore[attr-defined]


def test_what_is_no_mqtt_is_cut_off_and_harms_nobody(broker: Running) -> None:
    for garbage in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x10\xff\xff\xff\xff\xff",
        b"\x10\x0c\x00\x04EVIL\x05",
        b"\x00",
    ):
        with socket.create_connection(("127.0.0.1", broker.port), 5) as link:
            link.sendall(garbage)
            with contextlib.suppress(ConnectionResetError):
                assert link.recv(100) == b""
    assert not look(f"mqtt://127.0.0.1:{broker.port}", sys_s=0).trouble


def test_the_broker_listens_on_this_machine_only(broker: Running) -> None:
    process = psutil.Process(broker.process.pid)
    heard = [c.laddr for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert {a.port for a in heard} >= {broker.port}
    assert {a.ip for a in heard} == {"127.0.0.1"}


def test_a_broker_of_its_own_notes_its_port_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    from deploy.local import running

    own = Running(tmp_path)
    noted = running.parts(tmp_path)["broker"]
    assert noted["url"] == f"mqtt://127.0.0.1:{own.port}"
    process = psutil.Process(own.process.pid)
    own.process.terminate()
    own.process.wait(10)
    until(lambda: not alive(process) and not listening(own.port), "the broker ends", 10)
    assert running.parts(tmp_path) == {}


@given(cut=st.integers(0, 60), level=st.sampled_from([3, 4, 5, 9]), body=st.integers(0, 300))
def test_the_version_is_read_from_any_piece_of_a_connect_packet(cut: int, level: int, body: int) -> None:
    name = b"MQIsdp" if level == 3 else b"MQTT"
    rest = len(name).to_bytes(2) + name + bytes([level]) + b"\x02\x00\x3c" + b"x" * body
    size, length = b"", len(rest)
    while True:
        length, digit = divmod(length, 128)
        size += bytes([digit | (0x80 if length else 0)])
        if not length:
            break
    packet = b"\x10" + size + rest
    need = 1 + len(size) + 2 + len(name) + 1
    assert version_of(packet[:cut]) == (level if cut >= need else None)


@given(st.binary(max_size=16))
def test_any_bytes_get_a_version_or_a_refusal(start: bytes) -> None:
    with contextlib.suppress(NotMqtt):
        assert version_of(start) is None or 0 <= version_of(start) <= 255  # type: ignore[operator]


def test_two_rooms_that_start_in_the_same_second_get_different_inner_ports() -> None:
    code = "from deploy.local.broker import choose_inner; print(*choose_inner(set()))"
    both = [
        subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    chosen = [port for one in both for port in one.communicate(timeout=30)[0].split()]
    assert len(set(chosen)) == 4, chosen


def test_a_broker_never_serves_what_another_listener_answers(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        inner = f"{free_port()},{other.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, str(PROJECT / "app.py"), "broker", "--inner", inner],
            env=environment(tmp_path, ROOM_MQTT_PORT=str(free_port())), cwd=PROJECT,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"127.0.0.1:{inner.split(',')[1]}, behind the broker's door, is in use" in done.stderr
