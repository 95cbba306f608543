"""Events of a period from files and from the change stream, as if they had never been apart.

The part of the stream that no file holds yet is put into temporary files of the same form, so
that one query reads both. Days are read one after the other: memory is bounded by a limit of
the query engine, which uses the disk beyond it, however long the period is.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from data.archive import files
from data.archive.move import CHUNK, cursor, stream
from data.store.connect import Store
from data.store.keys import Keys

log = structlog.get_logger("archive")
MEMORY = "256MB"
BATCH = 5_000
SPILL_EVENTS = 50_000
CHECKED_MOST = 50_000

# Two rows are the same event if object, slot, time, source and value agree: what was moved twice
# (a store that lost its cursor) or redelivered days later is given once, as it first came.
_QUERY = """
SELECT epoch_ms(event_time) AS event_ms, epoch_ms(min(received_time)) AS received_ms, id,
       min(kind) AS kind, slot, source, arg_min(flags, received_time) AS flags, value
FROM read_parquet(?)
WHERE event_time >= make_timestamptz(CAST(? AS BIGINT)) AND event_time < make_timestamptz(CAST(? AS BIGINT))
GROUP BY event_time, id, slot, source, value
ORDER BY event_time, id, slot, source, value
"""


class History:
    """One reading of one feed over [from, to); close it (or use it in `with`) to remove what it spilled."""

    def __init__(
        self, store: Store, keys: Keys, folder: Path, scratch: Path, feed: str, from_ms: int, to_ms: int
    ) -> None:
        """folder: the city's, see `move.city_folder`; scratch: where temporary files may lie."""
        self._folder = folder / feed
        self._feed, self._from, self._to = feed, from_ms, to_ms
        scratch.mkdir(parents=True, exist_ok=True)
        self._temporary = tempfile.TemporaryDirectory(prefix="history-", dir=scratch)
        self._hot = Path(self._temporary.name)
        self.damaged: list[str] = []
        try:
            # the stream first, the files after it: what moves meanwhile is in both, never in none
            self._spill(store, keys)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary files."""
        self._temporary.cleanup()

    def _spill(self, store: Store, keys: Keys) -> None:
        rows = stream(store, keys, cursor(store, keys))
        found = (e for _, row in rows if (e := files.from_stream(row)))
        wanted = (e for e in found if e.feed == self._feed and self._from <= e.event_ms < self._to)
        for number in itertools.count():
            chunk = list(itertools.islice(wanted, SPILL_EVENTS))
            if not chunk:
                return
            for (_, day), events in files.split(chunk).items():
                files.write(self._hot / day.isoformat() / f"{number}.parquet", events)

    def batches(self) -> Iterator[list[dict[str, Any]]]:
        """Rows by event time, a few thousand at once: `event_ms`, `received_ms`, `id`, `kind`, `slot`,
        `source`, `flags` and `value` (JSON text).

        A damaged file is left out, logged and named in `damaged`; all others are read.
        """
        first, last = files.day_of(self._from), files.day_of(self._to - 1)
        for day in sorted({*files.days(self._folder), *files.days(self._hot)}):
            if first <= day <= last:
                yield from self._day(day)

    def _day(self, day: date) -> Iterator[list[dict[str, Any]]]:
        cold = [p for p in files.files(self._folder, day) if self._sound(p)]
        paths = [str(p) for p in (*cold, *files.files(self._hot, day))]
        if not paths:
            return
        with engine(self._hot) as query:
            found = query.sql(_QUERY, params=[paths, self._from * 1000, self._to * 1000])
            for batch in found.to_arrow_reader(BATCH):
                yield batch.to_pylist()

    def _sound(self, path: Path) -> bool:
        try:
            check(path)
        except FileNotFoundError:
            return False  # its retention has just ended
        except (OSError, ValueError) as error:
            name = str(path.relative_to(self._folder.parent))
            log.error(
                "a file of older events is damaged and left out",
                file=name, why=str(error).splitlines()[0], cure="put back the copy of your backup",
            )  # fmt: skip
            self.damaged.append(name)
            return False
        return True


_checked: dict[tuple[str, int, int], None] = {}


def check(path: Path) -> None:
    """Read a whole file against its checksums, once a process; the query engine does not look at them.

    Raises OSError or ValueError where something is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = path.stat()
    mark = (str(path), about.st_mtime_ns, about.st_size)
    if mark in _checked:
        return
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if not set(files.COLUMNS) <= set(file.schema_arrow.names):
                raise ValueError("columns are missing")
            for _ in file.iter_batches(CHUNK):
                pass
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error
    if len(_checked) >= CHECKED_MOST:
        _checked.clear()
    _checked[mark] = None


@contextmanager
def engine(scratch: Path) -> Iterator[Any]:
    """A query engine of bounded memory that loads nothing from anywhere."""
    import duckdb

    config: dict[str, Any] = {
        "memory_limit": MEMORY, "threads": 1, "temp_directory": str(scratch / "engine"),
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    }  # fmt: skip
    query = duckdb.connect(":memory:", config=config)
    try:
        yield query
    finally:
        query.close()
