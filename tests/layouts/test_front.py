"""Front page and unknown addresses say where to go, in the reader's language."""

from __future__ import annotations

from typing import Any

from layouts.front import index, not_found
from layouts.leaves import walk


def texts(page: Any) -> list[str]:
    return [c.children for c in walk(page) if isinstance(getattr(c, "children", None), str)]


def links(page: Any) -> list[str]:
    return [c.href for c in walk(page) if getattr(c, "href", None)]


def test_the_front_page_leads_to_every_scene_and_to_the_interface(city: Any, languages: Any) -> None:
    page = index(city=city, scenes=city.scenes.values(), tr=languages["id"])
    assert links(page) == ["/wall/overview", "/desk", "/api/docs", "/readyz"]
    assert "Semarang" in texts(page) and "Ruang situasi" in texts(page)


def test_an_unknown_address_is_named_as_text(languages: Any) -> None:
    page = not_found(tr=languages["en"], path="/<b>{tr}")
    assert "No page has the address /<b>{tr}." in texts(page)
    assert "/wall" in links(page)
