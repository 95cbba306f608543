"""A clerk's mistakes: each is told with file, line, field, reason and cure, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.profile import CityErrors, load_city
from data.settings import PROJECT

FEEDS = {"ambulances", "incidents", "hotspots"}
KPIS = {"ambulance.response_p90", "incidents.open", "hotspots.up_pct"}
SOUND = """\
[city]
id = "testopolis"
name = "Testopolis"
center = { lat = -7.0, lon = 110.0 }
bounds = { south = -7.5, west = 109.5, north = -6.5, east = 110.5 }
zone = "Asia/Jakarta"
languages = ["id"]
"""
DISTRICTS = "id,name,lat,lon\nnorth,North,-6.9,110.0\nsouth,South,-7.1,110.0\n"
VILLAGES = "id,name,district,lat,lon\nV1,One,north,-6.9,110.0\nV2,Two,south,-7.1,110.0\n"


def write(folder: Path, **files: str) -> Path:
    """A profile folder `testopolis`; city_toml="…" becomes city.toml."""
    home = folder / "testopolis"
    home.mkdir(exist_ok=True)
    for name, text in {"city_toml": SOUND, **files}.items():
        (home / ".".join(name.rsplit("_", 1))).write_text(text, encoding="utf-8")
    return folder


def mistakes(folder: Path, **known: object) -> list[tuple[str, int, str, str, str]]:
    with pytest.raises(CityErrors) as caught:
        load_city("testopolis", [folder], **{"known_feeds": FEEDS, "known_kpis": KPIS, **known})
    return [(Path(e.file).name, e.line, e.field, e.reason, e.cure) for e in caught.value.errors]


def only(folder: Path) -> tuple[str, int, str, str, str]:
    found = mistakes(folder)
    assert len(found) == 1, found
    return found[0]


def test_a_bare_profile_of_one_section_is_enough(tmp_path):
    city = load_city("testopolis", [write(tmp_path)])
    assert (city.name, city.languages, city.districts, city.limits.past_s) == (
        "Testopolis", ("id",), (), 34_560_000,
    )  # fmt: skip


def test_a_profile_may_know_no_place_limit(tmp_path):
    write(tmp_path, city_toml=SOUND + "[limits]\ndistance_km = 1_000_000\n")
    assert load_city("testopolis", [tmp_path]).limits.distance_km == 1_000_000


def test_retention_is_told_per_feed_in_days(tmp_path):
    write(tmp_path, city_toml=SOUND + "[retention]\nhotspots = 90\n")
    assert load_city("testopolis", [tmp_path], known_feeds=FEEDS).retention == {"hotspots": 90}


def test_a_retention_for_an_unknown_feed_or_of_no_days_is_a_mistake(tmp_path):
    write(tmp_path, city_toml=SOUND + "[retention]\nhotspot = 90\nincidents = 0\n")
    found = mistakes(tmp_path)
    assert [(line, field) for _, line, field, _, _ in found] == [
        (9, "retention.hotspot"), (10, "retention.incidents"),
    ]  # fmt: skip
    assert found[0][3:] == ("is no feed of this program", 'did you mean "hotspots"?')


def test_every_mistake_of_every_file_is_told_at_once(tmp_path):
    write(
        tmp_path,
        city_toml="""\
[city]
id = "testopolis"
name = "Testopolis"
center = { lat = -7.0, lon = 110.0 }
bounds = { south = -7.5, west = 109.5, north = -6.5, east = 110.5 }
zone = "Asia/Jakata"
languages = ["id"]
popluation = 5

[feeds]
enabled = [
    "ambulances",
    "hotspot",
]

[registry]
ambulances = "units.csv"
hotspots = "hotspotz.csv"

[kpi."ambulance.response_p90"]
target = "abc"
source = "health office"

[kpi."incidents.opn"]
target = 3
source = "assumed"

[kpi."hotspots.up_pct"]
target = 95
watch = 95
bad = 97
critical = 90
source = "assumed"

[limits]
future_s = -1

[formats.owntracks]
topics = ["owntracks/#/x"]

[formats.owntracks.devices]
"owntracks/a/b" = "ambulances/AMB-99"

[[screen]]
name = "wall"
width_m = 2.4
distance_m = 6.0

[[screen]]
name = "second"
width_m = 2.4

[[scene]]
name = "overview"
title = "Overview"
tiles = ["incidents.open", "hotspots.up"]
""",
        districts_csv=DISTRICTS,
        villages_csv='id,name,district,lat,lon\nV1,One,nort,-6.9,110.0\nV1,Two,south,"-7,1",110.0\n',
        stations_csv="id,name,district,lat,lon\nS1,Station,south,110.0,-7.1\nS2,Other,south,-7.1\n",
        hotspots_csv="id,name\nH-1,One\n",
        units_csv="id,name,kind,station\nAMB-01,AMB-01,car,S9\nAMB 02,AMB-02,car,\n",
    )
    found = mistakes(tmp_path)
    places = [(file, line, field) for file, line, field, *_ in found]
    assert places == [
        ("city.toml", 6, "city.zone"),
        ("city.toml", 8, "city.popluation"),
        ("city.toml", 13, "feeds.enabled[2]"),
        ("city.toml", 18, "registry.hotspots"),
        ("city.toml", 21, "kpi.ambulance.response_p90.target"),
        ("city.toml", 24, "kpi.incidents.opn"),
        ("city.toml", 28, "kpi.hotspots.up_pct"),
        ("city.toml", 36, "limits.future_s"),
        ("city.toml", 39, "formats.owntracks.topics[1]"),
        ("city.toml", 42, 'formats.owntracks.devices."owntracks/a/b"'),
        ("city.toml", 49, "screen[2].distance_m"),
        ("city.toml", 56, "scene[1].tiles[2]"),
        ("stations.csv", 2, "lat"),
        ("stations.csv", 3, "row"),
        ("units.csv", 3, "id"),
        ("villages.csv", 2, "district"),
        ("villages.csv", 3, "lat"),
    ]
    cures = {(file, line, field): cure for file, line, field, _, cure in found}
    assert cures["city.toml", 6, "city.zone"] == 'did you mean "Asia/Jakarta"?'
    assert cures["city.toml", 8, "city.popluation"] == 'did you mean "population"?'
    assert cures["villages.csv", 3, "lat"] == "write -7.1"
    assert all(reason and cure for *_, reason, cure in found)


def test_a_mistake_reads_as_place_then_reason_and_cure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, city_toml=SOUND + '[kpi."incidents.open"]\ntarget = "abc"\nsource = "x"\n')
    with pytest.raises(CityErrors) as caught:
        load_city("testopolis", [tmp_path])
    assert str(caught.value) == (
        'testopolis/city.toml:9  kpi.incidents.open.target = "abc"\n'
        "  is not a number; write a number without quotes"
    )


@pytest.mark.parametrize(
    ("toml", "line", "field", "reason", "cure"),
    [
        ("x = 1\n", 8, "city.x", "is not a key", "write one of"),
        ("[kpis]\n", 8, "kpis", "is not a key", 'did you mean "kpi"?'),
        ("[kpi.a]\ntarget = 1\n", 8, "kpi.a", "is no KPI", "write one of"),
        ('[kpi."incidents.open"]\ntarget = 1\n', 8, "kpi.incidents.open.source", "is missing", "add it"),
        ('[registry]\nhotspots = "../secret.csv"\n', 9, "registry.hotspots", "is no name of a CSV", "units.csv"),
        ('[registry]\nhotspot = "a.csv"\n', 9, "registry.hotspot", "is no feed", 'did you mean "hotspots"?'),
        ('[tiles]\nurl = "ftp://x"\n', 9, "tiles.url", "is no address", "{z}/{x}/{y}"),
        ('[tiles]\nenabled = "yes"\n', 9, "tiles.enabled", "neither true nor false", "without quotes"),
        ("[limits]\nburst = 2.5\n", 9, "limits.burst", "is not a whole number", "without"),
        ("[limits]\nhot_hours = 0\n", 9, "limits.hot_hours", "must be at least 1", "figure"),
        ("[simulation]\nspeed = nan\n", 9, "simulation.speed", "is neither a finite number", "number"),
        ('[[scene]]\nname = "a"\ntitle = "A"\ntiles = ["incidents.open", "incidents.open"]\n',
         11, "scene[1].tiles", "twice", "remove"),
        ('[[screen]]\nname = "a b"\nwidth_m = 1\ndistance_m = 1\n', 9, "screen[1].name", "form", "letters"),
        ('[formats.owntracks]\ntopics = []\n', 9, "formats.owntracks.topics", "is empty", "at least one"),
        ('[formats.o]\ntopics = ["a/+b"]\n', 9, "formats.o.topics[1]", "no MQTT topic filter", "whole level"),
    ],
)  # fmt: skip
def test_a_wrong_value_in_city_toml_is_told_on_its_line(tmp_path, toml, line, field, reason, cure):
    write(tmp_path, city_toml=SOUND + toml)
    file, at, name, why, what = only(tmp_path)
    assert (file, at, name) == ("city.toml", line, field)
    assert reason in why and cure in what


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        ("south = -7.5", "south = -6.0", "city.bounds", "is turned over"),
        ("lat = -7.0, lon = 110.0", "lat = 110.0, lon = -7.0", "city.center.lat", "must be at"),
        ("lat = -7.0, lon = 110.0", "lat = -9.0, lon = 110.0", "city", "outside its bounds"),
        ('"testopolis"', '"elsewhere"', "city.id", "differs from the folder's name"),
        ('zone = "Asia/Jakarta"\n', "", "city.zone", "is missing"),
        ('["id"]', "[]", "city.languages", "is empty"),
        ('["id"]', '["indonesian"]', "city.languages[1]", "has another form"),
    ],
)
def test_a_city_that_cannot_be_is_refused(tmp_path, old, new, field, reason):
    write(tmp_path, city_toml=SOUND.replace(old, new))
    assert any(e[2] == field and reason in e[3] for e in mistakes(tmp_path))


@pytest.mark.parametrize(
    ("text", "line"),
    [("[city\n", 1), (SOUND + "x = \n", 8), (SOUND + 'name = "again"\n', 8), (SOUND + '[[x]\n', 8)],
)  # fmt: skip
def test_what_is_no_toml_is_told_with_its_line_and_the_tables_are_still_checked(tmp_path, text, line):
    write(tmp_path, city_toml=text, districts_csv="id,name,lat\n")
    found = mistakes(tmp_path)
    assert ("city.toml", line) in [(f, n) for f, n, *_ in found]
    assert any(f == "districts.csv" and 'lacks the column "lon"' in why for f, _, _, why, _ in found)


@pytest.mark.parametrize(
    ("villages", "line", "field", "reason", "cure"),
    [
        ("id;name;district;lat;lon\n", 1, "columns", "not separated by commas", "CSV with commas"),
        ("id,name,kecamatan,lat,lon\n", 1, "columns", "", ""),
        ("", 0, "", "is empty", "begin with"),
        (VILLAGES + "V2,Three,south,-7.1,110.0\n", 4, "id", "stands on line 3 already", "own id"),
        (VILLAGES + "V3,Three,south,-9.1,110.0\n", 4, "lat, lon", "outside the city's bounds", "correct"),
        (VILLAGES + "V3,Three,west,-7.1,110.0\n", 4, "district", "no id in districts.csv", ""),
        (VILLAGES + "V3,,south,-7.1,110.0\n", 4, "name", "is empty", "fill it in"),
        (VILLAGES + 'V3,"Three,south,-7.1,110.0\n', 4, "row", "quote that is not closed", "close"),
        (VILLAGES + "V3,Three,south,nan,110.0\n", 4, "lat", "outside", "check"),
        (VILLAGES + "V3,Th\tree,south,-7,110.0\n", 4, "name", "control character", "type it again"),
    ],
)
def test_a_wrong_row_is_told_on_its_line(tmp_path, villages, line, field, reason, cure):
    write(tmp_path, districts_csv=DISTRICTS, villages_csv=villages)
    found = mistakes(tmp_path)
    assert any(
        (f, n, name) == ("villages.csv", line, field) and reason in why and cure in what
        for f, n, name, why, what in found
    ), found


def test_remarks_and_empty_lines_in_tables_keep_the_count_of_lines(tmp_path):
    write(tmp_path, districts_csv="# remark\nid,name,lat,lon\n\n# another\nnorth,North,x,110\n")
    assert only(tmp_path)[:3] == ("districts.csv", 5, "lat")


def test_bytes_that_are_not_utf8_are_told_with_their_line(tmp_path):
    write(tmp_path)
    (tmp_path / "testopolis" / "districts.csv").write_bytes(b"id,name,lat,lon\nn,Caf\xe9,-7,110\n")
    assert only(tmp_path)[:2] == ("districts.csv", 2)


def test_exchanged_coordinates_are_recognised(tmp_path):
    toml = SOUND.replace("-7.5", "-20").replace("109.5", "-20").replace("north = -6.5", "north = 5").replace(
        "lon = 110.0", "lon = 60.0").replace("east = 110.5", "east = 80")  # fmt: skip
    write(tmp_path, city_toml=toml, districts_csv="id,name,lat,lon\nnorth,North,60,-7\n")
    assert only(tmp_path)[4] == "exchange lat and lon"


def test_an_object_of_an_unknown_village_station_or_kind_is_told(tmp_path):
    write(
        tmp_path,
        city_toml=SOUND + '[registry]\nambulances = "units.csv"\n',
        districts_csv=DISTRICTS,
        villages_csv=VILLAGES,
        stations_csv="id,name,district,lat,lon\nSrondol,Srondol,south,-7.1,110\n",
        units_csv="id,name,kind,station,village,district\n"
        "A-1,A-1,car,Srondul,,\nA-2,A-2,motorcicle,Srondol,,\nA-3,A-3,car,Srondol,V9,\nA-4,A-4,car,,V1,south\n",
    )
    found = mistakes(tmp_path, known_kinds={"ambulances": {"car", "motorcycle"}})
    assert [(n, f, cure) for _, n, f, _, cure in found] == [
        (2, "station", 'did you mean "Srondol"?'),
        (3, "kind", 'did you mean "motorcycle"?'),
        (4, "village", "add it there"),
        (5, "district", 'write "north" or leave it empty'),
    ]


def test_a_table_nobody_reads_because_of_its_name_is_told(tmp_path):
    write(tmp_path, districts_csv=DISTRICTS, vilages_csv=VILLAGES)
    assert only(tmp_path)[4] == 'did you mean "villages.csv"?'


@pytest.mark.parametrize("name", ["semarnag", "../semarang", "", "Semarang", "a" * 50])
def test_an_unknown_city_is_told_with_the_nearest_one(name):
    with pytest.raises(CityErrors) as caught:
        load_city(name, [PROJECT / "data" / "cities"])
    assert "has no city of this name" in str(caught.value)


def test_the_first_folder_that_has_the_city_wins(tmp_path):
    for folder, name in (("a", "First"), ("b", "Second")):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, city_toml=SOUND.replace('"Testopolis"', f'"{name}"'))
    assert load_city("testopolis", [tmp_path / "none", tmp_path / "a", tmp_path / "b"]).name == "First"
