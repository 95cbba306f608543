"""Every text that people see exists in every complete language, and reads right in it."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

import data.kpis
import feeds
from data.contracts import Feed, Kpi
from data.i18n import LOCALES, WORDS, CatalogError, Translator, load, read_catalog, translators
from data.i18n_extract import ROOT, template, texts, update
from data.profile import load_city

COMPLETE = ("id", "en")
SHORT = 14
MS = 1_795_528_032_000  # 2026-11-24 20:47:12 in Jakarta
ZONE = "Asia/Jakarta"


@pytest.fixture(scope="module")
def code() -> Catalog:
    return template()


@pytest.fixture(scope="module")
def catalogs() -> dict[str, Catalog]:
    return {lang: read_catalog(lang) for lang in COMPLETE}


def key(message_id: object) -> str:
    return str(message_id[0] if isinstance(message_id, (list, tuple)) else message_id)


def keys(catalog: Catalog) -> set[str]:
    return {key(m.id) for m in catalog if m.id}


def forms(text: object) -> list[str]:
    return [str(t) for t in text] if isinstance(text, (list, tuple)) else [str(text or "")]


def declared_feeds() -> Iterator[Feed]:
    for module in pkgutil.iter_modules(feeds.__path__):
        if not module.ispkg:
            yield importlib.import_module(f"feeds.{module.name}").FEED


def declared_kpis() -> Iterator[Kpi]:
    for module in pkgutil.iter_modules(data.kpis.__path__):
        yield from getattr(importlib.import_module(f"data.kpis.{module.name}"), "KPIS", ())


@pytest.mark.parametrize("lang", COMPLETE)
def test_every_text_in_the_code_is_translated(lang: str, code: Catalog, catalogs: dict[str, Catalog]) -> None:
    catalog = catalogs[lang]
    missing = [t for t in sorted(keys(code)) if not catalog.get(t) or not all(forms(catalog.get(t).string))]
    assert not missing, f"translate in locales/{lang}, after python -m data.i18n_extract: {missing}"


@pytest.mark.parametrize("lang", COMPLETE)
def test_no_catalog_keeps_a_text_that_left_the_code(
    lang: str, code: Catalog, catalogs: dict[str, Catalog]
) -> None:
    unused = sorted(keys(catalogs[lang]) - keys(code))
    assert not unused, f"drop them with python -m data.i18n_extract: {unused}"


@pytest.mark.parametrize("lang", COMPLETE)
def test_translations_fill_in_the_same_values(lang: str, catalogs: dict[str, Catalog]) -> None:
    wrong = []
    for message in catalogs[lang]:
        if message.id:
            wanted = set(re.findall(r"{\w+}", " ".join(forms(message.id))))
            wrong += [t for t in forms(message.string) if set(re.findall(r"{\w+}", t)) != wanted]
    assert not wrong


@pytest.mark.parametrize("lang", COMPLETE)
def test_a_catalog_has_as_many_plural_forms_as_its_language(lang: str, catalogs: dict[str, Catalog]) -> None:
    plurals = [m for m in catalogs[lang] if isinstance(m.id, (list, tuple))]
    assert plurals
    assert {len(forms(m.string)) for m in plurals} == {catalogs[lang].num_plurals}


@pytest.mark.parametrize("lang", COMPLETE)
def test_short_forms_on_the_wall_have_at_most_14_letters(lang: str) -> None:
    tr = load(lang)
    shorts = [k.short for k in declared_kpis()]
    for feed in declared_feeds():
        shorts += [feed.short, *(s.short for s in feed.states)]
    assert shorts
    assert [t for t in map(tr, shorts) if len(t) > SHORT] == []


def test_everything_that_is_translated_by_name_is_marked_for_the_catalogs(code: Catalog) -> None:
    city = load_city("semarang", [ROOT / "data" / "cities"])
    used = {s.title for s in city.scenes.values()}
    for feed in declared_feeds():
        used |= {feed.noun, feed.title, feed.short}
        used |= {s.label for s in feed.states} | {s.short for s in feed.states}
        used |= {c.label for c in feed.columns} | {c.unit for c in feed.columns if c.unit}
    for kpi in declared_kpis():
        used |= {kpi.label, kpi.short, kpi.formula, *([kpi.unit] if kpi.unit else [])}
    assert used - keys(code) == set()


@pytest.mark.parametrize("lang", COMPLETE)
def test_catalogs_are_in_step_with_the_code(lang: str, tmp_path: Path) -> None:
    shutil.copytree(LOCALES, tmp_path / "locales")
    path = update(lang, folder=tmp_path / "locales")
    same = path.read_text() == (LOCALES / lang / "LC_MESSAGES" / "room.po").read_text()
    assert same, "run python -m data.i18n_extract"


def test_texts_are_found_wherever_they_stand() -> None:
    source = """
title = N_("A" " and B")
text = f"{x} · {tr('since {time}', time=now)}"
count = self.tr.plural("{n} unit", "{n} units", n)
other = tr(variable), print("not this")
"""
    assert list(texts(source)) == ["A and B", "since {time}", ("{n} unit", "{n} units")]


def test_a_new_language_starts_with_every_text_and_shows_english_until_it_is_translated(
    tmp_path: Path, code: Catalog
) -> None:
    update("jv", folder=tmp_path)
    assert keys(read_catalog("jv", tmp_path)) == keys(code)
    tr = load("jv", tmp_path)
    assert tr("Needs attention") == "Needs attention"
    assert tr.plural("{n} object unknown", "{n} objects unknown", 3) == "3 objects unknown"


def test_indonesian_reads_like_a_control_room() -> None:
    tr = load("id")
    assert [tr(t) for t in ("Needs attention", "available", "en route", "transporting", "at hospital")] == [
        "Perlu tindakan", "siap", "menuju", "antar pasien", "di RS",
    ]  # fmt: skip
    assert tr("{n} open", n=7) == "7 terbuka"


def test_numbers_dates_and_times_follow_the_language() -> None:
    indonesian, english = (load(lang) for lang in COMPLETE)
    assert indonesian.number(12336) == "12.336"
    assert english.number(12336) == "12,336"
    assert indonesian.number(9.36, 1, "min") == "9,4\u00a0mnt"
    assert english.number(9.36, 1, "min") == "9.4\u00a0min"
    assert indonesian.time(MS, ZONE) == "20.47"
    assert english.time(MS, ZONE, seconds=True) == "20:47:12"
    assert indonesian.date(MS, ZONE) == "Sel 24 Nov"
    assert english.date(MS, ZONE) == "Tue 24 Nov"


def test_a_missing_number_is_a_dash_and_never_a_zero() -> None:
    assert load("id").number(None) == "–"
    assert load("en").number(0) == "0"


def test_plurals_follow_the_language() -> None:
    indonesian, english = (load(lang) for lang in COMPLETE)
    assert english.plural("{n} object unknown", "{n} objects unknown", 1) == "1 object unknown"
    assert english.plural("{n} object unknown", "{n} objects unknown", 4000) == "4,000 objects unknown"
    assert indonesian.plural("{n} object unknown", "{n} objects unknown", 4000) == "4.000 objek tak diketahui"


def test_what_no_catalog_knows_is_shown_as_it_is() -> None:
    assert load("id")("Kucing di pohon {") == "Kucing di pohon {"


def test_a_translation_with_a_wrong_placeholder_never_breaks_a_screen() -> None:
    tr = Translator("id", {"{n} open": "{m} terbuka"})
    assert tr("{n} open", n=3) == "{m} terbuka"


def test_a_value_that_looks_like_a_placeholder_stays_text() -> None:
    assert load("en")("{feed}: no data", feed="{0.__class__}") == "{0.__class__}: no data"


def test_a_language_without_a_catalog_is_refused_with_the_cure() -> None:
    with pytest.raises(CatalogError, match=r"fr.*no catalog.*known are en, id.*i18n_extract fr"):
        load("fr")


def test_a_broken_catalog_is_refused_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "id" / "LC_MESSAGES" / "room.po"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'msgid "a"\nmsgstr "\xff"\n')
    with pytest.raises(CatalogError, match=r"room\.po: cannot be read"):
        load("id", tmp_path)


def test_the_first_language_given_is_the_default() -> None:
    assert list(translators(("id", "en"))) == ["id", "en"]


def test_scripts_get_all_their_words_in_the_readers_language() -> None:
    words = load("id").words()
    assert set(words) == set(WORDS)
    assert words["age_min"] == "{n} mnt"
    assert "{time}" in words["frozen"] and "{age}" in words["frozen"]
