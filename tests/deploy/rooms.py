"""A real room as a process of its own: started, watched, and ended by its own process ids."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 40.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(
    condition: Callable[[], object], what: str, patience_s: float = PATIENCE_S, report: str = ""
) -> None:
    """Wait for a condition with a deadline."""
    end = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience_s:.0f} s in vain: {what}\n{report}")
        time.sleep(0.03)


def listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def environment(var: Path, **more: str) -> dict[str, str]:
    """Nothing of the caller's room; simulation off unless asked for."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ROOM_")}
    return {**clean, "ROOM_VAR": str(var), "ROOM_SIMULATE": "off", **more}


def command(
    *words: str, env: dict[str, str], patience_s: float = PATIENCE_S
) -> subprocess.CompletedProcess[str]:
    """Run `app.py` to its end."""
    return subprocess.run(
        [sys.executable, str(PROJECT / "app.py"), *words],
        env=env, cwd=PROJECT, capture_output=True, text=True, timeout=patience_s, check=False,
    )  # fmt: skip


def alive(process: psutil.Process) -> bool:
    """False for the dead, also for those whom nobody has fetched yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class RunningRoom:
    """`python app.py` on free ports."""

    def __init__(self, folder: Path, *words: str, ignore_int: bool = False, **more: str) -> None:
        self.var = folder / "var"
        self.http, self.mqtt, self.redis = free_port(), free_port(), free_port()
        self.env = environment(
            self.var,
            ROOM_HTTP_PORT=str(self.http), ROOM_MQTT_PORT=str(self.mqtt), ROOM_REDIS_PORT=str(self.redis),
        )  # fmt: skip
        self.env.update(more)
        self._output = folder / f"output-{self.http}.txt"
        with self._output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(PROJECT / "app.py"), *words],
                env=self.env, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
                preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignore_int else None,
            )  # fmt: skip
        self.seen: set[psutil.Process] = set()

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def says(self, text: str, times: int = 1) -> None:
        """Wait until it has printed this."""
        until(
            lambda: self.output.count(text) >= times or self.process.poll() is not None,
            f'"{text}" {times} times', report=self.output,
        )  # fmt: skip
        assert self.output.count(text) >= times, self.report()

    def ready(self) -> RunningRoom:
        self.says("Ctrl-C stops everything.")
        self.children()
        return self

    def answers(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def children(self) -> list[psutil.Process]:
        """All processes below it now; remembered for `gone`."""
        try:
            now = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            now = []
        self.seen.update(now)
        return now

    def role(self, word: str) -> psutil.Process:
        """The child that runs this role."""
        return next(p for p in self.children() if word in p.cmdline()[2:3])

    def server(self) -> psutil.Process:
        """The Valkey server below the store's role."""
        return next(p for p in self.children() if "valkey-server" in p.name())

    def end(self, number: int = signal.SIGINT) -> int:
        self.children()
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def gone(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until nothing of it lives and nothing listens on its ports."""

        def left() -> list[psutil.Process]:
            return [p for p in self.seen if alive(p)]

        until(lambda: not left(), "all its processes end", patience_s, self.report())
        until(
            lambda: not any(map(listening, (self.http, self.mqtt, self.redis))),
            "its ports are free",
            patience_s,
        )

    def report(self) -> str:
        log = self.var / "log" / "room.log"
        tail = log.read_text(errors="replace")[-3000:] if log.exists() else ""
        return f"exit code {self.process.poll()}; it printed:\n{self.output}\nits log:\n{tail}"

    def clear(self) -> None:
        """End what is left, by process id."""
        self.children()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for process in self.seen:
            if alive(process):
                process.kill()


@contextmanager
def room(folder: Path, *words: str, ignore_int: bool = False, **more: str) -> Iterator[RunningRoom]:
    running = RunningRoom(folder, *words, ignore_int=ignore_int, **more)
    try:
        yield running
    finally:
        running.clear()
