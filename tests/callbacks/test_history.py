"""The history of a feed through the HTTP interface, from real files and a real store."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from callbacks.server import create_app, create_room
from data.archive.move import SEGMENT_MS, Mover
from data.clock import now_ms
from data.profile import City
from data.settings import Settings
from data.store.ingest import event_entry
from tests.data.store.entries import Writer
from tests.room import FEEDS, KPIS
from tests.servers import StoreServer

HOUR = 3_600_000


class Past:
    """A web process without its follower: only what the store and the files say."""

    def __init__(self, store: StoreServer, city: City, var: Path) -> None:
        settings = Settings(redis_url=store.url, var=var)
        self.room = create_room(settings, city, FEEDS, KPIS)
        self.client = TestClient(create_app(self.room), base_url="http://127.0.0.1:8050")
        self.writer = Writer(store.url, city.id)
        self.mover = Mover(self.writer.store, self.writer.keys, city, var)
        self.begin = now_ms() - 30 * HOUR

    def event(self, hours: float, note: str) -> None:
        at = self.begin + round(hours * HOUR)
        value = {"category": "fall", "severity": 2, "lat": -7.0, "lon": 110.4, "channel": "112", "note": note}
        self.writer.write(
            event_entry("incidents", "I-1", "report", "report", event_ms=at, received_ms=at, source="live",
                        flags=["outside"], value=value)
        )  # fmt: skip

    def move(self) -> None:
        self.mover.turn(now_ms() + 2 * SEGMENT_MS)

    def get(self, feed: str = "incidents", accept: str = "", **query: str):
        asked = {"from": self.text(-1), "to": self.text(40), **query}
        return self.client.get(f"/api/v1/history/{feed}", params=asked, headers={"accept": accept or "*/*"})

    def text(self, hours: float) -> str:
        return datetime.fromtimestamp((self.begin + hours * HOUR) / 1000, UTC).isoformat()


@pytest.fixture
def past(one_store: StoreServer, city: City, tmp_path: Path) -> Iterator[Past]:
    made = Past(one_store, city, tmp_path)
    made.event(1, "old")
    made.move()
    made.event(2, "=HYPERLINK(1)")
    yield made
    made.client.close()


def test_json_lines_say_every_event_once_whether_filed_or_not(past: Past) -> None:
    answer = past.get()
    assert answer.headers["content-type"] == "application/x-ndjson"
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [r["value"]["note"] for r in rows] == ["old", "=HYPERLINK(1)"]
    assert rows[0]["id"] == "I-1" and rows[0]["message"] == "report" and rows[0]["flags"] == ["outside"]
    assert datetime.fromisoformat(rows[0]["event_time"]).timestamp() * 1000 == past.begin + HOUR


def test_csv_has_a_column_a_field_and_no_formula(past: Past) -> None:
    answer = past.get(format="csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [r["note"] for r in rows] == ["old", "'=HYPERLINK(1)"]
    assert rows[0]["lat"] == "-7.0", "a negative number is a number"
    assert answer.headers["content-disposition"].endswith('-incidents.csv"')


def test_parquet_reads_back_as_it_was_written(past: Past) -> None:
    answer = past.get(accept="application/vnd.apache.parquet")
    table = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    assert [json.loads(r["value"])["note"] for r in table] == ["old", "=HYPERLINK(1)"]


def test_an_empty_period_is_an_empty_answer_in_every_format(past: Past) -> None:
    empty = {"from": past.text(-9), "to": past.text(-8)}
    assert past.get(**empty).text == ""
    assert past.get(format="csv", **empty).text.count("\n") == 1
    assert pq.read_table(io.BytesIO(past.get(format="parquet", **empty).content)).num_rows == 0


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ({"from": "yesterday"}, 422, "from"),
        ({"from": "2031-01-01", "to": "2031-01-02"}, 422, "future"),
        ({"format": "xlsx"}, 422, "jsonl, csv, parquet"),
        ({"feed": "taxes"}, 404, "incidents"),
        ({"feed": "incidents' OR 1=1"}, 404, "no feed"),
        ({"feed": "..%2f..%2fetc"}, 404, ""),
    ],
)
def test_what_cannot_be_is_told_in_words(past: Past, query: dict[str, str], code: int, says: str) -> None:
    answer = past.get(**query)
    assert answer.status_code == code
    assert says in answer.text


def test_places_are_given_back_after_every_answer(past: Past) -> None:
    assert [past.get().status_code for _ in range(5)] == [200] * 5


def test_a_store_that_is_away_is_told(past: Past, city: City, tmp_path: Path) -> None:
    past.room.store.connection_pool.disconnect()
    past.room.store.connection_pool.connection_kwargs["port"] = 1
    answers = [past.get() for _ in range(3)]
    assert [a.status_code for a in answers] == [503] * 3
    assert "store" in answers[0].text
