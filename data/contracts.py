"""The types that every room of the house speaks: messages, feeds, objects, KPIs, readings.

Instances are declared elsewhere (`feeds/*.py` declare feeds, `data/kpis/*.py` declare KPIs),
collected by `app.py` and handed down as values. Times inside the program are integers,
milliseconds since 1970 in UTC, called `*_ms`; they become text only at the border.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

if TYPE_CHECKING:  # pandas takes half a second to import; only who computes KPIs pays it
    import pandas as pd

Source = Literal["live", "simulated", "exercise", "replay"]
SOURCES: tuple[Source, ...] = ("live", "simulated", "exercise", "replay")
Members = Literal["registered", "open"]
State = Literal["good", "watch", "bad", "critical", "stale", "unknown"]


def N_(text: str) -> str:
    """Mark a text for the catalogs; it is translated where it is shown."""
    return text


# --- messages -----------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """Control characters become spaces: they carry no meaning and break logs and screens."""
    if isinstance(value, str) and not value.isprintable():
        return "".join(c if c.isprintable() else " " for c in value).strip()
    return value


Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Quantity = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Text = Annotated[str, BeforeValidator(_plain), StringConstraints(max_length=200)]
Note = Annotated[str, BeforeValidator(_plain), StringConstraints(max_length=2000)]


class Message(BaseModel):
    """A device's message without its `time`, `id` and `city`, which the door checks itself.

    Types are strict (no number in a string passes for a number). Keys that the model does
    not know are counted and ignored, because firmware is newer than we are.
    """

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


def _by_kind(kind: str) -> Callable[[Any], str]:
    return lambda _message: kind


@dataclass(frozen=True)
class MessageKind:
    """One kind of message of a feed: topic `city/{city}/{feed}/{id}/{name}`.

    slot: which part of the object a message replaces. Within a slot the newest event time
        wins; different slots stand side by side, so an incident keeps the time of each stage.
    track: field whose change restarts the slot's `since`.
    place: the message carries `lat` and `lon`, the object's position.
    time_optional: the message may lack its time (last wills carry none).
    """

    name: str
    model: type[Message]
    slot: Callable[[Any], str] | None = None
    track: str | None = None
    place: bool = False
    time_optional: bool = False
    retained: bool = False

    def slot_of(self, message: Message) -> str:
        """The slot this message belongs to."""
        return self.slot(message) if self.slot else self.name


# --- objects ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slot:
    """The newest message of one slot of one object, as stored.

    event_ms: when it happened; received_ms: when it reached the room; since_ms: since when
    the tracked field has had this value; flags: `outside`, `time_assumed`, `age_unknown` …
    """

    event_ms: int
    received_ms: int
    since_ms: int
    source: Source
    flags: frozenset[str]
    value: Mapping[str, Any]


@dataclass(frozen=True)
class Member:
    """One registered object of a feed: a unit, a hotspot, a hospital.

    kind: the feed's word for its type (ambulances: `car` or `motorcycle`).
    lat, lon: where it stands, None for what moves. extra: what else the registry says.
    """

    id: str
    feed: str
    name: str
    kind: str = ""
    lat: float | None = None
    lon: float | None = None
    district: str | None = None
    village: str | None = None
    simulated: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What a feed's `view` says of an object: see `Feed.view`.

    state: the word that symbol, legend and counts go by. event_ms: when the room last knew
    it to be true, None: never heard. active: False takes it off the map and out of lists
    (a closed incident). fields: everything else, JSON-able, names in snake_case with units.
    """

    state: str
    event_ms: int | None
    lat: float | None = None
    lon: float | None = None
    heading_deg: float | None = None
    since_ms: int | None = None
    active: bool = True
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Thing:
    """One object as the whole room sees it: the feed's facts, with source, flags and district.

    symbol: name of the drawing, without its state (`unit-car`). max_age_s: after this age
    the object counts as stale, None: it does not age (an incident stays what it is).
    registered: the city's own; figures count it among those they should hear from.
    """

    feed: str
    id: str
    label: str
    symbol: str
    state: str
    event_ms: int | None
    max_age_s: float | None
    source: Source | None
    flags: frozenset[str]
    lat: float | None
    lon: float | None
    heading_deg: float | None
    since_ms: int | None
    district: str | None
    active: bool
    fields: Mapping[str, Any]
    registered: bool = False

    def age_s(self, now_ms: int) -> float | None:
        """Seconds since the object was last known; None if it was never heard."""
        return None if self.event_ms is None else max(0.0, (now_ms - self.event_ms) / 1000)

    def stale(self, now_ms: int) -> bool:
        """True past the maximum age, and for what was never heard or has no honest time."""
        if "age_unknown" in self.flags:
            return True
        age = self.age_s(now_ms)
        return age is None or (self.max_age_s is not None and age > self.max_age_s)


# --- feeds --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """One field shown in tables, popups and exports. label: English text for the catalogs."""

    field: str
    label: str
    unit: str = ""


@dataclass(frozen=True)
class StateWord:
    """One state of a feed's objects: its code, its words (short: at most 14 letters), its colour token."""

    code: str
    label: str
    short: str
    colour: str


@dataclass(frozen=True)
class Feed:
    """One declared kind of incoming data. Topics, checks, health, layers and API derive from it.

    members: `registered` feeds accept only ids of the registry, `open` ones any id.
    view: from an object's slots and its registry entry to `Facts`; pure, order-independent.
    symbol: name of the drawing for an object; with `{kind}` it takes the member's kind.
    stale_after: an object's maximum age, None: objects do not age.
    silent_after: the feed is silent when neither message nor heartbeat came for so long.
    quiet_ok: no message is no bad sign (calls are rare); only missing heartbeats are silence.
    keep_inactive: how long an object stays stored after its view says `active=False`.
    layer: how the map draws it: `moving` (glides, own atlas) or `fixed`; `cluster` joins
        neighbours that overlap; `quiet` states are drawn as a dot.
    """

    name: str
    noun: str
    title: str
    short: str
    members: Members
    messages: tuple[MessageKind, ...]
    view: Callable[[Mapping[str, Slot], Member | None], Facts]
    states: tuple[StateWord, ...]
    columns: tuple[Column, ...]
    symbol: str
    stale_after: timedelta | None
    silent_after: timedelta = timedelta(seconds=90)
    quiet_ok: bool = False
    keep_inactive: timedelta | None = None
    moving: bool = False
    cluster: bool = False
    quiet_states: tuple[str, ...] = ()
    order: int = 50

    def kind(self, name: str) -> MessageKind | None:
        """The message kind of this name, or None."""
        return next((m for m in self.messages if m.name == name), None)


# --- formats ------------------------------------------------------------------------------


class BadMessage(Exception):
    """A message that cannot be taken. code: one word for counters; text: what is wrong, for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Decoded:
    """A foreign message put into our words.

    sender: its name as the device registry of the profile knows it. kind, values, time: as a
    native message of the feed that the sender is mapped to. ignored: the type of a message
    that is valid and says nothing to the room; then nothing else counts.
    """

    sender: str
    kind: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    time: Any = None
    ignored: str = ""


@dataclass(frozen=True)
class Format:
    """One standard format that is accepted beside the native messages.

    decode: (topic, payload) to Decoded; pure; raises BadMessage. Topics and the device
    registry come from the city's profile (`[formats.<name>]`).
    """

    name: str
    decode: Callable[[str, bytes], Decoded]


# --- KPIs ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """What a KPI was at one moment.

    value: None where it could not be told, never 0 for "nothing". n, of: how many inputs it
    stands on, and out of how many. as_of_ms: when the newest input was true, None: no input.
    parts: the same figure split (by status, by severity), for breakdowns. why: one word on a
    missing value (`no_input`, `low_coverage`).
    """

    value: float | None
    n: int
    of: int
    as_of_ms: int | None
    parts: Mapping[str, float] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Target:
    """A city's target for one KPI, from its profile. watch, bad, critical: where the next state begins."""

    value: float | None
    watch: float | None = None
    bad: float | None = None
    critical: float | None = None
    source: str = ""


@dataclass(frozen=True)
class KpiInput:
    """What a KPI's function gets.

    things: one row an object (index `id`) with `state`, `event_ms`, `since_ms`, `stale`,
        `district`, `kind` and the feed's fields as columns; stale is judged at now_ms.
    heard_ms: when the feed last spoke (message or heartbeat), None: never.
    targets: the city's targets by KPI id, for shares that count against another KPI's target.
    """

    things: pd.DataFrame
    now_ms: int
    heard_ms: int | None
    targets: Mapping[str, Target]


@dataclass(frozen=True)
class Kpi:
    """One declared figure; tile, chart, alert, briefing, API and help text all use it.

    compute: pure; the same input gives the same reading. better: the good direction.
    formula: in words, for people. stale_after: past this age it reads unknown.
    min_coverage: below this share n/of the value is withheld as `low_coverage`.
    samples: one row a case (`at_ms`, `value`, NaN: not known yet, `district`) for figures that
        stand on cases; hours and days are told from them. None: from a reading every five minutes.
    quantile: which one of a period's values is its figure, None: their mean.
    """

    id: str
    label: str
    short: str
    formula: str
    unit: str
    better: Literal["lower", "higher", "neither"]
    reads: str
    window: timedelta | None
    stale_after: timedelta
    compute: Callable[[KpiInput], Reading]
    decimals: int = 0
    min_coverage: float = 0.0
    samples: Callable[[KpiInput], pd.DataFrame] | None = None
    quantile: float | None = None

    def judge(self, reading: Reading | None, target: Target) -> State:
        """good, watch, bad or critical by the city's bands; unknown without a value."""
        if reading is None or reading.value is None:
            return "unknown"
        for state, limit in (
            ("critical", target.critical),
            ("bad", target.bad),
            ("watch", target.watch),
        ):
            if limit is not None and self._past(reading.value, limit):
                return state  # type: ignore[return-value]
        return "good"

    def _past(self, value: float, limit: float) -> bool:
        if self.better == "lower":
            return value > limit
        return self.better == "higher" and value < limit


# --- health -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """Something of the room itself that is missing, for every screen.

    code: `store`, `worker`, `broker` … ; text: English message for the catalogs, with `values`.
    """

    code: str
    text: str
    since_ms: int
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FeedHealth:
    """Counters and last signs of life of one feed; received = accepted + duplicates + ignored + rejected."""

    feed: str
    received: int = 0
    accepted: int = 0
    late: int = 0
    duplicates: int = 0
    ignored: int = 0
    rejected: int = 0
    thinned: int = 0
    last_event_ms: int | None = None
    last_heard_ms: int | None = None
    first_heard_ms: int | None = None
    rate_per_s: float = 0.0
    senders: Sequence[str] = ()

    def age_s(self, now_ms: int) -> float | None:
        """Seconds since the feed last spoke; None if it never did."""
        return None if self.last_heard_ms is None else max(0.0, (now_ms - self.last_heard_ms) / 1000)
