"""Reads a profile's CSV files: named columns, typed cells, every mistake with its line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from data.profile.errors import Report, Wrong, near

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Col:
    """A column. parse: text to value or `Wrong`. default: taken for an empty cell or a missing column."""

    name: str
    parse: Callable[[str], Any]
    required: bool = True
    default: Any = None


@dataclass(frozen=True)
class Row:
    """One row: its line, its values by column, and the cells of columns nobody asked for."""

    line: int
    values: Mapping[str, Any]
    extra: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def text(value: str) -> str:
    """A short text without control characters."""
    if len(value) > 120:
        raise Wrong(f"is {len(value)} characters long", "write at most 120")
    if not value.isprintable():
        raise Wrong("holds a control character", "type it again without copying from another program")
    return value


def code(value: str) -> str:
    """An id: it appears in topics, keys and addresses."""
    if not _CODE.fullmatch(value):
        raise Wrong("is no id", "use letters, digits, '.', '_' and '-', at most 64, for example AMB-07")
    return value


def number(low: float, high: float) -> Callable[[str], float]:
    """A parser for a number between low and high."""

    def parse(value: str) -> float:
        try:
            read = float(value)
        except ValueError:
            if re.fullmatch(r"[-+]?\d+,\d+", value):
                raise Wrong("has a decimal comma", f"write {value.replace(',', '.')}") from None
            raise Wrong("is not a number", "write digits with a decimal point, for example 4.5") from None
        if not isfinite(read) or not low <= read <= high:
            raise Wrong(f"lies outside {low:g} to {high:g}", "check the figure and its unit")
        return read

    return parse


def degrees(name: str, limit: float) -> Callable[[str], float]:
    """A parser for a latitude or longitude."""
    plain = number(-limit, limit)

    def parse(value: str) -> float:
        try:
            return plain(value)
        except Wrong as wrong:
            if wrong.reason.startswith("lies outside"):
                raise Wrong(
                    wrong.reason, f"check whether lat and lon are exchanged; {name} comes here"
                ) from None
            raise

    return parse


def choice(*words: str) -> Callable[[str], str]:
    """A parser for one of a few words."""

    def parse(value: str) -> str:
        if value not in words:
            raise Wrong("is not a word that is known here", near(value, words))
        return value

    return parse


def yes(value: str) -> bool:
    """A parser for yes or no."""
    return choice("yes", "no")(value) == "yes"


LAT = Col("lat", degrees("the latitude", 90))
LON = Col("lon", degrees("the longitude", 180))


def read_table(path: Path, cols: Sequence[Col], report: Report, open_ended: bool = False) -> list[Row]:
    """All sound rows of the file; a file that is not there has none.

    Lines that begin with '#' are remarks. open_ended: further columns go to `Row.extra`;
    otherwise they are mistakes. Rows with a mistake are left out and reported.
    """
    lines = _lines(path, report)
    if lines is None:
        return []
    reader = csv.reader(("" if ln.startswith("#") else ln for ln in lines), strict=True)
    rows = _cells(reader, path, report)
    head = next(rows, None)
    if head is None:
        report.add(path, 0, "", "is empty", "begin with a line " + ",".join(c.name for c in cols))
        return []
    names = [h.strip() for h in head[1]]
    if not _sound_header(path, head[0], names, cols, report, open_ended):
        return []
    at = {name: n for n, name in enumerate(names)}
    known = {c.name for c in cols}
    result = []
    for line, cells in rows:
        if len(cells) != len(names):
            report.add(
                path, line, "row", f"has {len(cells)} cells, the first line has {len(names)}",
                "put texts that contain a comma in double quotes and use a decimal point", ",".join(cells),
            )  # fmt: skip
            continue
        values: dict[str, Any] = {}
        sound = True
        for col in cols:
            cell = cells[at[col.name]].strip() if col.name in at else ""
            try:
                values[col.name] = col.parse(cell) if cell else _empty(col)
            except Wrong as wrong:
                sound = False
                report.add(path, line, col.name, wrong.reason, wrong.cure, f'"{cell}"' if cell else "")
        extra = {n: cells[i].strip() for n, i in at.items() if n not in known and cells[i].strip()}
        if sound:
            result.append(Row(line, values, extra))
    return result


def unique(rows: Sequence[Row], name: str, path: Path, report: Report) -> list[Row]:
    """The rows without repetitions of the column; each repetition is reported with the first's line."""
    first: dict[str, int] = {}
    kept = []
    for row in rows:
        value = row[name]
        if value in first:
            report.add(
                path, row.line, name, f"stands on line {first[value]} already",
                "give each its own id or remove one", f'"{value}"',
            )  # fmt: skip
        else:
            first[value] = row.line
            kept.append(row)
    return kept


def _empty(col: Col) -> Any:
    if col.required:
        raise Wrong("is empty", "fill it in")
    return col.default


def _lines(path: Path, report: Report) -> list[str] | None:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        report.add(path, 0, "", f"cannot be read ({error.strerror})", "check the file's permissions")
        return None
    try:
        return list(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        report.add(path, line, "", "is not UTF-8", "save the file as CSV UTF-8")
        return None


def _cells(reader: Any, path: Path, report: Report) -> Iterator[tuple[int, list[str]]]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            report.add(path, reader.line_num, "row", "has a quote that is not closed", "close or remove it")
            return
        if any(c.strip() for c in cells):
            yield reader.line_num, cells


def _sound_header(
    path: Path, line: int, names: list[str], cols: Sequence[Col], report: Report, open_ended: bool
) -> bool:
    known = [c.name for c in cols]
    if len(names) == 1 and len(known) > 1 and re.search(r"[;\t]", names[0]):
        report.add(path, line, "columns", "are not separated by commas", "save the file as CSV with commas")
        return False
    sound = True
    for n, name in enumerate(names):
        if name in names[:n]:
            report.add(path, line, "columns", "has a column twice", "remove one of them", f'"{name}"')
            sound = False
        elif name not in known:
            cure = near(name, set(known) - set(names), "-" if open_ended else "")
            if cure != "-":
                report.add(path, line, "columns", "has a column that is not known here", cure, f'"{name}"')
    for col in cols:
        if col.required and col.name not in names:
            report.add(path, line, "columns", f'lacks the column "{col.name}"', "add it to the first line")
            sound = False
    return sound
