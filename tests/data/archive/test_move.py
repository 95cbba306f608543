"""Older events move to files exactly once, and leave the stream only when they are there."""

from __future__ import annotations

import dataclasses
import random

import pytest

from data.archive import files, move
from data.clock import now_ms
from feeds.worker.housekeeping import SPINE_KEEP_MS, tidy
from tests.data.archive.conftest import Kept
from tests.data.store.entries import T0, position, status
from tests.room import FEEDS

DAY = files.DAY_MS


def test_young_events_stay_where_they_are(kept: Kept) -> None:
    kept.writer.write(status("H-1", "up", 0))
    assert kept.move(later_ms=0) == 0
    assert kept.names() == []


def test_events_lie_by_feed_and_day_of_the_event(kept: Kept) -> None:
    kept.writer.write(status("H-1", "up", 0), status("H-1", "down", DAY), position("AMB-01", 0))
    assert kept.move() == 3
    days = sorted({n.rsplit("/", 1)[0] for n in kept.names()})
    first, second = files.day_of(T0), files.day_of(T0 + DAY)
    assert days == [f"ambulances/{first}", f"hotspots/{first}", f"hotspots/{second}"]


def test_a_file_says_all_that_the_stream_said(kept: Kept) -> None:
    kept.writer.write(status("H-1", "up", 7, flags=["outside"], received=T0 + 900))
    kept.move()
    (row,) = kept.rows()
    assert (row["id"], row["kind"], row["slot"], row["source"]) == ("H-1", "status", "status", "live")
    assert (row["flags"], row["value"]) == ("outside", '{"status":"up"}')
    assert round(row["event_time"].timestamp() * 1000) == T0 + 7
    assert round(row["received_time"].timestamp() * 1000) == T0 + 900


def test_events_that_come_after_a_move_go_with_the_next(kept: Kept) -> None:
    for n in range(5):
        kept.writer.write(status("H-1", f"s{n}", n))
        assert kept.move() == 1
    assert kept.move() == 0
    assert [r["value"] for r in kept.rows()] == [f'{{"status":"s{n}"}}' for n in range(5)]


def test_a_large_backlog_is_moved_segment_by_segment(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(move, "SEGMENT_EVENTS", 40)
    monkeypatch.setattr(move, "CHUNK", 20)
    for n in range(0, 110, 10):
        kept.writer.write(*(status("H-1", f"s{n + m}", n + m) for m in range(10)))
    mover, now = kept.mover(), now_ms()
    assert [mover.turn(now) for _ in range(4)] == [40, 40, 0, 0], "the rest is neither large nor old"
    assert mover.turn(now + 2 * move.SEGMENT_MS) == 30
    assert len(kept.rows()) == 110


@pytest.mark.parametrize("dies", ["before the file", "between two files", "before the cursor moves"])
def test_whoever_dies_at_work_leaves_nothing_twice_and_nothing_out(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    written = []
    real = files.write

    def write(path, events):
        if dies == "before the file" or (dies == "between two files" and written):
            raise KeyboardInterrupt
        real(path, events)
        written.append(path)

    kept.writer.write(status("H-1", "up", 0), status("H-2", "up", DAY))
    monkeypatch.setattr(move, "write", write)
    mover = kept.mover()
    if dies == "before the cursor moves":
        monkeypatch.setattr(mover, "_done", lambda **_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        mover.turn(now_ms() + 2 * move.SEGMENT_MS)
    monkeypatch.undo()
    kept.writer.write(status("H-3", "up", 0))  # comes before the next attempt, belongs to the next segment
    assert kept.move() == 2
    assert kept.move() == 1
    assert sorted(r["id"] for r in kept.rows()) == ["H-1", "H-2", "H-3"]


def test_any_number_of_deaths_ends_with_every_event_once(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    dice, real = random.Random(4), files.write
    monkeypatch.setattr(move, "SEGMENT_EVENTS", 30)
    monkeypatch.setattr(move, "CHUNK", 10)

    def write(path, events):
        if dice.random() < 0.3:
            raise KeyboardInterrupt
        real(path, events)
        if dice.random() < 0.3:
            raise KeyboardInterrupt

    monkeypatch.setattr(move, "write", write)
    sent = 0
    for _ in range(60):
        kept.writer.write(*(status("H-1", f"s{sent + m}", (sent + m) * 3_600_000) for m in range(5)))
        sent += 5
        try:
            kept.move()
        except KeyboardInterrupt:
            continue
    monkeypatch.setattr(move, "write", real)
    while kept.move():
        pass
    assert sorted(int(r["value"][12:-2]) for r in kept.rows()) == list(range(sent))


def test_two_who_write_at_once_leave_one_set_of_files(kept: Kept) -> None:
    kept.writer.write(status("H-1", "up", 0))
    slow, quick = kept.mover(), kept.mover()
    later = now_ms() + 2 * move.SEGMENT_MS
    end = slow._next_end(move.START, later)
    agreed = slow._claim(keys=[kept.writer.keys.archive], args=[move.START, end])
    kept.writer.write(status("H-2", "up", 0))
    assert quick.turn(later) == 1
    assert slow._write(move.START, agreed) == 0, "the other one has moved the cursor"
    assert [r["id"] for r in kept.rows()] == ["H-1"]


def test_what_is_in_no_file_stays_in_the_stream(kept: Kept) -> None:
    store, keys = kept.writer.store, kept.writer.keys
    kept.writer.write(status("H-1", "up", 0))
    late = now_ms() + 2 * SPINE_KEEP_MS
    tidy(store, keys, FEEDS, {}, late, hot_hours=24)
    assert store.xlen(keys.changes) == 1
    assert move.may_trim_before(store, keys, late) == b"0-0"
    kept.move()
    assert move.may_trim_before(store, keys, late) == move.cursor(store, keys) != b"0-0"
    assert move.may_trim_before(store, keys, 5) == "5", "young entries stay although a file has them"


def test_a_full_disk_moves_no_cursor_and_is_tried_again(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.writer.write(status("H-1", "up", 0))

    def full(path, events):
        raise OSError(28, "No space left on device")

    mover = kept.mover()
    monkeypatch.setattr(move, "write", full)
    assert mover.turn(now_ms() + 2 * move.SEGMENT_MS) == 0
    monkeypatch.undo()
    assert mover.turn(now_ms() + 3 * move.SEGMENT_MS) == 1
    assert len(kept.rows()) == 1


def test_an_unfinished_file_is_read_by_nobody(kept: Kept) -> None:
    kept.writer.write(status("H-1", "up", 0))
    kept.move()
    day = kept.folder / "hotspots" / files.day_of(T0).isoformat()
    (day / ".half.parquet.1.tmp").write_bytes(b"PAR1")
    assert len(files.files(kept.folder / "hotspots", files.day_of(T0))) == 1


def test_days_leave_when_their_feeds_retention_ends(kept: Kept) -> None:
    kept.writer.write(
        status("H-1", "a", 0), status("H-1", "b", DAY), position("AMB-01", 0), position("AMB-01", DAY)
    )
    kept.move()
    city = dataclasses.replace(kept.city, retention={"hotspots": 10})
    assert kept.mover(city).expire(T0 + 11 * DAY) == 1
    assert [r["value"] for r in kept.rows()] == ['{"status":"b"}']
    assert len(kept.rows("ambulances")) == 2, "730 days where the profile says nothing"
    assert kept.mover(city).expire(T0 + 733 * DAY) == 3


def test_a_forgotten_source_leaves_the_files_too(kept: Kept) -> None:
    kept.writer.write(status("H-1", "up", 0, source="simulated"), status("H-1", "down", 1))
    kept.writer.write(status("H-1", "up", DAY, source="simulated"))
    kept.move()
    assert move.forget(kept.folder, "simulated") == 2
    (row,) = kept.rows()
    assert row["source"] == "live" and round(row["event_time"].timestamp() * 1000) == T0 + 1
