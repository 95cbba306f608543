"""A history as a stream of bytes: JSON lines, CSV for spreadsheets, Parquet for analysts."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson

from data.archive.files import schema
from data.clock import rfc3339
from data.contracts import Feed

Rows = Iterable[list[dict[str, Any]]]
JSON_LINES, CSV, PARQUET = "jsonl", "csv", "parquet"
MEDIA = {
    JSON_LINES: "application/x-ndjson",
    CSV: "text/csv; charset=utf-8",
    PARQUET: "application/vnd.apache.parquet",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def choose(wanted: str | None, accept: str | None) -> str | None:
    """The format asked for by name, else by an Accept header, JSON lines if neither says any; None: unknown."""
    if wanted:
        return wanted if wanted in MEDIA else None
    for part in (accept or "").lower().split(","):
        media = part.split(";")[0].strip()
        if media in ("application/vnd.apache.parquet", "application/x-parquet"):
            return PARQUET
        if media == "text/csv":
            return CSV
        if media in ("application/x-ndjson", "application/jsonl", "application/json"):
            return JSON_LINES
    return JSON_LINES


def harmless(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: such a text gets an apostrophe; numbers stay."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def json_lines(rows: Rows) -> Iterator[bytes]:
    """One object a line; times RFC 3339 in UTC, the message's fields under `value`."""
    for batch in rows:
        yield b"".join(orjson.dumps(_plain(r), option=orjson.OPT_APPEND_NEWLINE) for r in batch)


def csv_lines(rows: Rows, feed: Feed) -> Iterator[bytes]:
    """A table with a column for each field that the feed's messages declare; UTF-8, comma, CRLF."""
    fields = message_fields(feed)
    head = ["event_time", "received_time", "id", "message", "slot", "source", "flags", *fields]
    yield table([head])
    for batch in rows:
        lines = []
        for row in batch:
            value = orjson.loads(row["value"])
            lines.append(
                [rfc3339(row["event_ms"]), rfc3339(row["received_ms"]), row["id"], row["kind"], row["slot"],
                 row["source"], row["flags"], *(value.get(f) for f in fields)]
            )  # fmt: skip
        yield table(lines)


def table(lines: Iterable[Sequence[Any]]) -> bytes:
    """CSV lines as bytes, every cell made harmless; None becomes an empty cell."""
    out = io.StringIO()
    csv.writer(out).writerows([harmless(c) for c in line] for line in lines)
    return out.getvalue().encode()


def message_fields(feed: Feed) -> list[str]:
    """The fields of a feed's messages, in the order in which they are declared."""
    return list(dict.fromkeys(f for kind in feed.messages for f in kind.model.model_fields))


def parquet(rows: Rows) -> Iterator[bytes]:
    """A Parquet file with the columns of the event files, written row group by row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = _Sink()
    kinds = schema()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), kinds, compression="zstd") as writer:
        for batch in rows:
            columns = {
                "event_time": [r["event_ms"] for r in batch], "received_time": [r["received_ms"] for r in batch],
                **{n: [r[n] for r in batch] for n in ("id", "kind", "slot", "source", "flags", "value")},
            }  # fmt: skip
            writer.write_table(pa.table(columns, schema=kinds))
            yield sink.taken()
    yield sink.taken()


class _Sink:
    """A file that only grows and whose bytes are taken away as they come."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._size += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def encoded(rows: Rows, feed: Feed, format: str) -> Iterator[bytes]:
    """Rows in one of the formats of `MEDIA`."""
    makers: dict[str, Callable[[], Iterator[bytes]]] = {
        JSON_LINES: lambda: json_lines(rows),
        CSV: lambda: csv_lines(rows, feed),
        PARQUET: lambda: parquet(rows),
    }
    return makers[format]()


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    flags = [f for f in row["flags"].split(",") if f]
    return {
        "event_time": rfc3339(row["event_ms"]), "received_time": rfc3339(row["received_ms"]),
        "id": row["id"], "message": row["kind"], "slot": row["slot"], "source": row["source"], "flags": flags,
        "value": orjson.Fragment(row["value"]),
    }  # fmt: skip
