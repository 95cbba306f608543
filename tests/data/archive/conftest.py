"""A city with events in a real store, and a mover that writes them to a folder of the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data.archive import move
from data.archive.move import Mover
from data.clock import now_ms
from data.profile import City
from tests.data.store.entries import Writer
from tests.servers import StoreServer


class Kept:
    """The city's files, and moves on request."""

    def __init__(self, writer: Writer, city: City, var: Path) -> None:
        self.writer = writer
        self.city = city
        self.var = var
        self.folder = move.city_folder(var, city.id)

    def mover(self, city: City | None = None) -> Mover:
        return Mover(self.writer.store, self.writer.keys, city or self.city, self.var)

    def move(self, later_ms: int = 2 * move.SEGMENT_MS) -> int:
        """One turn, by a mover without a memory, on a clock that runs ahead."""
        return self.mover().turn(now_ms() + later_ms)

    def rows(self, feed: str = "hotspots") -> list[dict[str, Any]]:
        paths = sorted((self.folder / feed).glob("*/*.parquet"))
        return [row for p in paths for row in pq.read_table(p, partitioning=None).to_pylist()]

    def names(self) -> list[str]:
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.glob("**/*") if p.is_file())


@pytest.fixture
def kept(one_store: StoreServer, city: City, tmp_path: Path) -> Kept:
    return Kept(Writer(one_store.url, city.id), city, tmp_path)
