"""Languages: texts from gettext catalogs, numbers, dates and plurals by each language's own rules.

English is the source: the text in the code is the key in `locales/{lang}/LC_MESSAGES/room.po`.
A text that a catalog lacks is shown in English rather than not at all; a test keeps that from
happening in the languages that are complete.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from data.contracts import N_

LOCALES = Path(__file__).resolve().parent.parent / "locales"
SOURCE = "en"
# Which country's habits a language follows: British English has the 24 h clock and day before month.
REGIONS = {"en": "en_GB", "id": "id_ID", "zh": "zh_Hans_CN", "jv": "jv_ID"}
NBSP = "\u00a0"

# Words the browser's scripts need; the keys are theirs. `{…}` is filled in by the script.
WORDS: Mapping[str, str] = {
    "age_s": N_("{n} s"),
    "age_min": N_("{n} min"),
    "age_h": N_("{n} h"),
    "age_d": N_("{n} d"),
    "unknown": N_("unknown"),
    "stale": N_("stale"),
    "frozen": N_("Frozen at {time}, no link for {age}"),
    "unlock": N_("Back to overview"),
    "members": N_("{n} here"),
    "list_more": N_("{n} more"),
}

# Units that figures carry; written after a number in the reader's language.
UNITS = (N_("min"), N_("%"), N_("km/h"), N_("kbit/s"), N_("ms"))


class CatalogError(Exception):
    """A catalog is missing or cannot be read; the text says which file and what to do."""


class Translator:
    """One language. Calling it translates: `tr("{n} open", n=3)`."""

    def __init__(
        self,
        lang: str,
        texts: Mapping[str, str] | None = None,
        plurals: Mapping[str, Sequence[str]] | None = None,
        plural_rule: Callable[[int], int] | None = None,
    ) -> None:
        self.lang = lang
        self.locale = Locale.parse(REGIONS.get(lang, lang))
        self._texts = texts or {}
        self._plurals = plurals or {}
        self._rule = plural_rule or (lambda n: int(n != 1))

    def __call__(self, text: str, /, **values: object) -> str:
        """The text in this language, `{name}` replaced by its value. Unknown texts stay English."""
        return _fill(self._texts.get(text) or text, values)

    def plural(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The form for `n` things; `{n}` is the number written as in this language."""
        forms = self._plurals.get(one)
        index = self._rule(n)
        found = forms[index] if forms and index < len(forms) else ""
        return _fill(found or (one if n == 1 else many), {"n": self.number(n), **values})

    def number(self, value: float | None, decimals: int = 0, unit: str | None = None) -> str:
        """A number with this language's separators, "–" for None; with its translated unit if given."""
        if value is None:
            return "–"
        text = format_decimal(value, format=_pattern(decimals), locale=self.locale)
        return f"{text}{NBSP}{self(unit)}" if unit else text

    def date(self, ms: int, zone: str | tzinfo) -> str:
        """Day as a wall shows it, "Tue 24 Nov". ms: since 1970 in UTC; zone: IANA name or tzinfo."""
        return format_datetime(_moment(ms, zone), "EEE d MMM", locale=self.locale)

    def time(self, ms: int, zone: str | tzinfo, seconds: bool = False) -> str:
        """Time of day on the 24 h clock, "20:47" or, in Indonesian, "20.47"."""
        pattern = str(self.locale.time_formats["medium" if seconds else "short"].pattern)
        return format_datetime(_moment(ms, zone), pattern, locale=self.locale)

    def words(self) -> dict[str, str]:
        """The word forms that the browser's scripts fill in themselves, by key."""
        return {key: self(text) for key, text in WORDS.items()}


def translators(languages: Iterable[str], folder: Path = LOCALES) -> dict[str, Translator]:
    """A translator per language, in the order given; the first one is the default.

    Raises CatalogError for a language without a readable catalog.
    """
    return {lang: load(lang, folder) for lang in languages}


def load(lang: str, folder: Path = LOCALES) -> Translator:
    """Read one language's catalog. Raises CatalogError, naming the file."""
    catalog = read_catalog(lang, folder)
    texts, plurals = {}, {}
    for message in catalog:
        if not message.id or message.fuzzy:
            continue
        if isinstance(message.id, (list, tuple)):
            plurals[message.id[0]] = tuple(message.string or ())
        elif message.string:
            texts[message.id] = str(message.string)
    return Translator(lang, texts, plurals, gettext.c2py(catalog.plural_expr))


def read_catalog(lang: str, folder: Path = LOCALES) -> Catalog:
    """The catalog as Babel reads it. Raises CatalogError, naming the file."""
    path = folder / lang / "LC_MESSAGES" / "room.po"
    try:
        with path.open("rb") as file:
            return read_po(file, locale=REGIONS.get(lang, lang), abort_invalid=True)
    except FileNotFoundError:
        known = sorted(p.parent.parent.name for p in folder.glob("*/LC_MESSAGES/room.po"))
        raise CatalogError(
            f"{path}: there is no catalog for language {lang!r}; known are {', '.join(known) or 'none'}. "
            f"Make it with: python -m data.i18n_extract {lang}"
        ) from None
    except Exception as error:
        raise CatalogError(f"{path}: cannot be read as a gettext catalog: {error}") from error


def _fill(text: str, values: Mapping[str, object]) -> str:
    if not values:
        return text
    try:
        return text.format_map(values)
    except (KeyError, ValueError, IndexError):  # a broken translation must not blank a wall
        return text


def _moment(ms: int, zone: str | tzinfo) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(
        ZoneInfo(zone) if isinstance(zone, str) else zone
    )


@lru_cache(maxsize=16)
def _pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals > 0 else "")
