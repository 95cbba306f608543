"""Collect every text that people see from the code, and keep the catalogs in step with it.

    python -m data.i18n_extract            bring all catalogs up to date
    python -m data.i18n_extract zh         the same, and start a catalog for a new language

New texts come in untranslated, those that left the code are dropped; translations stay.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from data.i18n import LOCALES, REGIONS, CatalogError, read_catalog

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("app.py", "callbacks", "data", "feeds", "layouts")
# What marks a text: tr("…") and N_("…"); tr.plural("one", "many", n) with both forms.
MARKS = ("tr", "N_")
# One form for all numbers in the languages of the archipelago and in Chinese.
PLURALS = dict.fromkeys(("id", "jv", "zh"), "nplurals=1; plural=0;")


def template(root: Path = ROOT) -> Catalog:
    """A catalog of all texts in the code, untranslated, each with the files it stands in."""
    catalog = Catalog(project="Situation Room", charset="utf-8")
    for path in _sources(root):
        name = path.relative_to(root).as_posix()
        for text in texts(path.read_text(encoding="utf-8"), name):
            # Files without line numbers: a catalog changes when words do, not when code moves.
            catalog.add(text, locations=[(name, 0)])
    return catalog


def texts(source: str, name: str = "<source>") -> Iterator[str | tuple[str, str]]:
    """The marked texts of one module in the order they stand in; plurals as (one, many).

    Read from the syntax tree, because Babel's own reader does not look into f-strings.
    """
    calls = [n for n in ast.walk(ast.parse(source, name)) if isinstance(n, ast.Call)]
    for call in sorted(calls, key=lambda c: (c.lineno, c.col_offset)):
        what = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        words = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if what in MARKS and words:
            yield words[0]
        elif what == "plural" and len(words) >= 2:
            yield words[0], words[1]


def update(lang: str, root: Path = ROOT, folder: Path = LOCALES) -> Path:
    """Bring one language's catalog up to date and return its file; made if it is not there."""
    path = folder / lang / "LC_MESSAGES" / "room.po"
    try:
        was = read_catalog(lang, folder)
    except CatalogError:
        if path.exists():
            raise
        was = Catalog(locale=REGIONS.get(lang, lang), project="Situation Room")
    now = Catalog(locale=REGIONS.get(lang, lang), project="Situation Room", fuzzy=False)
    now.mime_headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Plural-Forms", PLURALS.get(lang, "nplurals=2; plural=(n != 1);")),
    ]
    for message in template(root):
        if not message.id:
            continue
        key = message.id[0] if isinstance(message.id, (list, tuple)) else message.id
        known = was.get(key)
        string = known.string if known and isinstance(known.id, type(message.id)) else None
        if not string and lang == "en":
            string = message.id
        files = sorted({name for name, _ in message.locations})
        now.add(message.id, string, locations=[(name, None) for name in files])  # type: ignore[misc]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, now, width=110, sort_by_file=True, omit_header=False)
    _strip_dates(path)
    return path


def _sources(root: Path) -> Iterator[Path]:
    for name in FOLDERS:
        path = root / name
        if path.is_file():
            yield path
        else:
            yield from sorted(p for p in path.rglob("*.py") if "__pycache__" not in p.parts)


def _strip_dates(path: Path) -> None:
    """Drop header lines that change with every run and would only make noise in git."""
    noise = (
        '"POT-Creation-Date', '"PO-Revision-Date', '"Last-Translator', '"Language-Team', '"Generated-By',
        '"Report-Msgid', "#  FIRST AUTHOR", "# FIRST AUTHOR", "# Copyright", '"Project-Id-Version',
    )  # fmt: skip
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(s for s in lines if not s.startswith(noise)), encoding="utf-8")


def main(languages: list[str]) -> None:
    """Update the catalogs that are there and those named."""
    known = {p.parent.parent.name for p in LOCALES.glob("*/LC_MESSAGES/room.po")}
    for lang in sorted(known | set(languages)):
        print(update(lang))


if __name__ == "__main__":
    main(sys.argv[1:])
