"""The desk's search: units, incidents, hotspots and places by name, number, address or kind. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data.contracts import Feed, Thing
from data.i18n import Translator
from data.live.picture import Picture
from data.profile.city import City
from layouts import desk_words as words

LONGEST = 80
FEEDS = ("incidents", "ambulances", "hotspots")


def search(
    text: str,
    picture: Picture,
    *,
    city: City,
    feeds: Mapping[str, Feed],
    tr: Translator,
    limit: int = 12,
) -> list[dict[str, Any]]:
    """Hits, the best first: names that begin with the text, then those that hold all its words.

    The text is compared as it is, without any special characters; an empty one finds nothing.
    """
    asked = " ".join(text[:LONGEST].casefold().split())
    if not asked:
        return []
    parts = asked.split(" ")
    found: list[tuple[int, int, str, dict[str, Any]]] = []
    for rank, name, more, hit in _all(picture, city, feeds, tr):
        main = name.casefold()
        whole = f"{main} {more.casefold()}"
        if not all(p in whole for p in parts):
            continue
        score = 0 if main.startswith(asked) else 1 if asked in main else 2
        found.append((score, rank, main, hit))
    found.sort(key=lambda f: f[:3])
    return [hit for *_, hit in found[:limit]]


def _all(
    picture: Picture, city: City, feeds: Mapping[str, Feed], tr: Translator
) -> Iterator[tuple[int, str, str, dict[str, Any]]]:
    now = picture.now_ms
    for rank, name in enumerate(n for n in FEEDS if n in feeds):
        for thing in picture.things.get(name, {}).values():
            more = _more(thing, tr)
            hit = words.link(thing, feeds[name], tr, city, now)
            if name == "incidents":
                hit["sub"] = " · ".join(
                    x for x in (thing.id, str(thing.fields.get("address") or ""), hit["sub"]) if x
                )
            yield rank + (0 if thing.active else 5), hit["title"], f"{thing.id} {hit['sub']} {more}", hit
    for district in city.districts:
        yield 3, district.name, "", _place(tr("District"), district.name, *district.label)
        for village in district.villages:
            yield (
                4,
                village.name,
                district.name,
                _place(district.name, village.name, village.lat, village.lon),
            )
    for hospital in city.hospitals:
        yield 3, hospital.name, "", _place(tr("Hospital"), hospital.name, hospital.lat, hospital.lon)


def _more(thing: Thing, tr: Translator) -> str:
    f = thing.fields
    return " ".join(str(f.get(k) or "") for k in ("address", "category", "note", "station", "incident_id"))


def _place(kind: str, name: str, lat: float, lon: float) -> dict[str, Any]:
    return {"place": [lat, lon], "title": name, "sub": kind, "symbol": ["place", ""]}
