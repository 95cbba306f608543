"""Export, backup and restore as a person types them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import app
from data.store.connect import connect
from tests.data.store.entries import Writer, status
from tests.servers import StoreServer

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """`run(store, "backup", "x.zip")`: the exit code; each store has a folder of its own."""

    def call(server: StoreServer, *words: str) -> int:
        monkeypatch.setenv("ROOM_REDIS_URL", server.url)
        monkeypatch.setenv("ROOM_MQTT_URL", "mqtt://127.0.0.1:1")
        monkeypatch.setenv("ROOM_VAR", str(tmp_path / str(server.port)))
        (tmp_path / str(server.port)).mkdir(exist_ok=True)
        return app.main(words)

    return call


@pytest.fixture
def filled(own_store: Callable[..., StoreServer]) -> StoreServer:
    server = own_store()
    writer = Writer(server.url, "semarang")
    writer.write(*(status(f"WIFI-{n}", "up", n * 1000) for n in range(3)))
    return server


def test_a_room_goes_into_a_file_and_comes_back(
    run: Run, filled: StoreServer, own_store: Callable[..., StoreServer], tmp_path: Path, capsys
) -> None:
    copy, other = tmp_path / "room.zip", own_store()
    assert run(filled, "backup", str(copy)) == 0
    assert run(other, "restore", str(copy)) == 0
    one, two = connect(filled.url), connect(other.url)
    assert {k: one.dump(k) for k in one.scan_iter()} == {k: two.dump(k) for k in two.scan_iter()}
    capsys.readouterr()
    assert run(other, "restore", str(copy)) == 2
    assert "--replace" in capsys.readouterr().err
    assert run(other, "restore", str(copy), "--replace") == 0


def test_an_export_goes_to_a_file_or_to_the_screen(
    run: Run, filled: StoreServer, tmp_path: Path, capsysbinary
) -> None:
    period = ("--from", "2026-09-20", "--to", "2026-09-23")
    out = tmp_path / "out.csv"
    assert run(filled, "export", "hotspots", *period, "--format", "csv", "--out", str(out)) == 0
    with out.open(newline="") as file:
        assert [r["id"] for r in csv.DictReader(file)] == ["WIFI-0", "WIFI-1", "WIFI-2"]
    assert run(filled, "export", "hotspots", *period) == 0
    lines = capsysbinary.readouterr().out.splitlines()
    assert [json.loads(line)["value"] for line in lines] == [{"status": "up"}] * 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("export", "taxes", "--from", "2026-01-01", "--to", "2026-01-02"), "no feed"),
        (("export", "hotspots", "--from", "soon", "--to", "2026-01-02"), "no moment"),
        (("restore", "/nowhere/room.zip"), "/nowhere/room.zip cannot be used"),
        (("backup", "/nowhere/room.zip"), "cannot be used"),
    ],
)
def test_mistakes_are_told_in_one_line(
    run: Run, filled: StoreServer, words: tuple[str, ...], says: str, capsys
) -> None:
    assert run(filled, *words) == 2
    said = capsys.readouterr().err
    assert said.startswith("room: ") and says in said and said.count("\n") == 1


def test_a_store_that_is_away_is_told(run: Run, filled: StoreServer, tmp_path: Path, capsys) -> None:
    filled.stop()
    assert run(filled, "backup", str(tmp_path / "x.zip")) == 2
    assert "does not answer" in capsys.readouterr().err
