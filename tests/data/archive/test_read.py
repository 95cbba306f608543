"""The past reads as one, wherever its events lie."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import orjson
import pytest

from data.archive import files, move, read
from data.archive.read import History
from tests.data.archive.conftest import Kept
from tests.data.store.entries import T0, position, status

DAY = files.DAY_MS
Past = Callable[..., list[tuple[str, int, str]]]


@pytest.fixture
def past(kept: Kept, tmp_path) -> Past:
    def get(from_ms=T0 - DAY, to_ms=T0 + 10 * DAY, feed="hotspots"):
        scratch = tmp_path / "scratch"
        with History(
            kept.writer.store, kept.writer.keys, kept.folder, scratch, feed, from_ms, to_ms
        ) as found:
            rows = [r for batch in found.batches() for r in batch]
            get.damaged = found.damaged
        assert list(scratch.iterdir()) == [], "nothing temporary stays"
        return [
            (r["id"], r["event_ms"] - T0, str(next(iter(orjson.loads(r["value"]).values())))) for r in rows
        ]

    return get


def test_files_and_stream_read_as_one_in_order_of_event_time(kept: Kept, past: Past) -> None:
    kept.writer.write(status("H-1", "b", 2 * DAY), status("H-1", "d", 4 * DAY))
    kept.move()
    kept.writer.write(status("H-2", "a", DAY), status("H-1", "c", 3 * DAY), position("AMB-01", 0))
    assert past() == [
        ("H-2", DAY, "a"),
        ("H-1", 2 * DAY, "b"),
        ("H-1", 3 * DAY, "c"),
        ("H-1", 4 * DAY, "d"),
    ]
    kept.move()
    assert [e[2] for e in past()] == ["a", "b", "c", "d"]


def test_the_period_begins_with_its_first_moment_and_ends_before_its_last(kept: Kept, past: Past) -> None:
    kept.writer.write(*(status("H-1", str(n), n) for n in range(5)))
    assert [e[2] for e in past(T0 + 1, T0 + 3)] == ["1", "2"]
    kept.move()
    assert [e[2] for e in past(T0 + 1, T0 + 3)] == ["1", "2"]
    assert past(T0 + 10, T0 + 20) == past(T0 - 5 * DAY, T0 - 4 * DAY) == []


def test_what_was_moved_twice_is_given_once(kept: Kept, past: Past) -> None:
    kept.writer.write(status("H-1", "a", 0), status("H-1", "b", 1))
    kept.move()
    kept.writer.store.delete(kept.writer.keys.archive)  # a store that came back without its cursor
    kept.writer.write(status("H-1", "c", 2))
    assert kept.move() == 3
    assert len(kept.rows()) == 5
    assert [e[2] for e in past()] == ["a", "b", "c"]


def test_a_damaged_file_is_left_out_and_all_others_are_read(kept: Kept, past: Past) -> None:
    kept.writer.write(status("H-1", "a", 0))
    kept.move()
    kept.writer.write(status("H-1", "b", 1))
    kept.move()
    first, _ = files.files(kept.folder / "hotspots", files.day_of(T0))
    whole = first.read_bytes()
    for damage in (b"", b"not parquet at all", whole[: len(whole) // 2], b"\0" * len(whole), b"PAR1PAR1"):
        first.write_bytes(damage)
        assert [e[2] for e in past()] == ["b"], damage[:20]
        assert past.damaged == [f"hotspots/{files.day_of(T0)}/{first.name}"]


def test_damage_in_the_middle_of_a_file_is_found_too(kept: Kept, past: Past) -> None:
    kept.writer.write(*(status("H-1", f"{n * 7919:x}", n) for n in range(2000)))
    kept.move()
    kept.writer.write(status("H-2", "b", 1))
    kept.move()
    first, _ = files.files(kept.folder / "hotspots", files.day_of(T0))
    raw = bytearray(first.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 400] = b"\xff" * 400
    first.write_bytes(raw)
    assert ("H-2", 1, "b") in past()
    assert past.damaged


def test_foreign_names_in_the_folder_disturb_nobody(kept: Kept, past: Past) -> None:
    kept.writer.write(status("H-1", "a", 0))
    kept.move()
    (kept.folder / "hotspots" / "lost+found").mkdir()
    (kept.folder / "README").write_text("hello")
    assert [e[2] for e in past()] == ["a"]


def test_a_feed_without_files_has_no_past(past: Past) -> None:
    assert past(feed="incidents") == []


def test_many_events_of_the_stream_are_read_in_pieces(
    kept: Kept, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "SPILL_EVENTS", 7)
    monkeypatch.setattr(move, "CHUNK", 5)
    kept.writer.write(*(status("H-1", str(n), n) for n in range(50)))
    assert [e[2] for e in past()] == [str(n) for n in range(50)]


def test_what_moves_while_it_is_read_is_given_once(kept: Kept, tmp_path) -> None:
    kept.writer.write(*(status("H-1", str(n), n * DAY) for n in range(3)))
    with History(
        kept.writer.store, kept.writer.keys, kept.folder, tmp_path / "s", "hotspots", T0, T0 + 9 * DAY
    ) as found:
        kept.move()
        assert sum(map(len, found.batches())) == 3


def test_retention_of_another_feed_is_not_ours(kept: Kept, past: Past) -> None:
    kept.writer.write(status("H-1", "a", 0))
    kept.move()
    city = dataclasses.replace(kept.city, retention={"ambulances": 1})
    kept.mover(city).expire(T0 + 5 * DAY)
    assert [e[2] for e in past()] == ["a"]
