"""What a popup or panel says of one object: rows of label and text, in the reader's language."""

from __future__ import annotations

from typing import Any

from data.contracts import Feed, Thing
from data.i18n import Translator


def detail_rows(thing: Thing, feed: Feed, tr: Translator, zone: str) -> list[tuple[str, str]]:
    """The feed's declared columns with a value, then since when and which place."""
    rows = []
    for column in feed.columns:
        value = thing.fields.get(column.field)
        if value not in (None, "", {}):
            rows.append((tr(column.label), _text(value, column.unit, tr)))
    if thing.since_ms:
        rows.append((tr("Since"), tr.time(thing.since_ms, zone)))
    return rows


def state_word(thing: Thing, feed: Feed, tr: Translator) -> str:
    """The state in words; `unknown` where the feed declares no word for it."""
    return next((tr(s.label) for s in feed.states if s.code == thing.state), tr("unknown"))


def _text(value: Any, unit: str, tr: Translator) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, int | float):
        return tr.number(float(value), 0 if float(value).is_integer() else 1, unit or None)
    return tr(str(value))
