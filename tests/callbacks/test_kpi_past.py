"""A figure's past through the HTTP interface: minutes, hours and days; JSON lines and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from callbacks.server import create_app, create_room
from data.clock import now_ms, rfc3339
from data.contracts import Reading
from data.profile import City
from data.rollups import calendar, store
from data.rollups.roll import roll
from data.settings import Settings
from data.store import readings
from data.store.connect import connect
from data.store.keys import Keys
from tests.room import FEEDS, KPIS
from tests.servers import StoreServer

HOUR = calendar.HOUR_MS
P90 = "ambulance.response_p90"


@pytest.fixture
def web(one_store: StoreServer, city: City, tmp_path: Path) -> Iterator[TestClient]:
    room = create_room(Settings(redis_url=one_store.url, var=tmp_path), city, FEEDS, KPIS)
    client, keys, now = connect(one_store.url), Keys(city.id), now_ms()
    start = calendar.hour_start(now - 30 * HOUR, city.tz)
    hours = {
        (start, ""): roll([(start, 4.0), (start + 1, 8.0), (start + 2, None)]),
        (start, "east"): roll([(start, 4.0)]),
        (start + HOUR, ""): roll([(start + HOUR, 20.0)]),
    }
    store.save(client, keys, P90, hours, city.tz, now)
    minute = now - now % 60_000
    rows = [(P90, minute - n * 60_000, Reading(float(n), 5, 6, now)) for n in range(400)]
    readings.save_minutes(client, keys, rows, now)
    yield TestClient(create_app(room), base_url="http://127.0.0.1:8050")


def get(web: TestClient, id: str = P90, **query: str):
    since = datetime.fromtimestamp(now_ms() / 1000 - 47 * 3600, UTC).isoformat()
    return web.get(f"/api/v1/kpis/{id}", params={"from": since, "to": "2099-01-01", **query})


def lines(answer) -> list[dict]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_hours_say_their_figure_and_what_it_stands_on(web: TestClient) -> None:
    first, second = lines(get(web))
    assert (first["n"], first["of"], first["low"], first["high"], first["district"]) == (2, 3, 4.0, 8.0, None)
    assert first["value"] == pytest.approx(7.6, rel=0.01), "place 0.9 between 4 and 8"
    assert second["value"] == 20.0, "never beyond the largest value"


def test_days_are_merged_hours_of_the_citys_day(web: TestClient, city: City) -> None:
    rows = lines(get(web, every="day", **{"from": "2020-01-01"}))
    assert sum(r["n"] for r in rows) == 3
    for row in rows:
        assert datetime.fromisoformat(row["at"]).astimezone(city.tz).hour == 0


def test_districts_are_asked_for(web: TestClient) -> None:
    (row,) = lines(get(web, by="district"))
    assert (row["district"], row["n"]) == ("east", 1)


def test_minutes_are_the_readings_themselves(web: TestClient) -> None:
    rows = lines(get(web, every="minute"))
    assert len(rows) == 400 and rows[-1]["value"] == 0.0
    assert (rows[0]["coverage_n"], rows[0]["coverage_of"]) == (5, 6)
    assert [r["at"] for r in rows] == sorted({r["at"] for r in rows})


def test_csv_has_one_head(web: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(get(web, every="minute", format="csv").text)))
    assert len(rows) == 400 and rows[0]["kpi"] == P90
    assert get(web, "incidents.open", format="csv").text.startswith("at,kpi,")
    assert get(web, "incidents.open").text == ""


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ({"id": "ambulance.nonsense"}, 404, "no KPI"),
        ({"every": "minute", "by": "district"}, 422, "whole city"),
        ({"every": "year"}, 422, "minute"),
        ({"by": "id; DROP"}, 422, "district"),
        ({"from": rfc3339(1) or "", "to": "2020-01-01"}, 422, "1971"),
        ({"format": "parquet"}, 422, "jsonl, csv"),
    ],
)
def test_what_cannot_be_is_told_in_words(web: TestClient, query: dict, code: int, says: str) -> None:
    answer = get(web, **query)
    assert answer.status_code == code and says in answer.text
