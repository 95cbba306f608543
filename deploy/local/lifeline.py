"""A role's line to the supervisor that started it: when to begin, when to end, and what to tell.

Down the child's stdin come lines: `go`, `stop`. Its end (the supervisor is gone, even by
kill -9) ends the child too. Up a pipe, named in `ROOM_LIFELINE`, go lines: `ready TEXT`,
`busy TEXT`, `cure JSON`. A role started by hand has no such line: it begins at once and ends
on Ctrl-C; a second Ctrl-C ends it on the spot.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

VARIABLE = "ROOM_LIFELINE"
PATIENCE_S = 5.0


class Lifeline:
    """What every role's main function gets. `stopping` is set when it is time to end."""

    def __init__(self, role: str, *, grace_s: float = 0.0) -> None:
        """grace_s: how much later than its fellows this role ends when the supervisor vanished."""
        self.stopping = threading.Event()
        self.at_end: Callable[[], None] = lambda: None  # for roles that leave by os._exit
        self._role = role
        self._grace_s = grace_s
        self._begin = threading.Event()
        # taken out of the environment: what this role starts itself has its own lifeline, or none
        fd = os.environ.pop(VARIABLE, "")
        self._up = int(fd) if fd.isdigit() else None

    @property
    def supervised(self) -> bool:
        """True when a supervisor started this process."""
        return self._up is not None

    def attach(self) -> Lifeline:
        """Install the signal handlers and begin to listen. Call once, from the main thread."""
        if self._up is None:
            self._begin.set()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, self._signalled)
            return self
        os.set_inheritable(self._up, False)
        # A closing terminal or a service manager signals everybody at once; the order is the supervisor's
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        threading.Thread(target=self._listen, name="lifeline", daemon=True).start()
        return self

    def wait_go(self) -> bool:
        """Wait for our turn; False: end instead."""
        self._begin.wait()
        return not self.stopping.is_set()

    def ready(self, text: str = "") -> None:
        """Report that the role does its work. text: where, for people."""
        self._tell("ready", text)
        if not self.supervised:
            print(f"{self._role} ready{f': {text}' if text else ''}", flush=True)

    def busy(self, text: str) -> None:
        """Report what keeps the role from being ready yet."""
        self._tell("busy", text)
        if not self.supervised:
            print(f"{self._role}: {text}", flush=True)

    def cure(self, text: str) -> None:
        """Report why the role cannot run and what to do; the caller then ends with exit code 2."""
        self._tell("cure", json.dumps(text))
        print(f"room {self._role}: {text}", file=sys.stderr, flush=True)

    def _tell(self, word: str, text: str) -> None:
        if self._up is not None:
            with contextlib.suppress(OSError):
                os.write(self._up, f"{word} {' '.join(text.splitlines())}\n".encode())

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        if self.stopping.is_set():
            os._exit(130)
        self.stopping.set()

    def _listen(self) -> None:
        rest = b""
        while chunk := self._read():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line == b"stop":
                    self.stopping.set()
                self._begin.set()
        # The supervisor is gone. Workers store what they have read while store and broker still wait.
        self.stopping.wait(self._grace_s)
        self.stopping.set()
        self._begin.set()
        threading.Event().wait(PATIENCE_S)
        os._exit(1)

    @staticmethod
    def _read() -> bytes:
        try:
            return os.read(0, 4096)
        except OSError:
            return b""
