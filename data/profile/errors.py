"""What is wrong with a city's profile: every mistake with its file, line, field, reason and cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, order=True)
class CityError:
    """One mistake. line: 1 is the first, 0 means the whole file. value: what stood there, as written."""

    file: str
    line: int
    field: str
    reason: str
    cure: str
    value: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        what = f"{self.field} = {self.value}" if self.value else self.field
        return f"{place}  {what}".rstrip() + f"\n  {self.reason}; {self.cure}"


class CityErrors(Exception):
    """A profile cannot be used. `errors` holds every mistake of all its files, in reading order."""

    def __init__(self, errors: Iterable[CityError]) -> None:
        self.errors = tuple(sorted(errors))
        super().__init__(self.errors)

    def __str__(self) -> str:
        return "\n".join(str(e) for e in self.errors)


class Wrong(ValueError):
    """One value is wrong: why, and what to write instead."""

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason)
        self.reason, self.cure = reason, cure


@dataclass
class Report:
    """Collects mistakes while the profile's files are read."""

    errors: list[CityError] = field(default_factory=list)

    def add(self, file: Path, line: int, name: str, reason: str, cure: str, value: str = "") -> None:
        """Note one mistake; long values are cut so that a line stays readable."""
        if len(value) > 60:
            value = value[:57] + "…"
        self.errors.append(CityError(shown(file), line, name, reason, cure, value))


def shown(path: Path) -> str:
    """The path as a person in the current folder would type it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def near(word: str, known: Iterable[str], instead: str = "") -> str:
    """A cure for an unknown word: the nearest known one, else the list of them (or `instead`)."""
    words = sorted(set(known))
    lower = {w.lower(): w for w in words}
    match = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    if match:
        return f'did you mean "{lower[match[0]]}"?'
    if instead:
        return instead
    if not words:
        return "remove it; none is known here"
    listed = ", ".join(words[:12]) + (" …" if len(words) > 12 else "")
    return f"write one of: {listed}"
