"""On which line of a TOML file each key stands. The standard reader does not say.

The text was read by `tomllib` before, so it is known to be well formed: this only walks it.
Called when something is wrong, never for a sound profile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r]+|\#[^\n]*)
      | (?P<newline>\n)
      | (?P<string>\"\"\"(?:\\.|[^\\])*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
      | (?P<mark>[\[\]{}=,.])
      | (?P<bare>[^\s\[\]{}=,."'\#]+)""",
    re.S | re.X,
)


def toml_lines(text: str) -> dict[Path, int]:
    """Line number (from 1) of each table, key and array element, by its path."""
    return _Walk(text).lines


def line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """Line of the path, or of the nearest thing around it (for what is missing)."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 1


class _Walk:
    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}  # arrays of tables: how many elements so far
        self._tokens: list[tuple[str, str, int]] = []
        line = 1
        for found in _TOKEN.finditer(text):
            kind = found.lastgroup or ""
            if kind != "skip":
                self._tokens.append((kind, found.group(), line))
            line += found.group().count("\n")
        self._tokens.append(("newline", "\n", line))
        self._at = 0
        self._file()

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self) -> tuple[str, str, int]:
        self._at += 1
        return self._tokens[self._at - 1]

    def _file(self) -> None:
        table: Path = ()
        while self._at < len(self._tokens):
            if self._peek() == "\n":
                self._take()
            elif self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        line = self._take()[2]
        many = self._peek() == "["
        if many:
            self._take()
        names = self._key("]")
        if many:
            self._take()
        path: Path = ()
        for n, name in enumerate(names, 1):
            path = (*path, name)
            if n == len(names) and many:
                self._arrays[path] = self._arrays.get(path, 0) + 1
            self.lines.setdefault(path, line)
            if path in self._arrays:
                path = (*path, self._arrays[path] - 1)
        self.lines.setdefault(path, line)
        return path

    def _key(self, end: str) -> list[str]:
        """The parts of a dotted key; takes the mark that ends it."""
        parts: list[str] = []
        while self._at < len(self._tokens):
            kind, text, _ = self._take()
            if text == end and kind == "mark":
                break
            if kind == "string":
                parts.append(json.loads(text) if text[0] == '"' else text[1:-1])
            elif kind == "bare":
                parts.append(text)
        return parts

    def _pair(self, table: Path) -> None:
        line = self._tokens[self._at][2]
        path = table
        for name in self._key("="):
            path = (*path, name)
            self.lines.setdefault(path, line)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._peek() == "[":
            self._take()
            count = 0
            while self._peek() not in ("]", ""):
                if self._peek() in (",", "\n"):
                    self._take()
                    continue
                self.lines[(*path, count)] = self._tokens[self._at][2]
                self._value((*path, count))
                count += 1
            self._take()
        elif self._peek() == "{":
            self._take()
            while self._peek() not in ("}", ""):
                if self._peek() in (",", "\n"):
                    self._take()
                else:
                    self._pair(path)
            self._take()
        else:
            while self._peek() not in (",", "]", "}", "\n", ""):
                self._take()
