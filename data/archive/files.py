"""Event files on disk: their folders, columns, and writing one so that it is whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

DAY_MS = 86_400_000
FORMAT_VERSION = 1
COLUMNS = ("event_time", "received_time", "id", "kind", "slot", "source", "flags", "value")
_TIMES = ("event_time", "received_time")
_WORDS = ("id", "kind", "slot", "source", "flags")


@dataclass(frozen=True)
class ArchivedEvent:
    """One accepted event. Times in milliseconds since 1970 UTC; value: JSON text as it was stored."""

    feed: str
    id: str
    kind: str
    slot: str
    event_ms: int
    received_ms: int
    source: str
    flags: str
    value: str


def from_stream(row: Mapping[bytes, bytes]) -> ArchivedEvent | None:
    """A row of the change stream; None for what is no event: an object that left, a thinned
    message (only a digest of it is kept), a broker's stored copy of unknown age, what nobody of us has written."""
    event = row.get(b"t")
    if not event or event == b"0":
        return None
    text = {k.decode(errors="replace"): v.decode(errors="replace") for k, v in row.items()}
    try:
        return ArchivedEvent(
            text["f"], text["i"], text["k"], text["s"], int(text["t"]), int(text["r"]), text["o"], text["g"],
            text["v"],
        )  # fmt: skip
    except (KeyError, ValueError):
        return None


def schema() -> Any:
    """The columns of every event file, a pyarrow schema."""
    import pyarrow as pa

    kinds = {name: pa.timestamp("ms", tz="UTC") for name in _TIMES}
    return pa.schema([(c, kinds.get(c, pa.string())) for c in COLUMNS])


def day_of(ms: int) -> date:
    """The UTC day of a moment: the folder of an event goes by its event time."""
    return datetime.fromtimestamp(ms / 1000, UTC).date()


def day_start_ms(day: date) -> int:
    """The first millisecond of a UTC day."""
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def days(folder: Path) -> list[date]:
    """Days for which a feed's folder holds files, ascending; other names in it are left alone."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(ValueError):
            found.append(date.fromisoformat(path.name))
    return sorted(found)


def files(folder: Path, day: date) -> list[Path]:
    """The finished files of one day, by name."""
    return sorted((folder / day.isoformat()).glob("*.parquet"))


def split(events: Iterable[ArchivedEvent]) -> dict[tuple[str, date], list[ArchivedEvent]]:
    """Events by feed and UTC day, each list in one order whatever the order of arrival was."""
    parts: dict[tuple[str, date], list[ArchivedEvent]] = {}
    for event in events:
        parts.setdefault((event.feed, day_of(event.event_ms)), []).append(event)
    for part in parts.values():
        part.sort(key=lambda e: (e.id, e.event_ms, e.slot, e.source, e.value, e.received_ms))
    return parts


def write(path: Path, events: Sequence[ArchivedEvent]) -> None:
    """Write one file: under another name first, flushed to the disk, then renamed over.

    Whoever dies in between leaves a file that nobody reads; the next attempt replaces it.
    Raises OSError (disk full, no rights).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, list[Any]] = {
        "event_time": [e.event_ms for e in events], "received_time": [e.received_ms for e in events],
        **{name: [getattr(e, name) for e in events] for name in (*_WORDS, "value")},
    }  # fmt: skip
    table = pa.table(columns, schema=schema()).replace_schema_metadata({"room": str(FORMAT_VERSION)})
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as file:
            pq.write_table(
                table, file, compression="zstd", write_page_checksum=True, use_dictionary=list(_WORDS),
                column_encoding={name: "DELTA_BINARY_PACKED" for name in _TIMES},
            )  # fmt: skip
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    flush_folders(path.parent)


def flush_folders(folder: Path) -> None:
    """Make a rename, and the folders made for it, survive a power cut."""
    for step in (folder, folder.parent, folder.parent.parent):
        handle = os.open(step, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def each_day(from_ms: int, to_ms: int) -> Iterator[date]:
    """Every UTC day that [from, to) touches."""
    day, last = day_of(from_ms), day_of(to_ms - 1)
    while day <= last:
        yield day
        day += timedelta(days=1)
