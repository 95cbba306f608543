"""What the layout tests share: the shipped city, both languages, an invented evening."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.i18n import Translator, translators
from data.live.picture import Picture
from data.profile import City, load_city
from layouts.live_wall import wall_leaves
from layouts.scale import Shape, shape
from tests.layouts import invented

CITIES = Path(__file__).resolve().parents[2] / "data" / "cities"


@pytest.fixture(scope="session")
def city() -> City:
    return load_city("semarang", [CITIES])


@pytest.fixture(scope="session")
def languages() -> dict[str, Translator]:
    return translators(("id", "en"))


@pytest.fixture
def given(city: City, languages: dict[str, Translator]) -> Callable[..., dict[str, Any]]:
    """Arguments that `wall` and `wall_leaves` share."""

    def make(lang: str = "en", size: Shape | None = None) -> dict[str, Any]:
        return dict(
            city=city, scene=city.scenes["overview"], feeds=invented.FEEDS, kpis=invented.KPIS,
            tr=languages[lang], shape=size or shape(),
        )  # fmt: skip

    return make


@pytest.fixture
def shown(city: City, given: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, dict[str, Any]]]:
    """The leaves of a picture, the invented evening if none is given."""

    def make(picture: Picture | None = None, lang: str = "en", size: Shape | None = None) -> Any:
        return wall_leaves(picture or invented.picture(city), **given(lang, size))

    return make
