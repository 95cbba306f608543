"""The lease holder's work on the past: hours by event time, and files before the stream lets go."""

from __future__ import annotations

import pytest

from data.archive import move
from data.clock import now_ms
from data.rollups import store as rolls
from data.rollups.make import FIVE_MS
from data.store.keys import Keys
from feeds.worker import duties
from feeds.worker.duties import Duties
from tests.data.store.entries import T0, Writer, status
from tests.room import FEEDS, KPIS, settings_for

UP = "hotspots.up_pct"
MINUTE = 60_000


class Past:
    def __init__(self, url, city, var) -> None:
        self.city, self.writer, self.var = city, Writer(url, city.id), var
        self.url = url

    def duties(self) -> Duties:
        return Duties(
            settings_for(self.url, "mqtt://127.0.0.1:1", self.var, self.city.id), self.city, FEEDS, KPIS
        )

    def say(self, word: str, at: int, received: int | None = None) -> None:
        self.writer.write(*(status(f"H-{n}", word, at - T0, received=received or at) for n in range(1, 10)))

    def samples(self, at: int) -> dict[int, float | None]:
        """The values of `hotspots.up_pct` of the city by minutes before `at`."""
        found = {}
        keys = Keys(self.city.id)
        for key in self.writer.store.scan_iter(f"{keys.tag}:samples:*"):
            for name, raw in self.writer.store.hgetall(key).items():
                kpi, district, moment = name.decode().split("|")
                if kpi == UP and district == "":
                    found[(at - int(moment)) // MINUTE] = None if raw == b"null" else float(raw)
        return found

    def hours(self, district: str = "") -> list[rolls.Roll]:
        found = rolls.read(
            self.writer.store, Keys(self.city.id), UP, "hour", self.city.tz, 0 + 86_400_000 * 20_000, now_ms() * 2,
            [district],
        )  # fmt: skip
        return [roll for _, _, roll in found]


@pytest.fixture
def past(one_store, city, tmp_path) -> Past:
    return Past(one_store.url, city, tmp_path)


def test_a_late_message_corrects_the_samples_and_the_hours_it_belongs_to(past: Past) -> None:
    now = now_ms() // FIVE_MS * FIVE_MS
    one = past.duties()
    past.say("up", now - 40 * MINUTE)
    one._turn(now - 30 * MINUTE)
    one._turn(now - 25 * MINUTE)
    before = past.samples(now)
    assert (before[30], before[25]) == (100.0, 100.0)
    past.say("up", now - MINUTE)
    one._turn(now)
    past.say("down", now - 27 * MINUTE, received=now + 1000)
    for wait in (2_000, 70_000, 80_000):
        one._turn(now + wait)
    told = past.samples(now)
    assert told[30] == 100.0 and told[25] == 0.0 and told[0] == 100.0
    assert sum(r.total for r in past.hours()) == pytest.approx(sum(v for v in told.values() if v is not None))
    assert [(r.n, r.total) for r in past.hours("west")] == [(r.n, r.total) for r in past.hours()]


def test_a_worker_that_was_away_leaves_no_hole_in_the_hours(past: Past) -> None:
    now = now_ms() // FIVE_MS * FIVE_MS
    past.say("up", now - 50 * MINUTE)
    past.duties()._turn(now - 45 * MINUTE)
    past.say("down", now - 22 * MINUTE)
    second = past.duties()
    for wait in (0, 5_000, 10_000):
        second._turn(now + wait)
    told = past.samples(now)
    assert [told[m] for m in (45, 20, 15, 10)] == [100.0, 0.0, 0.0, 0.0]


def test_events_are_in_a_file_before_the_stream_lets_them_go(past: Past, monkeypatch) -> None:
    now = now_ms()
    past.say("up", now)
    store, keys = past.writer.store, Keys(past.city.id)
    one = past.duties()
    later = now + 30 * 3_600_000
    one._turn(later)
    one._tidied_ms = 0
    one._turn(later + duties.TIDY_MS)
    assert move.cursor(store, keys) == store.xinfo_stream(keys.changes)["last-generated-id"]
    assert len(list(past.var.glob("archive/*/hotspots/*/*.parquet"))) == 1


def test_a_row_that_is_no_event_stops_neither_figures_nor_the_rest(past: Past) -> None:
    store, keys = past.writer.store, Keys(past.city.id)
    store.xadd(keys.changes, {"t": "soon", "f": "hotspots"})
    past.say("up", now_ms())
    one = past.duties()
    later = now_ms() + 30 * 3_600_000
    one._turn(later)
    assert store.exists(keys.kpi_latest)
    assert move.cursor(store, keys) == store.xinfo_stream(keys.changes)["last-generated-id"]
