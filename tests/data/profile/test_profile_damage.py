"""Whatever happens to a profile's files: it loads, or every mistake is told; nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.profile import CityErrors, load_city
from data.settings import PROJECT

SOUND = PROJECT / "data" / "cities" / "semarang"
FILES = sorted(p.name for p in SOUND.iterdir() if p.is_file())
JUNK = [
    "1",
    "-7.5",
    '"x"',
    '""',
    "[]",
    "{}",
    "true",
    "nan",
    '["a", 1]',
    "{ a = 1 }",
    "1979-05-27",
    "[[1], []]",
]
LINES = (SOUND / "city.toml").read_text(encoding="utf-8").splitlines()
PAIRS = [n for n, line in enumerate(LINES) if " = " in line and not line.startswith("#")]
HEADS = [n for n, line in enumerate(LINES) if line.startswith("[")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cities")
    shutil.copytree(SOUND, home / "semarang")
    return home


def attempt(folder: Path, name: str, text: str) -> None:
    file = folder / "semarang" / name
    whole = file.read_bytes()
    try:
        file.write_text(text, encoding="utf-8", errors="replace", newline="")
        load_city("semarang", [folder], known_feeds={"ambulances", "incidents", "hotspots"})
    except CityErrors as errors:
        assert errors.errors
        assert all(e.file and e.line >= 0 and e.reason and e.cure for e in errors.errors)
    finally:
        file.write_bytes(whole)


@given(st.sampled_from(PAIRS), st.sampled_from(JUNK))
def test_any_value_may_be_of_any_type(folder, line, junk):
    lines = list(LINES)
    lines[line] = f"{lines[line].split(' = ')[0]} = {junk}"
    attempt(folder, "city.toml", "\n".join(lines))


@given(
    st.sampled_from(HEADS),
    st.sampled_from([*JUNK, "[formats]\nx = 1", "formats = 1", "registry = []", "kpi = 3"]),
)
def test_any_section_may_be_something_else(folder, line, junk):
    lines = list(LINES)
    lines[line] = junk if "=" in junk else f"{lines[line].strip('[]').split(']')[0]} = {junk}"
    attempt(folder, "city.toml", "\n".join(lines))


@pytest.mark.parametrize("section", ["formats", "registry", "kpi", "scene", "limits", "city", "sea"])
@pytest.mark.parametrize("junk", JUNK)
def test_a_whole_section_may_be_any_value(folder, section, junk):
    kept = "\n".join(LINES[LINES.index("[city]") : LINES.index("[feeds]")]) if section != "city" else ""
    kept = kept if section != "sea" else kept.split("[[sea]]")[0]
    attempt(folder, "city.toml", f"{section} = {junk}\n{kept}")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 10_000), st.integers(0, 40), st.text(max_size=6))
def test_any_stretch_of_any_file_may_be_overwritten(folder, name, at, length, junk):
    text = (SOUND / name).read_text(encoding="utf-8")
    at %= len(text)
    attempt(folder, name, text[:at] + junk + text[at + length :])
