"""The docs name everything that exists: settings, keys, metrics, reasons."""

from __future__ import annotations

import re

import pytest

from data.settings import PROJECT, Settings
from data.store.keys import Keys

DOCS = {p.stem: p.read_text() for p in (PROJECT / "docs").glob("*.md")}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert f"`ROOM_{name.upper()}`" in DOCS["configuration"]


def test_no_setting_is_documented_that_does_not_exist() -> None:
    told = set(re.findall(r"^\| `ROOM_(\w+)`", DOCS["configuration"], re.MULTILINE))
    assert told == {n.upper() for n in Settings.model_fields}


def test_the_data_model_lists_exactly_the_keys_that_are_made() -> None:
    keys = Keys("city")
    made = set()
    for name in dir(Keys):
        if name.startswith("_") or name in ("city", "tag"):
            continue
        value = getattr(keys, name)
        if callable(value):
            count = value.__code__.co_argcount - 1
            names = value.__code__.co_varnames[1 : count + 1]
            value = value(*(f"{{{n}}}" for n in names))
        made.add(value)
    told = set(re.findall(r"^\| `(\{city\}:[^`]+)`", DOCS["data-model"], re.MULTILINE))

    def plain(names: set[str]) -> set[str]:
        return {re.sub(r"\{(feed|id|name|hour_ms)\}", "*", n) for n in names}

    assert plain(made) == plain(told)


def test_every_reason_for_refusing_is_documented() -> None:
    used: set[str] = set()
    for path in (PROJECT / "feeds").rglob("*.py"):
        used |= set(re.findall(r'BadMessage\(\s*"(\w+)"', path.read_text()))
    told = set(re.findall(r"`(\w+)`", DOCS["operations"].split("## Reasons")[1].split("## From")[0]))
    assert {u for u in used if u not in told} == set()


def test_every_metric_is_documented() -> None:
    text = (PROJECT / "callbacks" / "api" / "probes.py").read_text()
    for metric in set(re.findall(r'"(room_\w+)"', text)):
        assert f"`{metric}" in DOCS["operations"], metric
