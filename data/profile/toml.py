"""Reads and checks a `city.toml`: what is sound of it, and every mistake with its line."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from data.profile.errors import Report, near
from data.profile.lines import line_of, toml_lines
from data.profile.schema import ProfileFile, vocabulary

Loc = tuple[str | int, ...]

_EXPECTED = {
    "float_type": ("is not a number", "write a number without quotes"),
    "int_type": ("is not a whole number", "write a whole number without quotes"),
    "int_from_float": ("is not a whole number", "write it without a fraction"),
    "string_type": ("is not a text", "put it in double quotes"),
    "bool_type": ("is neither true nor false", "write true or false without quotes"),
    "list_type": ("is not a list", "put the values in square brackets"),
    "dict_type": ("is not a table", "write it as a section of its own"),
    "model_type": ("is not a table", "write it as a section of its own"),
    "finite_number": ("is not a finite number", "write a number"),
    "string_too_short": ("is empty", "fill it in"),
    "too_short": ("is empty", "name at least one"),
}

_GONE = object()
# Stands in for a broken [city] so that the rest is still checked; never reaches anybody.
_NOWHERE = {
    "id": "nowhere", "name": "nowhere", "zone": "UTC", "languages": ["en"],
    "center": {"lat": 0.0, "lon": 0.0},
    "bounds": {"south": -90.0, "west": -180.0, "north": 90.0, "east": 180.0},
}  # fmt: skip


class TomlFile:
    """A `city.toml` and its line numbers, which are worked out only when something is wrong."""

    def __init__(self, path: Path, report: Report) -> None:
        self.path, self._report = path, report
        self._text = ""
        self._lines: dict[Loc, int] | None = None
        self.raw: dict[str, Any] = {}
        self.readable = self._read()

    def wrong(self, loc: Loc, reason: str, cure: str) -> None:
        """Report a mistake at this path of keys; its value is shown where it is a plain one."""
        if self._lines is None:
            self._lines = toml_lines(self._text)
        value = _at(self.raw, loc)
        plain = isinstance(value, str | int | float | bool)
        shown = json.dumps(value, ensure_ascii=False) if plain else ""
        self._report.add(self.path, line_of(loc, self._lines), _dotted(loc), reason, cure, shown)

    def at(self, loc: Loc) -> Any:
        """What stands at this path of keys, unchecked; None if nothing does."""
        return _at(self.raw, loc)

    def check(self, context: Mapping[str, Any]) -> ProfileFile | None:
        """The sound part of the file, whole if nothing was reported; None if it cannot be read."""
        if not self.readable:
            return None
        left: Any = deepcopy(self.raw)
        for word, reason, cure in vocabulary(self.raw, dict(context)):
            self.wrong(word, reason, cure)
            _remove(left, word)  # what nobody knows needs no further check
        first = True
        for _ in range(6):  # each round removes what was wrong; what a table needs takes the table along
            try:
                return ProfileFile.model_validate(left, context=dict(context))
            except ValidationError as error:
                found = error.errors()
                if first:
                    self._tell(found)
                    first = False
                for loc in sorted({_short(e["loc"]) for e in found}, key=len, reverse=True):
                    _remove(left, loc)
                left = _purged(left)
                left.setdefault("city", _NOWHERE)
        return None

    def _read(self) -> bool:
        try:
            self._text = self.path.read_text(encoding="utf-8-sig")
            self.raw = tomllib.loads(self._text)
            return True
        except OSError as error:
            self._report.add(self.path, 0, "", f"cannot be read ({error.strerror})", "check its permissions")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            self._report.add(self.path, line, "", "is not UTF-8", "save the file as UTF-8")
        except tomllib.TOMLDecodeError as error:
            said = str(error)
            place = re.search(r" ?\(at line (\d+)[^)]*\)", said)
            line = int(place[1]) if place else self._text.count("\n") + 1
            what = (self._text.splitlines() or [""])[min(line, self._text.count("\n") + 1) - 1].strip()
            reason = re.sub(r" ?\(at [^)]*\)", "", said)
            self._report.add(
                self.path, line, what[:60], f"is no TOML ({reason[:1].lower()}{reason[1:]})",
                'write key = value, texts in double quotes, sections as [name]',
            )  # fmt: skip
        return False

    def _tell(self, errors: Sequence[Any]) -> None:
        told: set[Loc] = set()
        for error in errors:
            loc = _short(error["loc"])
            if loc in told:  # one value, several alternatives of a union
                continue
            told.add(loc)
            self.wrong(loc, *_explained(error, loc))


def _explained(error: Mapping[str, Any], loc: Loc) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "profile":
        return context["reason"], context["cure"]
    if kind == "extra_forbidden":
        known = _fields(loc[:-1])
        return "is not a key that is known here", near(str(loc[-1]), known)
    if kind == "missing":
        return "is missing", f"add it to {_dotted(loc[:-1]) or 'the file'}"
    if loc[0] == "simulation":
        return "is neither a finite number nor a text", "write a number, or a text in double quotes"
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    limits = [f"{word} {context[key]:g}" for key, word in (("ge", "at least"), ("gt", "more than"),
              ("le", "at most"), ("lt", "less than")) if key in context]  # fmt: skip
    if limits:
        return f"must be {' and '.join(limits)}", "check the figure and its unit"
    if kind == "string_pattern_mismatch":
        example = _example(loc)
        return (
            "has another form",
            f'write for example "{example}"' if example else "use letters, digits, - and _",
        )
    if kind in ("string_too_long", "too_long"):
        return "is too long", f"at most {context['max_length']} are allowed"
    return error["msg"].lower(), "see the comments in data/cities/semarang/city.toml"


def _model_at(loc: Loc) -> Any:
    """The annotation that stands at this path of `ProfileFile`."""
    here: Any = ProfileFile
    for part in loc:
        if isinstance(here, type) and issubclass(here, BaseModel):
            found = here.model_fields.get(str(part))
            if found is None:
                return None
            here = found.annotation
        else:
            args = get_args(here)
            here = args[-1] if args else None
        while get_args(here) and not isinstance(here, type) and hasattr(here, "__metadata__"):
            here = get_args(here)[0]
    return here


def _fields(loc: Loc) -> list[str]:
    model = _model_at(loc)
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _example(loc: Loc) -> str:
    model = _model_at(loc[:-1])
    if isinstance(model, type) and issubclass(model, BaseModel):
        found = model.model_fields.get(str(loc[-1]))
        if found is not None and found.examples:
            return str(found.examples[0])
    return {"devices": "ambulances/AMB-07", "languages": "id"}.get(str(loc[-2]) if len(loc) > 1 else "", "")


def _short(loc: Loc) -> Loc:
    """Without pydantic's own marks for keys and alternatives of a union."""
    parts: list[str | int] = []
    for n, part in enumerate(loc):
        if n > 1 and loc[0] == "simulation":
            break
        if part != "[key]":
            parts.append(part)
    return tuple(parts)


def _at(raw: Any, loc: Loc) -> Any:
    for part in loc:
        here = isinstance(raw, dict) and part in raw
        if here or (isinstance(raw, list) and isinstance(part, int) and part < len(raw)):
            raw = raw[part]
        else:
            return None
    return raw


def _purged(raw: Any) -> Any:
    if isinstance(raw, dict):
        return {k: _purged(v) for k, v in raw.items()}
    if isinstance(raw, list):
        return [_purged(v) for v in raw if v is not _GONE]
    return raw


def _remove(raw: Any, loc: Loc) -> None:
    """Take out what was wrong; where something was missing, what it is missing from."""
    while loc:
        parent = _at(raw, loc[:-1])
        last = loc[-1]
        if isinstance(parent, dict) and last in parent:
            del parent[last]
            return
        if isinstance(parent, list) and isinstance(last, int) and last < len(parent):
            parent[last] = _GONE
            return
        loc = loc[:-1]


def _dotted(loc: Loc) -> str:
    """The path as people write it: kpi.x.target, rule[3].clear_when (counted from 1)."""
    out = ""
    for part in loc:
        if isinstance(part, int):
            out += f"[{part + 1}]"
        else:
            word = part if re.fullmatch(r"[A-Za-z0-9_.-]+", part) else json.dumps(part, ensure_ascii=False)
            out += f".{word}" if out else word
    return out
