"""What the person at the terminal sees. Never holds anybody up: a stopped terminal loses lines instead."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
from typing import TextIO

COLOURS = {"good": "32", "bad": "31", "watch": "33", "quiet": "2", "strong": "1", "plain": ""}
AGAIN_S = 60.0


class Terminal:
    """Lines to stdout, written by a thread of its own; colours only where a person looks."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._colours = self._out.isatty() and "NO_COLOR" not in os.environ
        self._lines: queue.Queue[str | None] = queue.Queue(maxsize=1000)
        self._said: dict[str, float] = {}
        self._writer = threading.Thread(target=self._write, name="terminal", daemon=True)
        self._writer.start()

    def say(self, text: str = "", look: str = "plain") -> None:
        """One line."""
        code = COLOURS[look] if self._colours else ""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(f"\x1b[{code}m{text}\x1b[0m" if code and text else text)

    def say_seldom(self, text: str, look: str = "plain") -> None:
        """One line, the same one not again within a minute."""
        now = time.monotonic()
        if now - self._said.get(text, -AGAIN_S) < AGAIN_S:
            return
        if len(self._said) > 500:
            self._said.clear()
        self._said[text] = now
        self.say(text, look)

    def close(self) -> None:
        """Wait a moment for what is still to be written."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        self._writer.join(1.0)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            with contextlib.suppress(OSError, ValueError):  # the terminal has been closed
                self._out.write(line + "\n")
                self._out.flush()
