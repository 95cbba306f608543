"""Backup and restore: all comes back, and nothing is lost by a mistake."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from data.archive.backup import backup, restore
from data.archive.move import city_folder
from data.archive.read import History
from data.clock import now_ms
from data.contracts import Member
from data.store import registry
from data.store.connect import StoreError, connect
from tests.data.archive.conftest import Kept
from tests.data.store.entries import T0, status
from tests.servers import StoreServer

Start = Callable[..., StoreServer]


@pytest.fixture
def taken(kept: Kept, tmp_path: Path) -> Path:
    """A backup of a city with a file, events that are in none, a lease and a registered object."""
    kept.writer.write(status("H-1", "up", 0))
    kept.move()
    kept.writer.write(status("H-1", "down", 1000), status("H-2", "up", 5))
    registry.register(kept.writer.store, kept.writer.keys, "hotspots", [Member("H-77", "hotspots", "New")])
    kept.writer.store.set(kept.writer.keys.lease("duties"), "x", px=60_000)
    kept.writer.store.set(f"{kept.writer.keys.tag}:samples:1", "x", px=3_600_000)
    kept.writer.store.set(kept.writer.keys.schema, 1)
    path = tmp_path / "copy.zip"
    done = backup(kept.writer.store, kept.city, kept.var, path, now_ms())
    assert (
        done.files == 1
        and done.keys == len(list(kept.writer.store.scan_iter(f"{kept.writer.keys.tag}:*"))) - 1
    )
    return path


def dumped(store, keys) -> dict[bytes, bytes]:
    return {k: store.dump(k) for k in store.scan_iter(f"{keys.tag}:*") if b":lease:" not in k}


def past(store, kept: Kept, var: Path) -> list[tuple[str, str]]:
    with History(
        store, kept.writer.keys, city_folder(var, kept.city.id), var / "s", "hotspots", T0 - 1, T0 + 9999
    ) as h:
        return [(r["id"], r["value"]) for batch in h.batches() for r in batch]


def test_all_comes_back_into_an_empty_room(kept: Kept, taken: Path, own_store: Start, tmp_path: Path) -> None:
    other, var = connect(own_store().url), tmp_path / "elsewhere"
    done = restore(other, kept.city, var, taken, now_ms(), replace=False)
    assert done.files == 1
    assert dumped(other, kept.writer.keys) == dumped(kept.writer.store, kept.writer.keys)
    assert past(other, kept, var) == past(kept.writer.store, kept, kept.var)
    assert len(past(other, kept, var)) == 3
    assert not other.exists(kept.writer.keys.lease("duties"))
    assert 0 < other.pttl(f"{kept.writer.keys.tag}:samples:1") <= 3_600_000


def test_what_is_there_is_kept_unless_asked_otherwise(
    kept: Kept, taken: Path, own_store: Start, tmp_path: Path
) -> None:
    other, var = connect(own_store().url), tmp_path / "elsewhere"
    other.set(f"{kept.writer.keys.tag}:sources", "mine")
    other.set("{somebody}:else", "1")
    with pytest.raises(StoreError, match="--replace"):
        restore(other, kept.city, var, taken, now_ms(), replace=False)
    assert (
        other.get(f"{kept.writer.keys.tag}:sources") == b"mine"
        and not city_folder(var, kept.city.id).exists()
    )
    restore(other, kept.city, var, taken, now_ms(), replace=True)
    assert dumped(other, kept.writer.keys) == dumped(kept.writer.store, kept.writer.keys)
    assert other.get("{somebody}:else") == b"1"
    with pytest.raises(StoreError, match="--replace"):
        restore(other, kept.city, var, taken, now_ms(), replace=False)


def test_files_alone_are_data_too(kept: Kept, taken: Path, own_store: Start) -> None:
    with pytest.raises(StoreError, match="--replace"):
        restore(connect(own_store().url), kept.city, kept.var, taken, now_ms(), replace=False)
    assert len(kept.names()) == 1


def test_a_running_worker_is_not_overwritten(kept: Kept, taken: Path) -> None:
    with pytest.raises(StoreError, match="stop the room"):
        restore(kept.writer.store, kept.city, kept.var, taken, now_ms(), replace=True)
    assert len(past(kept.writer.store, kept, kept.var)) == 3


def changed(path: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    made = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for inside in old.namelist():
            data = old.read(inside)
            new.writestr(inside, change(data) if inside == name else data)
    return made


def manifest(**values) -> Callable[[bytes], bytes]:
    return lambda raw: json.dumps({**json.loads(raw), **values}).encode()


def test_a_backup_that_does_not_fit_touches_nothing(
    kept: Kept, taken: Path, own_store: Start, tmp_path: Path
) -> None:
    other, var = connect(own_store().url), tmp_path / "elsewhere"
    whole = taken.read_bytes()
    half, rotten = tmp_path / "half.zip", tmp_path / "rotten.zip"
    half.write_bytes(whole[: len(whole) // 2])
    at = whole.index(b"PAR1") + 40
    rotten.write_bytes(whole[:at] + b"\xff\xff\xff" + whole[at + 3 :])
    line = json.dumps({"key": "{somebody}:else", "ttl": -1, "dump": ""}).encode() + b"\n"
    strange = tmp_path / "strange.zip"
    strange.write_bytes(whole)
    with zipfile.ZipFile(strange, "a") as file:
        file.writestr("archive/../../../evil.parquet", b"x")
    for path, says in (
        (half, "no whole backup"),
        (rotten, "damaged"),
        (strange, "strange name"),
        (lambda: changed(taken, "manifest.json", manifest(schema=2)), "newer program"),
        (lambda: changed(taken, "manifest.json", manifest(city="bogor")), "ROOM_CITY=bogor"),
        (lambda: changed(taken, "store.jsonl", lambda raw: raw + line), "somebody else"),
        (lambda: changed(taken, "store.jsonl", lambda raw: raw.replace(b'"dump": "', b'"dump": "QUJD', 1)), "server"),
    ):  # fmt: skip
        with pytest.raises(StoreError, match=says):
            restore(other, kept.city, var, path() if callable(path) else path, now_ms(), replace=True)
        assert other.dbsize() == 0
        assert not var.exists() or not list(var.rglob("*.parquet"))


def test_a_backup_that_fails_leaves_no_file(kept: Kept, tmp_path: Path) -> None:
    kept.writer.write(status("H-1", "up", 0))
    city = dataclasses.replace(kept.city, folder=tmp_path / "not there")
    with pytest.raises(FileNotFoundError):
        backup(kept.writer.store, city, kept.var, tmp_path / "copy.zip", now_ms())
    assert not list(tmp_path.glob("*copy*"))
