"""What may stand in a `city.toml`: keys, types and ranges. Unknown keys are mistakes.

Vocabulary that other parts own (KPI ids, feed names) comes as pydantic context, sets under the
keys `kpis`, `feeds`, `formats`; where a set is missing, any word passes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from data.contracts import Code, Latitude, Longitude
from data.profile.city import Limits, TileServer
from data.profile.errors import near

Finite = Annotated[float, Field(allow_inf_nan=False)]
Words = Annotated[str, Field(min_length=1, max_length=200)]


def wrong(reason: str, cure: str) -> PydanticCustomError:
    """A mistake with its cure, as pydantic collects them."""
    return PydanticCustomError("profile", "{reason}", {"reason": reason, "cure": cure})


def _known(kind: str, noun: str) -> Callable[[str, ValidationInfo], str]:
    def check(word: str, info: ValidationInfo) -> str:
        known = (info.context or {}).get(kind)
        if known is not None and word not in known:
            raise wrong(f"is no {noun} of this program", near(word, known))
        return word

    return check


def _once(words: list[str]) -> list[str]:
    for n, word in enumerate(words):
        if word in words[:n]:
            raise wrong(f'names "{word}" twice', "remove one of them")
    return words


FeedName = Annotated[str, AfterValidator(_known("feeds", "feed"))]
ObjectAddress = Annotated[str, Field(pattern=r"^[a-z_]+/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
KpiId = Annotated[str, AfterValidator(_known("kpis", "KPI"))]


def _csv_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*\.csv", name):
        raise wrong("is no name of a CSV file in this folder", 'write for example "units.csv"')
    return name


def _topic_filter(topic: str) -> str:
    levels = topic.split("/")
    if not topic or len(topic) > 200 or "\0" in topic:
        raise wrong("is no MQTT topic filter", 'write for example "owntracks/#"')
    for n, level in enumerate(levels):
        if ("#" in level and (level != "#" or n != len(levels) - 1)) or ("+" in level and level != "+"):
            raise wrong("is no MQTT topic filter", '"+" stands for one whole level, "#" only at the end')
    return topic


class Section(BaseModel):
    """Base of all sections: exact types, no unknown keys."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PointSection(Section):
    """A point in degrees."""

    lat: Latitude
    lon: Longitude


class BoundsSection(Section):
    """A box in degrees that holds the city."""

    south: Latitude
    west: Longitude
    north: Latitude
    east: Longitude

    @model_validator(mode="after")
    def _upright(self) -> BoundsSection:
        if self.south >= self.north or self.west >= self.east:
            raise wrong("is turned over", "south must be less than north, west less than east")
        return self


class CitySection(Section):
    """`[city]`: who and where."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", examples=["semarang"])]
    name: Words
    region: Annotated[str, Field(max_length=200)] = ""
    center: PointSection
    bounds: BoundsSection
    zone: str
    languages: Annotated[list[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]], Field(min_length=1)]
    population: Annotated[int, Field(ge=1)] | None = None
    area_km2: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            raise wrong(
                "is no time zone of the IANA list",
                near(value, available_timezones(), 'write for example "Asia/Jakarta"'),
            ) from None
        return value

    @model_validator(mode="after")
    def _inside(self) -> CitySection:
        b, c = self.bounds, self.center
        if not (b.south <= c.lat <= b.north and b.west <= c.lon <= b.east):
            raise wrong("has its center outside its bounds", "correct center or bounds")
        return self


class SeaSection(Section):
    """`[[sea]]`: a label on the water."""

    lat: Latitude
    lon: Longitude
    names: Annotated[dict[str, Words], Field(min_length=1)]


class TilesSection(Section):
    """`[tiles]`: the server of the base map's pictures."""

    url: str = TileServer.url
    attribution: Words = TileServer.attribution
    max_zoom: Annotated[int, Field(ge=1, le=22)] = TileServer.max_zoom
    enabled: bool = TileServer.enabled

    @field_validator("url")
    @classmethod
    def _template(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")) or not all(
            p in value for p in ("{z}", "{x}", "{y}")
        ):
            raise wrong("is no address of map tiles", 'write "https://host/{z}/{x}/{y}.png"')
        return value


class LimitsSection(Section):
    """`[limits]`: what the door accepts."""

    future_s: Annotated[int, Field(ge=0, le=86_400)] = Limits.future_s
    past_s: Annotated[int, Field(ge=3600, le=4_000_000_000)] = Limits.past_s
    distance_km: Annotated[float, Field(gt=0, le=1e9)] = Limits.distance_km
    payload_bytes: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = Limits.payload_bytes
    rate_per_s: Annotated[float, Field(gt=0, le=1e6)] = Limits.rate_per_s
    burst: Annotated[int, Field(ge=1, le=10_000_000)] = Limits.burst
    stream_events: Annotated[int, Field(ge=1000, le=100_000_000)] = Limits.stream_events
    hot_hours: Annotated[int, Field(ge=1, le=24 * 31)] = Limits.hot_hours


Days = Annotated[int, Field(ge=1, le=36_525)]


class FeedsSection(Section):
    """`[feeds]`: which feeds this city uses, in the order in which they are shown."""

    enabled: Annotated[list[FeedName], AfterValidator(_once)] = Field(default_factory=list)


class KpiSection(Section):
    """`[kpi."id"]`: target and bands. watch, bad, critical: where the next state begins."""

    target: Finite | None = None
    watch: Finite | None = None
    bad: Finite | None = None
    critical: Finite | None = None
    source: Words

    @model_validator(mode="after")
    def _ordered(self) -> KpiSection:
        bands = [b for b in (self.watch, self.bad, self.critical) if b is not None]
        if bands not in (sorted(bands), sorted(bands, reverse=True)):
            raise wrong(
                "has bands that go up and down",
                "watch, bad and critical must all rise (less is better) or all fall (more is better)",
            )
        return self


class FormatSection(Section):
    """`[formats.name]`: filters a standard format is heard on, and whose device is which object."""

    topics: Annotated[list[Annotated[str, AfterValidator(_topic_filter)]], Field(min_length=1)]
    devices: dict[str, ObjectAddress] = Field(default_factory=dict)


class ScreenSection(Section):
    """`[[screen]]`: a wall screen; type sizes follow from it."""

    name: Code
    width_m: Annotated[float, Field(ge=0.2, le=50)]
    distance_m: Annotated[float, Field(ge=0.3, le=100)]


class SceneSection(Section):
    """`[[scene]]`: the tiles of one arrangement on the wall."""

    name: Code
    title: Words
    tiles: Annotated[list[KpiId], Field(min_length=1, max_length=8), AfterValidator(_once)]


class ProfileFile(Section):
    """A whole `city.toml`."""

    city: CitySection
    sea: list[SeaSection] = Field(default_factory=list)
    tiles: TilesSection = Field(default_factory=TilesSection)
    limits: LimitsSection = Field(default_factory=LimitsSection)
    feeds: FeedsSection = Field(default_factory=FeedsSection)
    registry: dict[str, Annotated[str, AfterValidator(_csv_name)]] = Field(default_factory=dict)
    retention: dict[str, Days] = Field(default_factory=dict)  # days per feed
    kpi: dict[str, KpiSection] = Field(default_factory=dict)
    formats: dict[str, FormatSection] = Field(default_factory=dict)
    screen: list[ScreenSection] = Field(default_factory=list)
    scene: list[SceneSection] = Field(default_factory=list)
    simulation: dict[str, Finite | str] = Field(default_factory=dict)


def vocabulary(raw: dict[str, Any], context: dict[str, Any]) -> Iterable[tuple[tuple[str, ...], str, str]]:
    """Keys of sections with open names that no part of the program knows: path, reason, cure."""
    for section, kind, noun in (
        ("kpi", "kpis", "KPI"), ("registry", "feeds", "feed"), ("formats", "formats", "format"),
        ("retention", "feeds", "feed"),
    ):  # fmt: skip
        known, table = context.get(kind), raw.get(section)
        if known is None or not isinstance(table, dict):
            continue
        for word in table:
            if word not in known:
                yield (section, word), f"is no {noun} of this program", near(word, known)
