"""What people call for: when, where, what it is, and how it would end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import cos, pi, radians, sin, sqrt
from random import Random

from data.contracts import N_
from data.profile import City, District, Village
from feeds.simulator.figures import Figures
from feeds.simulator.hours import Arrivals, Hours
from feeds.simulator.ways import M_PER_DEGREE, Ways

NARROW_KM2 = 0.6  # villages smaller than this are dense; some of their lanes take no car


@dataclass(frozen=True, slots=True)
class Kind:
    """One category of call: its weight within its group, and how often each severity, 1 to 4."""

    text: str
    weight: float
    severities: tuple[float, float, float, float]
    transport: float = 1.0  # against the city's share
    women: bool = False  # hospitals for women and children take it


# Shares of severities are assumed; together about 8/27/45/20 of 100 ambulance calls are 1/2/3/4.
REQUEST = (
    Kind(N_("Ambulance request"), 40, (0.03, 0.32, 0.55, 0.10)),
    Kind(N_("Breathing difficulty"), 14, (0.22, 0.53, 0.25, 0.0)),
    Kind(N_("Chest pain"), 10, (0.25, 0.60, 0.15, 0.0), 1.2),
    Kind(N_("Unconscious person"), 9, (0.40, 0.45, 0.15, 0.0), 1.1),
    Kind(N_("Cardiac arrest"), 5, (1.0, 0.0, 0.0, 0.0)),
    Kind(N_("Childbirth"), 7, (0.03, 0.52, 0.45, 0.0), 1.5, women=True),
    Kind(N_("Fall"), 11, (0.0, 0.22, 0.63, 0.15)),
    Kind(N_("Fire"), 4, (0.15, 0.65, 0.20, 0.0), 0.5),
)
CHECK = (Kind(N_("Medical check"), 1, (0.01, 0.14, 0.58, 0.27), 0.8),)
ACCIDENT = (Kind(N_("Traffic accident"), 1, (0.07, 0.38, 0.51, 0.04)),)
HOME = (Kind(N_("Home care"), 1, (0.0, 0.02, 0.18, 0.80), 0.35),)
# Reports that need no ambulance: other offices' work, most of it can wait.
OTHER = (
    Kind(N_("Fallen tree"), 16, (0, 0, 0.20, 0.80)),
    Kind(N_("Flooded street"), 14, (0, 0, 0.20, 0.80)),
    Kind(N_("Road damage"), 18, (0, 0, 0.0, 1.0)),
    Kind(N_("Street light out"), 16, (0, 0, 0.0, 1.0)),
    Kind(N_("Snake or swarm"), 10, (0, 0, 0.15, 0.85)),
    Kind(N_("Blocked drain"), 12, (0, 0, 0.0, 1.0)),
    Kind(N_("Broken power line"), 5, (0, 0, 0.50, 0.50)),
    Kind(N_("Noise or disturbance"), 9, (0, 0, 0.0, 1.0)),
)


@dataclass(slots=True)
class Call:
    """One call as it comes in. random: its own, so that its story depends on nothing else.

    narrow: no car gets to the door. transport: the patient needs a hospital. outcome: `helped`,
    `cancelled` before anybody came, or `nobody` found; other reports: what became of them.
    """

    at_ms: int
    ambulance: bool
    kind: Kind
    severity: int
    channel: str
    lat: float
    lon: float
    address: str
    narrow: bool
    transport: bool
    outcome: str
    random: Random


class Places:
    """Where calls come from: villages, and the main roads between them."""

    def __init__(self, city: City, ways: Ways) -> None:
        self._ways = ways
        self._villages = [(v, d) for d in city.districts for v in d.villages]
        # People spread less unevenly than land: a village ten times as large has about twice the people.
        self._weights = list(accumulate(max(v.area_km2, 0.05) ** 0.3 for v, _ in self._villages))
        self._places = city.places
        self._stretch = cos(radians(city.center[0]))
        self._center = city.center
        self._roads = [
            (way.name, a, b)
            for way in city.roads
            for a, b in zip(way.points, way.points[1:], strict=False)
            if ways.on_land(*a) and ways.on_land(*b)
        ]
        self._lengths = list(accumulate(self._metres(*a, *b) for _, a, b in self._roads))

    def _metres(self, lat1: float, lon1: float, lat2: float, lon2: float) -> float:
        return M_PER_DEGREE * sqrt((lat2 - lat1) ** 2 + ((lon2 - lon1) * self._stretch) ** 2)

    def home(self, random: Random) -> tuple[float, float, str, bool]:
        """(lat, lon, address, narrow) somewhere where people live."""
        if not self._villages:
            return *self._around(*self._center, 1500, random), "", False
        village, _ = random.choices(self._villages, cum_weights=self._weights)[0]
        reach = 0.85 * 1000 * sqrt(max(village.area_km2, 0.05) / pi)
        lat, lon = village.lat, village.lon
        for _ in range(6):
            lat, lon = self._around(village.lat, village.lon, min(reach, 2200), random)
            if self._ways.on_land(lat, lon):
                break
        else:
            lat, lon = village.lat, village.lon
        village, _ = self._nearest_village(lat, lon)
        narrow = village.area_km2 < NARROW_KM2 and random.random() < 0.3
        return lat, lon, self.address(lat, lon), narrow

    def road(self, random: Random) -> tuple[float, float, str, bool]:
        """(lat, lon, address, narrow) on or beside a main road."""
        if not self._roads:
            return self.home(random)
        name, (lat1, lon1), (lat2, lon2) = random.choices(self._roads, cum_weights=self._lengths)[0]
        share = random.random()
        lat, lon = self._around(lat1 + (lat2 - lat1) * share, lon1 + (lon2 - lon1) * share, 30, random)
        return lat, lon, self.address(lat, lon, name), False

    def _around(self, lat: float, lon: float, reach_m: float, random: Random) -> tuple[float, float]:
        far, way = reach_m * sqrt(random.random()), 2 * pi * random.random()
        return lat + far * cos(way) / M_PER_DEGREE, lon + far * sin(way) / M_PER_DEGREE / self._stretch

    def address(self, lat: float, lon: float, road: str = "") -> str:
        """In words, from names of the profile: road or well-known place, village; else village, district."""
        if not self._villages:
            return road
        village, district = self._nearest_village(lat, lon)
        if not road:
            near = min(
                ((self._metres(lat, lon, p.lat, p.lon), p.name) for p in self._places), default=(9e9, "")
            )
            road = near[1] if near[0] < 400 else ""
        if road:
            return f"{road}, {village.name}"
        return f"{village.name}, {district.name}" if village.name != district.name else village.name

    def _nearest_village(self, lat: float, lon: float) -> tuple[Village, District]:
        return min(self._villages, key=lambda v: self._metres(lat, lon, v[0].lat, v[0].lon))


class Calls:
    """An endless stream of calls, ambulance calls and other reports, in the order of their times."""

    def __init__(self, city: City, places: Places, figures: Figures, seed: object, start_ms: int) -> None:
        self._places, self._seed = places, seed
        self._transport = figures.transport_share
        groups: Sequence[tuple[float, tuple[Kind, ...]]] = (
            (figures.share_ambulance_request, REQUEST),
            (figures.share_medical_check, CHECK),
            (figures.share_traffic_accident, ACCIDENT),
            (figures.share_home_care, HOME),
        )
        self._kinds = [k for _, group in groups for k in group]
        self._weights = list(
            accumulate(
                share * k.weight / sum(g.weight for g in group) for share, group in groups for k in group
            )
        )
        hours = Hours(figures.night_factor, figures.peak_factor)
        daytime = Hours(0.12, 2.0)  # people write by day
        self._ambulance = Arrivals(
            figures.ambulance_calls_per_day,
            hours,
            city.tz,
            start_ms,
            Random(f"{seed}/ambulance"),  # noqa: S311 - chance, no secret
        )
        self._other = Arrivals(
            figures.other_calls_per_day,
            daytime,
            city.tz,
            start_ms,
            Random(f"{seed}/other"),  # noqa: S311 - chance, no secret
        )
        self._next = [self._ambulance.next_ms(), self._other.next_ms()]
        self._count = [0, 0]

    def take(self) -> Call | None:
        """The next call, None if this city has none."""
        a, b = self._next
        if a is None and b is None:
            return None
        which = 0 if b is None or (a is not None and a <= b) else 1
        at_ms = self._next[which]
        assert at_ms is not None
        self._next[which] = (self._ambulance, self._other)[which].next_ms()
        self._count[which] += 1
        random = Random(f"{self._seed}/{which}/{self._count[which]}")  # noqa: S311 - chance, no secret
        return self._for_ambulance(at_ms, random) if which == 0 else self._for_others(at_ms, random)

    def _for_ambulance(self, at_ms: int, random: Random) -> Call:
        kind = random.choices(self._kinds, cum_weights=self._weights)[0]
        severity = random.choices((1, 2, 3, 4), weights=kind.severities)[0]
        where = self._places.road if kind in ACCIDENT else self._places.home
        lat, lon, address, narrow = where(random)
        need = min(1.0, self._transport * kind.transport * (1.25, 1.2, 1.05, 0.55)[severity - 1])
        fate = random.random()
        outcome = "helped"
        if fate < 0.035 and severity > 1:
            outcome = "cancelled"
        elif fate < 0.065:
            outcome = "nobody"
        transport = random.random() < need and outcome == "helped"
        return Call(
            at_ms, True, kind, severity, "112", round(lat, 5), round(lon, 5), address, narrow, transport,
            outcome, random,
        )  # fmt: skip

    def _for_others(self, at_ms: int, random: Random) -> Call:
        kind = random.choices(OTHER, weights=[k.weight for k in OTHER])[0]
        severity = random.choices((1, 2, 3, 4), weights=kind.severities)[0]
        where = self._places.road if random.random() < 0.45 else self._places.home
        lat, lon, address, _ = where(random)
        channel = "complaint_centre" if random.random() < 0.6 else "online"
        outcome = random.choices(("handled", "forwarded", "duplicate", "nothing_found"), (70, 17, 6, 7))[0]
        return Call(
            at_ms, False, kind, severity, channel, round(lat, 5), round(lon, 5), address, False, False,
            outcome, random,
        )  # fmt: skip
