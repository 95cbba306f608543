"""Roles one by one, and real servers instead of the embedded ones."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import redis

from tests.deploy.rooms import PROJECT, environment, free_port, room, until


@contextlib.contextmanager
def role(folder: Path, word: str, env: dict[str, str]) -> Iterator[Callable[[str], bool]]:
    """A role started by hand; yields whether it has printed a text. It ends in order on TERM."""
    out = folder / f"{word}.txt"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, str(PROJECT / "app.py"), word],
            env=env, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
        )  # fmt: skip
    try:
        yield lambda text: text in out.read_text()
        process.terminate()
        assert process.wait(20) == 0, out.read_text()
        assert "Traceback" not in out.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_roles_in_different_terminals_find_each_other(tmp_path: Path) -> None:
    var = tmp_path / "var"
    http = free_port()
    ports = {
        "ROOM_REDIS_PORT": str(free_port()),
        "ROOM_MQTT_PORT": str(free_port()),
        "ROOM_HTTP_PORT": str(http),
    }
    env = environment(var, **ports)
    bare = environment(var)  # these learn the ports from var/run.json

    def ready() -> bool:
        with contextlib.suppress(OSError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{http}/readyz", timeout=5).status == 200)
        return False

    with contextlib.ExitStack() as stack:
        for word in ("store", "broker"):
            said = stack.enter_context(role(tmp_path, word, env))
            until(lambda said=said, word=word: said(f"{word} ready"), f"{word} is ready")  # type: ignore[misc]
        said = stack.enter_context(role(tmp_path, "feeds", bare))
        until(lambda: said("feeds ready"), "the worker is ready")
        stack.enter_context(role(tmp_path, "web", {**bare, "ROOM_HTTP_PORT": str(http)}))
        until(ready, "the pages are ready")
        parts = json.loads((var / "run.json").read_text())["parts"]
        assert set(parts) == {"store", "broker", "web"}
    assert not (var / "run.json").exists()


def test_real_servers_take_the_place_of_the_embedded_ones(
    tmp_path: Path, own_store: Callable[..., Any], shared: Any
) -> None:
    store, broker = own_store("redis-server"), shared.broker("mosquitto")
    with room(tmp_path, ROOM_REDIS_URL=store.url, ROOM_MQTT_URL=broker.url, ROOM_SIMULATE="auto") as running:
        running.ready()
        until(lambda: running.answers("/readyz") == 200, "the room is ready", report=running.report())
        words = {p.cmdline()[2] for p in running.children() if "app.py" in " ".join(p.cmdline())}
        assert words == {"feeds", "web"}, "no embedded server, and nobody simulates on real ones"
        assert running.end() == 0
        running.gone()
    assert store.client().ping(), "a server that is not ours was stopped"


def test_pages_come_up_and_say_so_when_the_broker_is_away(tmp_path: Path) -> None:
    with room(tmp_path, ROOM_MQTT_URL=f"mqtt://127.0.0.1:{free_port()}") as running:
        running.ready()
        assert running.answers("/wall") == 200
        running.end()
        running.gone()


def test_a_simulation_never_publishes_before_the_worker_listens(tmp_path: Path) -> None:
    with room(tmp_path, ROOM_SIMULATE="on") as running:
        running.ready()
        running.says("the city lives")
        at = [running.output.index(f"\n  {name:<10} ready") for name in ("worker", "simulator")]
        assert at == sorted(at)
        keys = redis.Redis(port=running.redis).dbsize()
        assert keys > 400
        running.end()
        running.gone()
