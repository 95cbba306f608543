"""What a person can put right is said in one line with its cure; the exit code is 2; no traceback."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import ports, store
from deploy.local.cure import Cure
from deploy.local.lifeline import Lifeline
from tests.deploy.rooms import PROJECT, command, environment, free_port, room
from tests.servers import StoreServer


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("variable", ["ROOM_HTTP_PORT", "ROOM_MQTT_PORT", "ROOM_REDIS_PORT"])
def test_a_taken_port_that_was_asked_for_is_never_changed(tmp_path: Path, variable: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = one_line(command(env=environment(tmp_path, **{variable: str(port)})))
    assert f"{variable}={port}" in said and "unset" in said


def test_the_same_port_twice_is_refused(tmp_path: Path) -> None:
    port = str(free_port())
    said = one_line(command(env=environment(tmp_path, ROOM_HTTP_PORT=port, ROOM_MQTT_PORT=port)))
    assert "given twice" in said


def test_an_unset_port_is_the_default_or_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        default = taken.getsockname()[1]
        first = ports.choose("127.0.0.1", None, default, "ROOM_X", given := set())
        second = ports.choose("127.0.0.1", None, default, "ROOM_X", given)
    assert default < first < second
    with pytest.raises(Cure, match=f"ROOM_X={first}"):
        ports.choose("127.0.0.1", first, default, "ROOM_X", given)


def test_a_port_taken_on_all_addresses_counts_as_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        assert ports.trouble("127.0.0.1", taken.getsockname()[1]) == "in use"


def test_a_room_locks_its_folder(tmp_path: Path) -> None:
    with room(tmp_path) as running:
        running.ready()
        said = one_line(command(env=environment(running.var)))
        assert f"kill {running.process.pid}" in said
        running.end()
        running.gone()


def test_a_file_instead_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    assert "is not a folder" in one_line(command(env=environment(tmp_path / "var")))
    assert "no folder" in one_line(command(env=environment(tmp_path / "var" / "below")))


def test_a_folder_that_cannot_be_written_is_named() -> None:
    assert "cannot write in /proc/" in one_line(command(env=environment(Path("/proc/room"))))


def test_an_unreadable_append_only_file_is_named_and_can_be_repaired(tmp_path: Path) -> None:
    import redis

    with room(tmp_path) as running:
        running.ready()
        client = redis.Redis(port=running.redis)
        client.set("{probe}:early", "1")
        for n in range(50):
            client.set(f"{{probe}}:{n}", "x" * 100)
        running.end()
        running.gone()
    log = next((running.var / "store" / "appendonlydir").glob("*.incr.aof"))
    content = bytearray(log.read_bytes())
    at = content.index(b"{probe}:25")
    content[at - 30 : at] = b"\0" * 30
    log.write_bytes(content)
    broken = command(env=environment(running.var))
    assert broken.returncode == 2
    assert "Traceback" not in broken.stdout + broken.stderr
    assert "app.py store --repair" in broken.stderr and "append only file" in broken.stderr
    repaired = command("store", "--repair", env=environment(running.var))
    assert repaired.returncode == 0, repaired.stderr
    assert list((running.var / "store").glob("appendonlydir.*")), "no copy was kept"
    with room(tmp_path) as again:
        again.ready()
        assert redis.Redis(port=again.redis).get("{probe}:early") == b"1"
        again.end()
        again.gone()


def test_a_missing_package_is_named_with_the_way_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'paho':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    said = one_line(command(env=environment(tmp_path / "var", PYTHONPATH=str(tmp_path))))
    assert '"paho" is missing' in said and "requirements.txt" in said


def test_an_address_that_others_reach_needs_consent(tmp_path: Path) -> None:
    said = one_line(command(env=environment(tmp_path, ROOM_HTTP_HOST="0.0.0.0")))
    assert "ROOM_OPEN=yes" in said


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    said = one_line(command(env=environment(tmp_path, ROOM_HTTP_PORT="web", ROOM_SIMULATE="maybe")))
    assert "ROOM_HTTP_PORT='web'" in said and "ROOM_SIMULATE='maybe'" in said


@pytest.mark.parametrize("variable", ["ROOM_MQTT_URL", "ROOM_REDIS_URL"])
def test_an_address_without_its_scheme_is_refused_without_its_password(tmp_path: Path, variable: str) -> None:
    said = one_line(command(env=environment(tmp_path, **{variable: "room:s3cret@localhost:1"})))
    assert f"{variable}='room:***@localhost:1': begin with " in said and "s3cret" not in said


def test_an_unknown_city_is_named_with_those_there_are(tmp_path: Path) -> None:
    done = command(env=environment(tmp_path, ROOM_CITY="atlantis"))
    assert done.returncode == 2
    assert "semarang" in done.stderr and "Traceback" not in done.stderr + done.stdout


def test_an_old_python_is_refused_in_one_line() -> None:
    source = (PROJECT / "app.py").read_text()
    ast.parse(source, feature_version=(3, 7))  # an old Python must be able to read as far as the check
    pretend = (
        "import runpy, sys; sys.version_info = (3, 9, 2); sys.argv = ['app.py'];"
        f"runpy.run_path({str(PROJECT / 'app.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, timeout=30)
    assert done.stderr.count("\n") == 1 and "3.11 or newer" in done.stderr
    assert done.returncode == 2


def test_a_role_without_its_servers_says_what_to_start(tmp_path: Path) -> None:
    assert "app.py store" in one_line(command("web", env=environment(tmp_path)))
    assert "ROOM_REDIS_URL" in one_line(command("feeds", env=environment(tmp_path)))


def test_another_rooms_store_is_never_taken_for_ours(tmp_path: Path, one_store: StoreServer) -> None:
    code = "import time; time.sleep(0.5)"
    with subprocess.Popen([sys.executable, "-c", code]) as ours, pytest.raises((Cure, RuntimeError)):
        store._until_ready(ours, one_store.port, tmp_path / "log", 0, Lifeline("store"))
