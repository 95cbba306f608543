"""Readers of recordings, one a kind: OwnTracks recorder files, JSON lines, CSV traces."""

from __future__ import annotations

import base64
import binascii
import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from data.contracts import Member
from feeds.replay.records import Record, ReplayError, moment_ms

TRACE = ("vehicle_id", "timestamp", "latitude", "longitude")
Registry = Mapping[str, Mapping[str, Member]]


def read(file: Path, *, city: str, registry: Registry, topic: str = "") -> list[Record]:
    """All records of a file, in order of arrival.

    topic: where messages go whose recording does not say. registry: finds the feed of a trace's
    vehicles. Raises ReplayError with file and line.
    """
    if topic:
        _check_topic(topic, "--topic")
    readers: dict[str, Callable[[], Iterator[Record]]] = {
        ".rec": lambda: recorder(file, topic or topic_of(file)),
        ".jsonl": lambda: json_lines(file, topic or topic_of(file)),
        ".csv": lambda: trace(file, city, registry),
    }
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise ReplayError(
            f'{file}: a recording\'s name ends with {", ".join(readers)}, not "{file.suffix}"; rename it'
        )
    try:
        records = list(reader())
    except OSError as error:
        raise ReplayError(f"{file}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ReplayError(f"{file}: is not UTF-8; convert it first, for example with iconv") from None
    if not records:
        raise ReplayError(f"{file}: holds no message")
    return records


def topic_of(file: Path) -> str:
    """The device's topic for a file that names none.

    The OwnTracks recorder keeps `rec/{user}/{device}/{year}-{month}.rec`; for any other file it is
    owntracks/replay/{name of the file}, which a profile can register.
    """
    if re.fullmatch(r"\d{4}-\d{2}", file.stem) and file.parent.parent.parent.name == "rec":
        return f"owntracks/{file.parent.parent.name}/{file.parent.name}"
    return f"owntracks/replay/{re.sub(r'[^A-Za-z0-9._-]', '_', file.stem)}"


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    with file.open(encoding="utf-8-sig", newline="\n") as lines:
        for n, line in enumerate(lines, 1):
            if line.strip():
                yield f"{file}:{n}", line.rstrip("\r\n")


def recorder(file: Path, topic: str) -> Iterator[Record]:
    """OwnTracks recorder: time of arrival, kind and the payload as it came, parted by tabs."""
    for where, line in _lines(file):
        parts = line.split("\t", 2)
        if len(parts) != 3:
            raise ReplayError(
                f"{where}: expected time, kind and payload parted by tabs; is the file complete?"
            )
        yield Record(topic, parts[2].encode(), moment_ms(parts[0].strip(), where))


def json_lines(file: Path, topic: str) -> Iterator[Record]:
    """Our own form `{"topic", "payload" | "payload_base64", "time"?, "retain"?}`, or bare payloads as `{"text"}`.

    payload: text, or a JSON value that is written as JSON. Bare payloads have no time of arrival.
    """
    for where, line in _lines(file):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ReplayError(f"{where}: is no JSON: {error.msg}; is the file complete?") from None
        if isinstance(row, dict) and isinstance(row.get("topic"), str):
            yield _own(row, where)
        elif isinstance(row, dict) and isinstance(row.get("text"), str):
            yield Record(topic, row["text"].encode())
        else:
            raise ReplayError(f'{where}: is neither {{"topic": …, "payload": …}} nor {{"text": …}}')


def _check_topic(topic: str, where: str) -> None:
    if not topic or any(c in topic for c in "+#\0") or len(topic.encode()) > 65_535:
        raise ReplayError(f'{where}: "{topic[:80]}" is no topic to publish on')


def _own(row: dict[str, Any], where: str) -> Record:
    topic = row["topic"]
    _check_topic(topic, where)
    if "payload_base64" in row:
        try:
            payload = base64.b64decode(row["payload_base64"], validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise ReplayError(f"{where}: payload_base64 is no base64") from None
    elif "payload" in row:
        said = row["payload"]
        payload = said.encode() if isinstance(said, str) else orjson.dumps(said)
    else:
        raise ReplayError(f"{where}: has neither payload nor payload_base64")
    time = row.get("time")
    return Record(
        topic, payload, None if time is None else moment_ms(time, where), retain=row.get("retain") is True
    )


def trace(file: Path, city: str, registry: Registry) -> Iterator[Record]:
    """A CSV of vehicle positions, sent as native positions of the objects registered under the vehicles' ids.

    Native, because no device's own words were recorded. Traces lie trip by trip; they are sent by time.
    Columns: vehicle_id, timestamp (UTC unless it says otherwise), latitude, longitude; bearing and
    trip_id where there are any.
    """
    rows: list[tuple[int, Record]] = []
    with file.open(encoding="utf-8-sig", newline="") as lines:
        table = csv.DictReader(lines)
        lacking = [c for c in TRACE if c not in (table.fieldnames or ())]
        if lacking:
            raise ReplayError(
                f"{file}:1: lacks the column {', '.join(lacking)}; a trace has {', '.join(TRACE)}"
            )
        for row in table:
            rows.append(_fix(row, f"{file}:{table.line_num}", city, registry))
    rows.sort(key=lambda r: r[0])
    yield from (record for _, record in rows)


def _fix(row: dict[str, str | None], where: str, city: str, registry: Registry) -> tuple[int, Record]:
    vehicle, time = row["vehicle_id"] or "", row["timestamp"] or ""
    feed = next((f for f, members in registry.items() if vehicle in members), None)
    if feed is None:
        raise ReplayError(
            f'{where}: vehicle "{vehicle[:64]}" is registered in no feed of "{city}"; add it to the CSV file '
            "that [registry] names in the city's profile"
        )
    at_ms = moment_ms(time, where)
    payload: dict[str, Any] = {
        "time": time if _has_zone(time) else f"{time.replace(' ', 'T')}Z",
        "lat": _number(row, "latitude", where),
        "lon": _number(row, "longitude", where),
    }
    if row.get("bearing"):
        payload["heading_deg"] = _number(row, "bearing", where)
    if row.get("trip_id"):
        payload["trip_id"] = row["trip_id"]
    return at_ms, Record(f"city/{city}/{feed}/{vehicle}/position", orjson.dumps(payload), at_ms)


def _number(row: Mapping[str, str | None], column: str, where: str) -> float:
    try:
        found = float(row[column] or "")
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ReplayError(f'{where}: {column} "{row[column] or ""}" is no number')
    return found


def _has_zone(time: str) -> bool:
    return re.search(r"(Z|[+-]\d\d:?\d\d)$", time) is not None
