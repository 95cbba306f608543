"""The CSV files of a profile, read and checked against each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from pathlib import Path

from data.contracts import Member
from data.profile.city import Area, District, Hospital, Place, Point, Ring, Station, Village, Way
from data.profile.errors import Report, near, shown
from data.profile.schema import BoundsSection
from data.profile.tables import LAT, LON, Col, Row, choice, code, number, read_table, text, unique, yes
from data.profile.toml import TomlFile

ID, NAME = Col("id", code), Col("name", text)
DISTRICT = Col("district", code)
FILES = (
    "districts.csv", "villages.csv", "outline.csv", "neighbours.csv", "roads.csv", "rivers.csv",
    "places.csv", "hospitals.csv", "stations.csv",
)  # fmt: skip


class Files:
    """What the CSV files of one folder say; mistakes go to the report."""

    def __init__(self, folder: Path, bounds: BoundsSection | None, report: Report) -> None:
        self.folder, self.bounds, self.report = folder, bounds, report
        area = Col("area_km2", number(0.001, 1e6), required=False, default=0.0)
        self._districts = self._read(
            "districts.csv", [ID, NAME, LAT, LON, Col("code", text, False, ""), area]
        )
        self.district_ids = {r["id"] for r in self._districts}
        villages = self._read("villages.csv", [ID, NAME, DISTRICT, LAT, LON, area])
        self.district_of = {r["id"]: r["district"] for r in villages}
        self.districts = self._with_villages(villages)
        self.stations = tuple(
            Station(r["id"], r["name"], r["lat"], r["lon"], r["district"], r["assumed"])
            for r in self._read(
                "stations.csv", [ID, NAME, DISTRICT, LAT, LON, Col("assumed", yes, False, False)]
            )
        )
        kind = choice("general", "women_children", "eye", "dental", "mental", "special")
        self.hospitals = tuple(
            Hospital(r["id"], r["name"], r["lat"], r["lon"], r["district"], r["kind"], r["emergency"])
            for r in self._read(
                "hospitals.csv",
                [ID, NAME, DISTRICT, LAT, LON, Col("kind", kind, False, "general"),
                 Col("emergency", yes, False, True)],
            )
        )  # fmt: skip
        self.outline = self._outline()
        self.neighbours = self._areas("neighbours.csv")
        self.roads = self._ways("roads.csv", Col("class", choice("toll", "main", "second")))
        self.rivers = self._ways("rivers.csv")
        self.places = tuple(
            Place(r["name"], r["lat"], r["lon"], int(r["rank"]))
            for r in self._plain("places.csv", [NAME, LAT, LON, Col("rank", number(1, 3), False, 2.0)])
        )

    def _plain(self, name: str, cols: list[Col]) -> list[Row]:
        return read_table(self.folder / name, cols, self.report)

    def _read(self, name: str, cols: list[Col]) -> list[Row]:
        """Rows with an id, a district and a point; all three are checked."""
        path = self.folder / name
        rows = unique(read_table(path, cols, self.report), "id", path, self.report)
        return [r for r in rows if self._placed(path, r) and self._in_district(path, r)]

    def _placed(self, path: Path, row: Row) -> bool:
        lat, lon, b = row.values.get("lat"), row.values.get("lon"), self.bounds
        if lat is None and lon is None:
            return True
        if lat is None or lon is None:
            self.report.add(path, row.line, "lat, lon", "has only one of the two", "fill in both or neither")
            return False
        if b is None or (b.south <= lat <= b.north and b.west <= lon <= b.east):
            return True
        swapped = b.south <= lon <= b.north and b.west <= lat <= b.east
        cure = "exchange lat and lon" if swapped else "correct the point, or the bounds in city.toml"
        self.report.add(
            path, row.line, "lat, lon", "lies outside the city's bounds", cure, f"{lat:g}, {lon:g}"
        )
        return False

    def _in_district(self, path: Path, row: Row) -> bool:
        name = row.values.get("district")
        if not name or name in self.district_ids:
            return True
        self.report.add(
            path, row.line, "district", "is no id in districts.csv",
            near(name, self.district_ids, "add it there"), f'"{name}"',
        )  # fmt: skip
        return False

    def _with_villages(self, rows: list[Row]) -> tuple[District, ...]:
        of: dict[str, list[Village]] = {}
        for r in rows:
            of.setdefault(r["district"], []).append(
                Village(r["id"], r["name"], r["lat"], r["lon"], r["area_km2"])
            )
        broken = any(e.file == shown(self.folder / "villages.csv") for e in self.report.errors)
        for r in self._districts:
            if rows and not broken and r["id"] not in of:
                self.report.add(
                    self.folder / "districts.csv", r.line, "id", "has no village in villages.csv",
                    "add its villages there; boundaries are drawn from them", f'"{r["id"]}"',
                )  # fmt: skip
        return tuple(
            District(
                r["id"], r["name"], tuple(of.get(r["id"], ())), (r["lat"], r["lon"]), r["code"], r["area_km2"]
            )
            for r in self._districts
        )

    def _rings(self, path: Path, rows: Iterable[Row]) -> tuple[Ring, ...]:
        rings = []
        for number_, part in groupby(rows, key=lambda r: r["ring"]):
            points = list(part)
            if len(points) < 3:
                self.report.add(
                    path, points[0].line, "ring", "has fewer than three points",
                    "a ring needs at least three, in order along the border", f'"{number_}"',
                )  # fmt: skip
            rings.append(tuple((r["lat"], r["lon"]) for r in points))
        return tuple(rings)

    def _outline(self) -> tuple[Ring, ...]:
        path = self.folder / "outline.csv"
        rows = [r for r in self._plain("outline.csv", [Col("ring", code), LAT, LON]) if self._placed(path, r)]
        return self._rings(path, rows)

    def _areas(self, name: str) -> tuple[Area, ...]:
        path, rows = self.folder / name, self._plain(name, [NAME, Col("ring", code), LAT, LON])
        return tuple(Area(n, self._rings(path, part)) for n, part in groupby(rows, key=lambda r: r["name"]))

    def _ways(self, name: str, kind: Col | None = None) -> tuple[Way, ...]:
        ways = []
        rows = self._plain(name, [NAME, *([kind] if kind else []), LAT, LON])
        for (title, what), part in groupby(rows, key=lambda r: (r["name"], r["class"] if kind else "")):
            points: list[Row] = list(part)
            if len(points) < 2:
                self.report.add(
                    self.folder / name, points[0].line, "name", "has a single point",
                    "a line needs two or more rows of the same name below each other", f'"{title}"',
                )  # fmt: skip
            line: tuple[Point, ...] = tuple((r["lat"], r["lon"]) for r in points)
            ways.append(Way(title, what, line))
        return tuple(ways)

    def registry(
        self, files: Mapping[str, str], kinds: Mapping[str, Collection[str]], file: TomlFile
    ) -> dict[str, dict[str, Member]]:
        """Per feed its registered objects, from the CSV files that `[registry]` names."""
        found: dict[str, dict[str, Member]] = {}
        for feed, name in files.items():
            path = self.folder / name
            if not path.is_file():
                there = [p.name for p in self.folder.glob("*.csv")]
                file.wrong(("registry", feed), "is not in this folder", near(name, there))
                continue
            cols = [
                ID, NAME, Col("kind", text, False, ""), Col("lat", LAT.parse, False),
                Col("lon", LON.parse, False), Col("district", code, False), Col("village", code, False),
                Col("station", code, False, ""), Col("simulated", yes, False, False),
            ]  # fmt: skip
            rows = unique(read_table(path, cols, self.report, open_ended=True), "id", path, self.report)
            members = (self._member(feed, path, r, kinds.get(feed)) for r in rows)
            found[feed] = {m.id: m for m in members if m is not None}
        return found

    def _member(self, feed: str, path: Path, row: Row, kinds: Collection[str] | None) -> Member | None:
        village, district, station = row["village"], row["district"], row["station"]
        sound = self._placed(path, row) and self._in_district(path, row)
        if village and village not in self.district_of:
            cure = near(village, self.district_of, "add it there")
            self.report.add(path, row.line, "village", "is no id in villages.csv", cure, f'"{village}"')
            return None
        if village and district and self.district_of[village] != district:
            cure = f'write "{self.district_of[village]}" or leave it empty'
            self.report.add(
                path, row.line, "district", "is not the village's district", cure, f'"{district}"'
            )
            return None
        stations = {s.id for s in self.stations}
        if station and stations and station not in stations:
            cure = near(station, stations)
            self.report.add(path, row.line, "station", "is no id in stations.csv", cure, f'"{station}"')
            return None
        if kinds is not None and row["kind"] not in kinds:
            cure = near(row["kind"], kinds)
            self.report.add(path, row.line, "kind", f"is no kind of {feed}", cure, f'"{row["kind"]}"')
            return None
        if not sound:
            return None
        extra = {**row.extra, **({"station": station} if station else {})}
        return Member(
            row["id"], feed, row["name"], row["kind"], row["lat"], row["lon"],
            district or (self.district_of[village] if village else None), village, row["simulated"], extra,
        )  # fmt: skip
