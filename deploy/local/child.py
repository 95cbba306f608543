"""One role as a child process of the supervisor: started, told, heard, ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from data.settings import PROJECT
from deploy.local.lifeline import VARIABLE

BACK_OFF_S = 0.2
MOST_BACK_OFF_S = 5.0
STEADY_S = 30.0
LINE_BYTES = 64_000


@dataclass(frozen=True)
class Plan:
    """What to start.

    after: roles that must be ready before its first turn. at_latest_s: its turn comes then in any
    case, counted from the start. end_s: patience when it ends.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    after: Sequence[str] = ()
    at_latest_s: float | None = None
    end_s: float = 5.0


class Child:
    """A role's process, started again after each death with a growing pause."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.name = plan.name
        self.process: subprocess.Popen[bytes] | None = None
        self.ready_text: str | None = None
        self.cure = ""
        self.last_line = ""
        self.may_go = False
        self.deaths: list[float] = []
        self.started = 0.0
        self.restart_at: float | None = None
        self._pause = BACK_OFF_S
        self._readers: list[_Lines] = []
        self._news: list[tuple[str, str]] = []

    @property
    def alive(self) -> bool:
        """True while its process runs."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the process in its own session: no Ctrl-C and no closing terminal reaches it but ours."""
        (up_read, up_write), (out_read, out_write) = os.pipe(), os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, str(PROJECT / "app.py"), *self.plan.arguments],
            cwd=PROJECT,
            env={**self.plan.environment, VARIABLE: str(up_write), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=out_write,
            stderr=out_write,
            pass_fds=[up_write],
            start_new_session=True,
        )
        os.close(up_write)
        os.close(out_write)
        self.started = time.monotonic()
        self.ready_text, self.restart_at, self.cure, self.last_line = None, None, "", ""
        self._readers = [_Lines(up_read, self._told), _Lines(out_read, self._said)]
        if self.may_go:
            self.tell("go")

    def tell(self, word: str) -> None:
        """Send a line down its stdin; a dead child does not mind."""
        if word == "go":
            self.may_go = True
        if self.process and self.process.stdin:
            with contextlib.suppress(OSError, ValueError):
                self.process.stdin.write(f"{word}\n".encode())
                self.process.stdin.flush()

    def fds(self) -> list[int]:
        """What to wait on for its news."""
        return [r.fd for r in self._readers if r.open]

    def hear(self) -> list[tuple[str, str]]:
        """Its news since the last call: (`ready` | `busy` | `cure` | `line`, text)."""
        for reader in self._readers:
            reader.read()
        news, self._news = self._news, []
        return news

    def died(self, now: float) -> int | None:
        """Its exit code once, when it has ended; plans the next start."""
        if self.process is None or self.process.poll() is None or self.restart_at is not None:
            return None
        if now - self.started > STEADY_S:
            self._pause = BACK_OFF_S
        self.deaths.append(now)
        self.restart_at = now + self._pause
        self._pause = min(MOST_BACK_OFF_S, self._pause * 2)
        code = self.process.returncode
        # what it started and left behind must not stand in its successor's way
        self._signal(signal.SIGKILL)
        return code

    def close(self) -> None:
        """Forget a dead process's pipes."""
        for reader in self._readers:
            reader.close()
        if self.process and self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def kill(self) -> None:
        """End it and all it started, at once."""
        if self.process is not None:
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def _told(self, line: str) -> None:
        word, _, text = line.partition(" ")
        if word == "ready":
            self.ready_text = text
        elif word == "cure":
            with contextlib.suppress(ValueError):
                text = str(json.loads(text))
            self.cure = text
        self._news.append((word, text))

    def _said(self, line: str) -> None:
        if line.strip():
            self.last_line = line
            self._news.append(("line", line))


@dataclass
class _Lines:
    """Reads lines from a pipe without ever waiting."""

    fd: int
    take: Callable[[str], None]
    open: bool = True
    _rest: bytes = field(default=b"")

    def __post_init__(self) -> None:
        os.set_blocking(self.fd, False)

    def read(self) -> None:
        """Take what has come."""
        for _ in range(16):
            if not self.open:
                return
            try:
                chunk = os.read(self.fd, 65536)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if not chunk:
                self.close()
                return
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            if len(self._rest) > LINE_BYTES:
                lines, self._rest = [*lines, self._rest], b""
            for line in lines:
                self.take(line.decode(errors="replace").rstrip())

    def close(self) -> None:
        """Take the last, unfinished line and close."""
        if self.open:
            self.open = False
            if self._rest:
                self.take(self._rest.decode(errors="replace").rstrip())
            with contextlib.suppress(OSError):
                os.close(self.fd)
