"""The door: every arrived message becomes exactly one entry for the store, whatever it holds.

Nothing here knows a broker, a store or a clock; `Intake.take` is a function of the message,
the declared feeds, the city's profile and the registry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from pydantic import ValidationError

from data.contracts import SOURCES, BadMessage, Decoded, Feed, Format, Message, MessageKind
from data.geo import distance_m
from data.profile import City, DeviceTarget
from data.store.ingest import Entry, event_entry, heartbeat_entry, ignored_entry, refused_entry
from feeds.worker.payload import json_object
from feeds.worker.times import check_time, event_time_ms

log = structlog.get_logger("worker")
UNROUTED = "unrouted"  # counts what belongs to no declared feed
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
EXCERPT = 200


class Arrived(NamedTuple):
    """One message as the broker gave it. source: its `room-source` user property, None: absent."""

    topic: str
    payload: bytes
    received_ms: int
    retain: bool = False
    redelivered: bool = False
    source: str | None = None


class Intake:
    """Turns messages into entries. known(feed, id): is the object registered?"""

    def __init__(
        self,
        city: City,
        feeds: Mapping[str, Feed],
        formats: Mapping[str, Format],
        known: Callable[[str, str], bool],
        locate: Callable[[float, float], tuple[str, str] | None],
    ) -> None:
        self._city = city
        self._feeds = feeds
        self._known = known
        self._locate = locate
        self._formats = [
            (tuple(topics_matcher(t) for t in spec.topics), formats[name], spec.devices)
            for name, spec in city.formats.items()
            if name in formats
        ]
        self._prefix = f"city/{city.id}/"
        self._model_fields: dict[type[Message], frozenset[str]] = {}

    def take(self, message: Arrived) -> tuple[Entry, tuple[str, ...]]:
        """The entry for one message, and the names of keys that its model does not know.

        Never raises for anything a sender can do.
        """
        feed = format_name = sender = ""
        try:
            if message.topic.startswith(self._prefix):
                return self._native(message)
            for matchers, format_, devices in self._formats:
                if any(m(message.topic) for m in matchers):
                    format_name = format_.name
                    return self._foreign(message, format_, devices)
            raise BadMessage("bad_topic", "topic belongs to no feed and no format of this city")
        except _Refused as refused:
            feed, sender, error = refused.feed, refused.sender, refused.error
        except BadMessage as bad:
            error = bad
        except Exception as fault:
            # A fault of ours (or of a format) in one message must not hold up all others: the broker
            # would send this one again and again.
            log.exception("a message could not be read", topic=clean(message.topic, EXCERPT))
            feed = self._feed_of(message.topic)
            error = BadMessage("invalid", f"{type(fault).__name__} while reading it")
        return self._refuse(message, feed, format_name, sender, error), ()

    def _feed_of(self, topic: str) -> str:
        parts = topic[len(self._prefix) :].split("/", 1) if topic.startswith(self._prefix) else [""]
        return parts[0] if parts[0] in self._feeds else ""

    # --- native messages

    def _native(self, message: Arrived) -> tuple[Entry, tuple[str, ...]]:
        parts = message.topic[len(self._prefix) :].split("/")
        if len(parts) != 3:
            raise BadMessage("bad_topic", "topic must be city/{city}/{feed}/{id}/{message}")
        feed_name, id, kind_name = parts
        if feed_name == "feeds":
            return self._heartbeat(message, id, kind_name), ()
        feed = self._feeds.get(feed_name)
        if feed is None:
            raise BadMessage("unknown_feed", f'feed "{feed_name[:40]}" is not declared in this city')
        try:
            kind = feed.kind(kind_name)
            if kind is None:
                raise BadMessage(
                    "unknown_message",
                    f'{feed_name} has no message "{kind_name[:40]}", only {", ".join(m.name for m in feed.messages)}',
                )
            if not ID.fullmatch(id):
                raise BadMessage("bad_id", "id may hold letters, digits, dot, hyphen, underscore; at most 64")
            if kind.retained and not message.payload:
                return ignored_entry(feed_name, "", "empty"), ()  # MQTT's way to clear a stored copy
            raw = self._json(message.payload)
            self._same(raw, "id", id)
            self._same(raw, "city", self._city.id)
            time = raw.pop("time", None)
            if feed.members == "registered" and not self._known(feed_name, id):
                raise _Refused(
                    BadMessage("unknown_object", f'{feed.noun} "{id}" is not registered'),
                    feed_name, sender=f"{feed_name}/{id}",
                )  # fmt: skip
            return self._event(message, feed, id, kind, raw, time, "")
        except BadMessage as bad:
            raise _Refused(bad, feed_name) from None

    def _same(self, raw: dict[str, Any], key: str, topic_says: str) -> None:
        says = raw.pop(key, topic_says)
        if says != topic_says:
            raise BadMessage(
                f"{key}_mismatch", f'payload says {key} "{says!s:.64}", topic says "{topic_says}"'
            )

    def _heartbeat(self, message: Arrived, feed_name: str, kind_name: str) -> Entry:
        if feed_name not in self._feeds:
            raise BadMessage("unknown_feed", f'feed "{feed_name[:40]}" is not declared in this city')
        try:
            if kind_name != "heartbeat":
                raise BadMessage("unknown_message", f'feeds/{feed_name} has no message "{kind_name[:40]}"')
            raw = self._json(message.payload)
            self._same(raw, "city", self._city.id)
            sender, queue = raw.get("sender"), raw.get("queue")
            if not isinstance(sender, str) or not ID.fullmatch(sender):
                raise BadMessage(
                    "invalid", "sender must be a short name: letters, digits, dot, hyphen, underscore"
                )
            if queue is not None and (type(queue) is not int or not 0 <= queue <= 10**12):
                raise BadMessage("invalid", "queue must be a count of messages")
            event_ms = self._time(raw.get("time"), message.received_ms)
            return heartbeat_entry(
                feed_name, sender, event_ms=event_ms, received_ms=message.received_ms, queue=queue
            )
        except BadMessage as bad:
            raise _Refused(bad, feed_name) from None

    # --- foreign formats

    def _foreign(
        self, message: Arrived, format_: Format, devices: Mapping[str, Any]
    ) -> tuple[Entry, tuple[str, ...]]:
        try:
            self._size(message.payload)
            said: Decoded = format_.decode(message.topic, message.payload)
        except BadMessage as bad:
            raise _Refused(bad, feed_by_topic(message.topic, devices)) from None
        device = devices.get(said.sender)
        feed_name = device.feed if device else UNROUTED
        if said.ignored:
            return ignored_entry(feed_name, format_.name, said.ignored), ()
        if device is None:
            raise _Refused(
                BadMessage("unknown_device", f'no object is registered for device "{said.sender}"'),
                UNROUTED, sender=said.sender,
            )  # fmt: skip
        feed = self._feeds.get(device.feed)
        kind = feed.kind(said.kind) if feed else None
        if feed is None or kind is None:
            raise _Refused(
                BadMessage("unknown_message", f'{device.feed} takes no "{said.kind}" from {format_.name}'),
                feed_name,
            )
        try:
            return self._event(message, feed, device.id, kind, dict(said.values), said.time, format_.name)
        except BadMessage as bad:
            raise _Refused(bad, feed_name) from None

    # --- common

    def _event(
        self, message: Arrived, feed: Feed, id: str, kind: MessageKind, raw: dict[str, Any], time: Any, format: str
    ) -> tuple[Entry, tuple[str, ...]]:  # fmt: skip
        try:
            body = kind.model.model_validate(raw)
        except ValidationError as error:
            raise BadMessage("invalid", first_error(error)) from None
        fields = self._fields(kind.model)
        unknown = () if raw.keys() <= fields else tuple(k for k in raw if k not in fields)
        flags: list[str] = []
        mode = ""
        if time is None and kind.time_optional:
            event_ms, mode = message.received_ms, "assumed"
            flags.append("time_assumed")
            if message.retain:
                mode, flags = "stored", ["age_unknown"]
            elif message.redelivered:
                mode = "again"
        else:
            event_ms = self._time(time, message.received_ms)
        value = body.model_dump(exclude_none=True)
        lon_lat = None
        if kind.place:
            lon_lat = (value["lon"], value["lat"])
            place = self._place(value["lat"], value["lon"])
            if place is not None:
                value["_district"], value["_village"] = place
            elif self._city.district_of or not self._in_bounds(*lon_lat):
                flags.append("outside")
        return event_entry(
            feed.name, id, kind.name, kind.slot_of(body),
            event_ms=event_ms, received_ms=message.received_ms, source=self._source(message.source),
            flags=flags, track=str(value.get(kind.track, "")) if kind.track else "",
            value=value, lon_lat=lon_lat, mode=mode, format=format,
        ), unknown  # fmt: skip

    def _fields(self, model: type[Message]) -> frozenset[str]:
        # pydantic's own `model_fields` costs as much as the whole check of a message
        known = self._model_fields.get(model)
        if known is None:
            known = self._model_fields[model] = frozenset(model.model_fields)
        return known

    def _json(self, payload: bytes) -> dict[str, Any]:
        self._size(payload)
        return json_object(payload)

    def _size(self, payload: bytes) -> None:
        if len(payload) > self._city.limits.payload_bytes:
            raise BadMessage(
                "too_large", f"payload has {len(payload)} bytes, at most {self._city.limits.payload_bytes}"
            )

    def _time(self, time: Any, received_ms: int) -> int:
        if time is None:
            raise BadMessage("time_missing", "time is missing")
        event_ms = event_time_ms(time)
        limits = self._city.limits
        check_time(event_ms, received_ms, future_s=limits.future_s, past_s=limits.past_s)
        return event_ms

    def _place(self, lat: float, lon: float) -> tuple[str, str] | None:
        if lat == 0 and lon == 0:
            raise BadMessage("no_fix", "position 0,0 is no fix")
        place = self._locate(lat, lon)
        if place is None:  # not in the city, so perhaps nowhere near it
            km = distance_m(*self._city.center, lat, lon) / 1000
            if km > self._city.limits.distance_km:
                raise BadMessage(
                    "too_far",
                    f"position is {km:.0f} km from the city, at most {self._city.limits.distance_km:.0f} km",
                )
        return place

    def _in_bounds(self, lon: float, lat: float) -> bool:
        south, west, north, east = self._city.bounds
        return south <= lat <= north and west <= lon <= east

    def _source(self, said: str | None) -> str:
        if said is None:
            return "live"
        if said not in SOURCES:
            raise BadMessage("invalid", f'room-source "{said[:40]}" is none of {", ".join(SOURCES)}')
        return said

    def _refuse(self, message: Arrived, feed: str, format: str, sender: str, error: BadMessage) -> Entry:
        return refused_entry(
            feed or UNROUTED, code=error.code, reason=f"{error.code}: {clean(str(error), 300)}",
            topic=clean(message.topic, EXCERPT),
            excerpt=clean(message.payload[: 4 * EXCERPT].decode(errors="replace"), EXCERPT),
            received_ms=message.received_ms, format=format, sender=clean(sender, 130),
        )  # fmt: skip


class _Refused(Exception):
    """A BadMessage whose feed is known."""

    def __init__(self, error: BadMessage, feed: str, sender: str = "") -> None:
        super().__init__(str(error))
        self.error, self.feed, self.sender = error, feed, sender


def clean(text: str, longest: int) -> str:
    """Text fit for logs, screens and JSON: control characters and lone surrogates as spaces, cut."""
    cut = text[:longest]
    return cut if cut.isprintable() else "".join(c if c.isprintable() else " " for c in cut)


def first_error(error: ValidationError) -> str:
    """The first thing that is wrong, with its field, and how many more there are."""
    problems: Sequence[Any] = error.errors(include_url=False, include_context=False, include_input=False)
    where = ".".join(str(p) for p in problems[0]["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{where}: {problems[0]['msg']}{more}"


def feed_by_topic(topic: str, devices: Mapping[str, DeviceTarget]) -> str:
    """The feed of the device that publishes on this topic or above it; empty: none is registered there.

    For a message that cannot be read, so that it is counted where its device's good ones are.
    """
    levels = topic.split("/", 8)  # a sender's name has few; a topic may have thousands
    for n in range(len(levels), 0, -1):
        device = devices.get("/".join(levels[:n]))
        if device:
            return device.feed
    return ""


def topics_matcher(filter: str) -> Callable[[str], bool]:
    """A test whether a topic matches an MQTT filter with `+` and `#`."""
    pattern = re.escape(filter).replace(r"\+", "[^/]*")
    if pattern.endswith("/\\#"):
        pattern = pattern[:-3] + "(/.*)?"
    elif pattern == "\\#":
        pattern = ".*"
    compiled = re.compile(pattern, re.DOTALL)
    return lambda topic: compiled.fullmatch(topic) is not None
