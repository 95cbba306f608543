"""Loads a city from its folder: `city.toml` and CSV files beside it. Every mistake of all files at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from data.contracts import Member, Target
from data.profile.city import (
    City,
    DeviceTarget,
    Format,
    Limits,
    Scene,
    Screen,
    Sea,
    TileServer,
)
from data.profile.errors import CityError, CityErrors, Report, near, shown
from data.profile.files import FILES, Files
from data.profile.schema import ProfileFile
from data.profile.toml import TomlFile


def load_city(
    city_id: str,
    folders: Sequence[Path],
    *,
    known_feeds: Collection[str] | None = None,
    known_kpis: Collection[str] | None = None,
    known_formats: Collection[str] | None = None,
    known_kinds: Mapping[str, Collection[str]] | None = None,
) -> City:
    """The city of this id from the first of the folders that has it.

    known_*: words that the running program knows; a word of the profile that is none of them is
    an error with the nearest one as cure. known_kinds: per feed the kinds its objects may have.
    Raises CityErrors with every mistake of all files.
    """
    folder = _find(city_id, folders)
    report = Report()
    file = TomlFile(folder / "city.toml", report)
    context = {"feeds": known_feeds, "kpis": known_kpis, "formats": known_formats}
    profile = file.check({k: v for k, v in context.items() if v is not None})
    if profile and isinstance(file.raw.get("city"), dict) and file.raw["city"].get("id") != city_id:
        file.wrong(("city", "id"), f'differs from the folder\'s name "{city_id}"', "make the two equal")
    bounds = profile.city.bounds if profile else None
    tables = Files(folder, bounds, report)
    registry = tables.registry(profile.registry if profile else {}, known_kinds or {}, file)
    if profile:
        _check_devices(profile, registry, file)
    _misnamed(folder, profile, report)
    if report.errors or profile is None:
        raise CityErrors(report.errors)
    return _city(folder, profile, tables, registry)


def _find(city_id: str, folders: Sequence[Path]) -> Path:
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", city_id):
        for folder in folders:
            if (folder / city_id / "city.toml").is_file():
                return folder / city_id
    there = [p.parent.name for folder in folders if folder.is_dir() for p in folder.glob("*/city.toml")]
    where = ", ".join(shown(f) for f in folders) or "no folder"
    error = CityError(where, 0, "ROOM_CITY", "has no city of this name", near(city_id, there), f'"{city_id}"')
    raise CityErrors([error])


def _check_devices(
    profile: ProfileFile, registry: Mapping[str, Mapping[str, Member]], file: TomlFile
) -> None:
    """Each device stands for a registered object; looked up in the raw file, whatever else is wrong there."""
    formats = file.at(("formats",))
    for name in formats if isinstance(formats, dict) else ():
        devices = file.at(("formats", name, "devices"))
        for sender, target in devices.items() if isinstance(devices, dict) else ():
            if not isinstance(target, str) or "/" not in target:
                continue  # reported by the schema
            feed, _, object_id = target.partition("/")
            loc = ("formats", name, "devices", sender)
            if feed not in profile.registry:
                file.wrong(loc, f'"{feed}" has no objects under [registry]', near(feed, profile.registry))
            elif feed in registry and object_id not in registry[feed]:
                cure = near(object_id, registry[feed])
                file.wrong(loc, f'"{object_id}" is not in {profile.registry[feed]}', cure)


def _misnamed(folder: Path, profile: ProfileFile | None, report: Report) -> None:
    """A file that nobody reads because of a slip in its name must not be passed over in silence."""
    named = set(profile.registry.values()) if profile else set()
    # What [registry] misspells was reported there, with this file as the cure.
    meant = {n for n in named if not (folder / n).is_file()}
    missing = [f for f in FILES if not (folder / f).is_file()]
    for path in sorted(folder.glob("*.csv")):
        if path.name in FILES or path.name in named or get_close_matches(path.name, meant):
            continue
        cure = near(path.name, missing, "-") if missing else "-"
        if cure != "-":
            report.add(path, 0, "file name", "is read by nobody", cure)


def _city(
    folder: Path, profile: ProfileFile, tables: Files, registry: Mapping[str, Mapping[str, Member]]
) -> City:
    c, b = profile.city, profile.city.bounds
    formats: dict[str, Any] = {
        name: Format(tuple(f.topics), {s: DeviceTarget(*t.split("/", 1)) for s, t in f.devices.items()})
        for name, f in profile.formats.items()
    }
    return City(
        id=c.id, name=c.name, region=c.region,
        center=(c.center.lat, c.center.lon), bounds=(b.south, b.west, b.north, b.east),
        zone=c.zone, languages=tuple(c.languages), population=c.population, area_km2=c.area_km2,
        seas=tuple(Sea(s.lat, s.lon, s.names) for s in profile.sea),
        districts=tables.districts, stations=tables.stations, hospitals=tables.hospitals,
        registry=registry, limits=Limits(**profile.limits.model_dump()), formats=formats,
        retention=dict(profile.retention),
        kpis={
            i: Target(k.target, k.watch, k.bad, k.critical, k.source) for i, k in profile.kpi.items()
        },
        feeds=tuple(profile.feeds.enabled),
        screens={s.name: Screen(s.name, s.width_m, s.distance_m) for s in profile.screen},
        scenes={s.name: Scene(s.name, s.title, tuple(s.tiles)) for s in profile.scene},
        tiles=TileServer(**profile.tiles.model_dump()), simulation=dict(profile.simulation),
        outline=tables.outline, neighbours=tables.neighbours, roads=tables.roads, rivers=tables.rivers,
        places=tables.places, folder=folder,
    )  # fmt: skip
