"""Colours are the same in Python and CSS, can be read, and every drawing that CSS names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from layouts.theme import TEXT_TOKENS, THEMES, TOKENS, contrast

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def css(theme: str) -> dict[str, str]:
    text = (ASSETS / "00-tokens.css").read_text()
    block = text.split(f'[data-theme="{theme}"] {{', 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


@pytest.mark.parametrize("theme", THEMES)
def test_style_sheet_and_python_name_the_same_colours(theme: str) -> None:
    found = css(theme)
    assert {name: found[name] for name in TOKENS[theme]} == TOKENS[theme]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("token", TEXT_TOKENS)
def test_words_reach_a_contrast_of_4_5_on_a_panel(theme: str, token: str) -> None:
    assert contrast(TOKENS[theme][token], TOKENS[theme]["bg1"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_filled_labels_can_be_read(theme: str) -> None:
    found = css(theme)
    assert contrast(found["on-warm"], found["s2"]) >= 4.5
    assert contrast(found["on-warm"], found["s3"]) >= 4.5
    assert contrast(found["on-unk"], found["unk"]) >= 4.5
    assert contrast("#ffffff", found["s1"]) >= 4.1  # large bold type only


def test_there_is_no_green() -> None:
    for tokens in TOKENS.values():
        for colour in tokens.values():
            red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
            assert not (green > red + 40 and green > blue + 40)


def test_every_drawing_named_in_a_style_sheet_exists_and_each_one_is_used() -> None:
    sheets = "".join(p.read_text() for p in ASSETS.glob("*.css"))
    named = set(re.findall(r'url\("(symbols/[^"]+)"\)', sheets))
    assert named == {f"symbols/{p.name}" for p in (ASSETS / "symbols").glob("*.svg")}


def test_no_style_sheet_asks_another_host() -> None:
    for path in ASSETS.rglob("*.css"):
        assert "http" not in path.read_text() and "@import" not in path.read_text()
