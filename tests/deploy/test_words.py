"""What the room prints and logs: never in the way of what it does."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest

from deploy.local import logfile
from deploy.local.child import _Lines
from deploy.local.logfile import LogFile
from deploy.local.supervisor import _plain
from deploy.local.terminal import Terminal


def test_a_stopped_terminal_holds_nobody_up() -> None:
    read, write = os.pipe()
    out = os.fdopen(write, "w")
    terminal = Terminal(out)
    for n in range(20_000):  # far more than pipe and queue hold, and nobody reads
        terminal.say(f"line {n} {'x' * 100}")
    assert os.read(read, 6) == b"line 0"
    os.close(read)  # the terminal has been closed: lines are dropped, nothing fails
    terminal.say("nobody sees this")
    terminal.close()
    with contextlib.suppress(OSError):
        out.close()


def test_colours_only_where_a_person_looks(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        terminal = Terminal(out)
        terminal.say("ready", "good")
        terminal.close()
    assert (tmp_path / "out").read_text() == "ready\n"


def test_the_same_complaint_is_not_repeated_all_the_time(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        terminal = Terminal(out)
        for _ in range(5):
            terminal.say_seldom("the store does not answer")
        terminal.close()
    assert (tmp_path / "out").read_text().count("store") == 1


def test_every_line_of_the_log_is_an_event(tmp_path: Path) -> None:
    log = LogFile(tmp_path)
    log.take("web", '{"event": "listening", "level": "info"}')
    for line in ("Traceback (most recent call last):", "{broken", "", "[1, 2]"):
        assert log.take("web", line)["level"] == "output"
    log.close()
    events = [json.loads(line) for line in (tmp_path / "room.log").read_text().splitlines()]
    assert events[0]["event"] == "listening" and len(events) == 5
    assert all(e["role"] == "web" for e in events[1:])


def test_the_log_never_outgrows_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "MOST_BYTES", 10_000)
    log = LogFile(tmp_path)
    for n in range(1000):
        log.take("worker", json.dumps({"event": f"{n:0100}"}))
    log.close()
    files = sorted(tmp_path.iterdir())
    assert [f.name for f in files] == ["room.log", "room.log.1", "room.log.2", "room.log.3"]
    assert all(f.stat().st_size < 11_000 for f in files)
    assert f"{999:0100}" in "".join(f.read_text() for f in files)


def test_lines_are_whole_however_they_arrive() -> None:
    read, write = os.pipe()
    come: list[str] = []
    lines = _Lines(read, come.append)
    for piece in (b"one\ntw", b"o\n", b"\xff bad\nlast"):
        os.write(write, piece)
        lines.read()
    os.close(write)
    lines.read()
    assert come == ["one", "two", "\ufffd bad", "last"]
    assert not lines.open


def test_what_a_failed_role_died_of_is_said_once() -> None:
    last = "ValueError: no number"
    event = {
        "event": "the role failed",
        "why": last,
        "exception": f"Traceback …\n{last}",
        "level": "critical",
    }
    assert _plain(event) == f"the role failed why={last}"
    assert _plain({"event": "lost", "exception": f"Traceback …\n{last}"}) == f"lost: {last}"
