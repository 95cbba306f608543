"""A child that dies is started again, and what was stored is still there."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import redis

from deploy.local.child import Plan
from deploy.local.cure import Cure
from deploy.local.supervisor import Asked, Supervisor
from tests.deploy.rooms import alive, environment, free_port, room, until


@pytest.mark.parametrize("role", ["feeds", "web"])
def test_a_killed_child_is_started_again(tmp_path: Path, role: str) -> None:
    name = {"feeds": "worker", "web": "web"}[role]
    with room(tmp_path) as running:
        running.ready()
        old = running.role(role)
        old.send_signal(signal.SIGKILL)
        running.says("was killed (signal 9)")
        running.says("ready again")
        assert running.role(role).pid != old.pid
        assert f"{name:<10} was killed" in running.output
        until(lambda: running.answers("/readyz") == 200, "the room is ready again", report=running.report())
        running.end()
        running.gone()


def test_what_the_store_has_answered_survives_its_death(tmp_path: Path) -> None:
    with room(tmp_path) as running:
        running.ready()
        client = redis.Redis(port=running.redis, socket_timeout=5)
        client.set("{probe}:kept", "yes")
        running.server().send_signal(signal.SIGKILL)
        running.says("ready again")
        assert client.get("{probe}:kept") == b"yes"
        until(lambda: running.answers("/readyz") == 200, "the room is ready again", report=running.report())
        running.end()
        running.gone()


def test_a_killed_store_role_leaves_no_server_in_its_successors_way(tmp_path: Path) -> None:
    with room(tmp_path) as running:
        running.ready()
        client = redis.Redis(port=running.redis, socket_timeout=5)
        client.set("{probe}:kept", "yes")
        server = running.server()
        running.role("store").send_signal(signal.SIGKILL)
        running.says("ready again")
        assert not alive(server)
        assert client.get("{probe}:kept") == b"yes"
        running.end()
        running.gone()


def test_a_killed_broker_comes_back_and_the_worker_subscribes_again(tmp_path: Path) -> None:
    with room(tmp_path) as running:
        running.ready()
        running.role("broker").send_signal(signal.SIGKILL)
        running.says("ready again")
        log = running.var / "log" / "room.log"
        until(
            lambda: log.read_text().count('"subscribed"') >= 2,
            "the worker subscribes again", report=running.report(),
        )  # fmt: skip
        running.end()
        running.gone()


def test_a_role_that_keeps_dying_while_the_room_starts_stops_it_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data.settings import Settings

    env = environment(tmp_path / "var", ROOM_HTTP_PORT=str(free_port()))
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with Asked() as asked, pytest.raises(Cure, match=r"5 times while the room starts: .*invalid choice"):
            Supervisor(Settings(), [Plan("web", ["no-such-role"], dict(os.environ))], asked).run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
