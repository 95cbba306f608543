"""However the room ends, nothing of it stays behind."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.deploy.rooms import room, until


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_everything_in_order(tmp_path: Path, number: int) -> None:
    with room(tmp_path) as running:
        running.ready()
        assert running.answers("/healthz") == 200
        assert running.end(number) == 0, running.report()
        running.gone()
        assert "everything is stored" in running.output
        assert "Traceback" not in running.output
        assert not (running.var / "run.json").exists()
        order = [json.loads(line) for line in (running.var / "log" / "room.log").read_text().splitlines()]
        assert any(e["event"] == "worker stopped" for e in order), "the worker had no time to drain"


def test_ctrl_c_works_when_the_room_was_started_with_it_ignored(tmp_path: Path) -> None:
    with room(tmp_path, ignore_int=True) as running:
        running.ready()
        assert running.end(signal.SIGINT) == 0, running.report()
        running.gone()


def test_ctrl_c_while_it_starts_ends_everything(tmp_path: Path) -> None:
    with room(tmp_path) as running:
        running.says("Situation room of")
        running.end(signal.SIGINT)
        running.gone()
        assert "Traceback" not in running.output


def test_a_second_ctrl_c_ends_at_once_what_does_not_end_in_order(tmp_path: Path) -> None:
    with room(tmp_path) as running:
        running.ready()
        running.role("feeds").send_signal(signal.SIGSTOP)
        running.process.send_signal(signal.SIGINT)
        running.says("stopping")
        assert running.end(signal.SIGINT) == 1
        running.gone()
        assert "ended at once" in running.output


def test_a_child_that_does_not_end_is_killed_and_the_rest_ends_in_order(tmp_path: Path) -> None:
    with room(tmp_path) as running:
        running.ready()
        running.role("web").send_signal(signal.SIGSTOP)
        assert running.end(signal.SIGINT) == 1
        running.gone()
        assert "did not end within" in running.output


def test_a_supervisor_killed_on_the_spot_takes_its_children_along(tmp_path: Path) -> None:
    with room(tmp_path) as running:
        running.ready()
        running.end(signal.SIGKILL)
        running.gone()


def test_after_a_supervisor_was_killed_the_room_starts_again_on_the_same_data(tmp_path: Path) -> None:
    with room(tmp_path) as first:
        first.ready()
        first.end(signal.SIGKILL)
        with room(tmp_path) as second:  # at once: the old store may still hold its files
            second.ready()
            until(lambda: second.answers("/readyz") == 200, "it is ready", report=second.report())
            second.end()
            second.gone()
        first.gone()
