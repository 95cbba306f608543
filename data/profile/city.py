"""A city as the room knows it: places, objects, targets, limits. Frozen values, read from its profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from data.contracts import Member, Target

Point = tuple[float, float]  # (lat, lon) in degrees, WGS84
RETENTION_DAYS = 730
Ring = tuple[Point, ...]  # closed in meaning, the first point is not repeated


@dataclass(frozen=True)
class Village:
    """A kelurahan or desa. id: its official code. lat, lon: a point well inside it."""

    id: str
    name: str
    lat: float
    lon: float
    area_km2: float


@dataclass(frozen=True)
class District:
    """A kecamatan. id: short word used in data and addresses; code: the official one.

    label: where its name goes on the map.
    """

    id: str
    name: str
    villages: tuple[Village, ...]
    label: Point
    code: str = ""
    area_km2: float = 0.0


@dataclass(frozen=True)
class Station:
    """Where units wait. assumed: plausible, but no public source says so."""

    id: str
    name: str
    lat: float
    lon: float
    district: str
    assumed: bool = False


@dataclass(frozen=True)
class Hospital:
    """A hospital. kind: general, women_children, eye, dental, mental; emergency: takes ambulances."""

    id: str
    name: str
    lat: float
    lon: float
    district: str
    kind: str = "general"
    emergency: bool = True


@dataclass(frozen=True)
class Limits:
    """What the door accepts; times in seconds, distance from the centre, rate and burst per sender."""

    future_s: int = 300
    past_s: int = 400 * 86_400
    distance_km: float = 1500.0
    payload_bytes: int = 256 * 1024
    rate_per_s: float = 50.0
    burst: int = 5000
    stream_events: int = 1_500_000
    hot_hours: int = 24


@dataclass(frozen=True)
class DeviceTarget:
    """The registered object that a foreign sender's device stands for."""

    feed: str
    id: str


@dataclass(frozen=True)
class Format:
    """One standard format: MQTT filters it is heard on, and sender (its topic) to object."""

    topics: tuple[str, ...]
    devices: Mapping[str, DeviceTarget]


@dataclass(frozen=True)
class Screen:
    """A wall screen: width of its picture and distance of its readers, in metres."""

    name: str
    width_m: float
    distance_m: float


@dataclass(frozen=True)
class Scene:
    """One arrangement on a wall screen: the ids of the KPIs it shows, in reading order."""

    name: str
    title: str
    tiles: tuple[str, ...]


@dataclass(frozen=True)
class TileServer:
    """Where the base map's pictures come from. url: template with {z}, {x}, {y}."""

    url: str = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
    attribution: str = "© OpenStreetMap contributors"
    max_zoom: int = 19
    enabled: bool = True


@dataclass(frozen=True)
class Sea:
    """A label on the water, by language; `name` is the first."""

    lat: float
    lon: float
    names: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name in the first language given."""
        return next(iter(self.names.values()))


@dataclass(frozen=True)
class Area:
    """Land beyond the city's border, named."""

    name: str
    rings: tuple[Ring, ...]


@dataclass(frozen=True)
class Way:
    """A schematic road or river. kind: `toll`, `main` or `second` for roads, empty for rivers."""

    name: str
    kind: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Place:
    """A name on the map. rank: 1 shows first, 3 only when zoomed in."""

    name: str
    lat: float
    lon: float
    rank: int


@dataclass(frozen=True)
class City:
    """Everything the room knows of its city before the first message.

    bounds: (south, west, north, east). languages: the first is the default. registry: per feed
    its objects by id. retention: per feed for how many days its events are kept in files, where
    that is not `RETENTION_DAYS`. kpis: targets and bands by KPI id. simulation: assumed values. outline:
    coast and border, several rings for islands (a ring inside another is a hole).
    """

    id: str
    name: str
    center: Point
    bounds: tuple[float, float, float, float]
    zone: str
    languages: tuple[str, ...]
    region: str = ""
    population: int | None = None
    area_km2: float | None = None
    seas: tuple[Sea, ...] = ()
    districts: tuple[District, ...] = ()
    stations: tuple[Station, ...] = ()
    hospitals: tuple[Hospital, ...] = ()
    registry: Mapping[str, Mapping[str, Member]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    retention: Mapping[str, int] = field(default_factory=dict)
    formats: Mapping[str, Format] = field(default_factory=dict)
    kpis: Mapping[str, Target] = field(default_factory=dict)
    feeds: tuple[str, ...] = ()
    screens: Mapping[str, Screen] = field(default_factory=dict)
    scenes: Mapping[str, Scene] = field(default_factory=dict)
    tiles: TileServer = field(default_factory=TileServer)
    simulation: Mapping[str, float | str] = field(default_factory=dict)
    outline: tuple[Ring, ...] = ()
    neighbours: tuple[Area, ...] = ()
    roads: tuple[Way, ...] = ()
    rivers: tuple[Way, ...] = ()
    places: tuple[Place, ...] = ()
    folder: Path | None = None

    @cached_property
    def tz(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.zone)

    @cached_property
    def district_names(self) -> Mapping[str, str]:
        """District id to name, for every place where people read."""
        return {d.id: d.name for d in self.districts}

    @cached_property
    def village_names(self) -> Mapping[str, str]:
        """Village id to name; names repeat between districts, ids do not."""
        return {v.id: v.name for d in self.districts for v in d.villages}

    @cached_property
    def district_of(self) -> Mapping[str, str]:
        """Village id to the id of its district."""
        return {v.id: d.id for d in self.districts for v in d.villages}
