"""The room's log on disk: what every child says, one JSON object a line, in a few files of bounded size."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

MOST_BYTES = 16_000_000
KEPT = 3


class LogFile:
    """`room.log`, with `room.log.1` … before it. A full disk costs log lines, never the room."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "room.log"
        self._file = self.path.open("ab", buffering=0)

    def take(self, role: str, line: str) -> dict[str, Any]:
        """Store a child's line and return it as an event; plain text becomes one of level `output`."""
        event: Any = None
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                event = json.loads(line)
        if not isinstance(event, dict):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            event = {"role": role, "level": "output", "event": line, "timestamp": stamp}
            line = json.dumps(event)
        with contextlib.suppress(OSError):
            self._file.write(line.encode() + b"\n")
            if self._file.tell() > MOST_BYTES:
                self._turn()
        return dict(event)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _turn(self) -> None:
        self._file.close()
        for number in range(KEPT - 1, 0, -1):
            older = self.path.with_suffix(f".log.{number}")
            if older.exists():
                older.replace(self.path.with_suffix(f".log.{number + 1}"))
        self.path.replace(self.path.with_suffix(".log.1"))
        self._file = self.path.open("ab", buffering=0)
