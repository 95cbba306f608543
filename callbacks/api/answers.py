"""From the room's values to the documents of the HTTP interface. Pure; CONTRACTS §6 names the keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.clock import rfc3339
from data.contracts import Feed, FeedHealth, Kpi, Reading, Target, Thing
from data.i18n import Translator
from data.store.read import DeadLetter


def feature(thing: Thing, feed: Feed, now_ms: int) -> dict[str, Any]:
    """One object as a GeoJSON feature; geometry is null where the place is unknown.

    Fields in `_ms` are moments and become RFC 3339 as `_time`, but for those that the feed
    declares as a duration (a column with the unit ms).
    """
    lasts = {c.field for c in feed.columns if c.unit == "ms"}
    moments = {k for k in thing.fields if k.endswith("_ms")} - lasts
    known = thing.lat is not None and thing.lon is not None
    age = None if "age_unknown" in thing.flags else thing.age_s(now_ms)
    properties: dict[str, Any] = {
        **{k: v for k, v in thing.fields.items() if k not in moments},
        **{k[:-3] + "_time": rfc3339(thing.fields[k]) for k in sorted(moments)},
        "label": thing.label,
        "state": thing.state,
        "event_time": rfc3339(thing.event_ms),
        "age_s": None if age is None else round(age, 1),
        "stale": thing.stale(now_ms),
        "source": thing.source,
        "district": thing.district,
        "since": rfc3339(thing.since_ms),
        "flags": sorted(thing.flags),
        "symbol": thing.symbol,
    }
    if thing.heading_deg is not None:
        properties["heading_deg"] = thing.heading_deg
    geometry = {"type": "Point", "coordinates": [thing.lon, thing.lat]} if known else None
    return {"type": "Feature", "id": thing.id, "geometry": geometry, "properties": properties}


def layer(things: Mapping[str, Thing], feed: Feed, now_ms: int) -> dict[str, Any]:
    """A feed's objects as GeoJSON."""
    features = [feature(t, feed, now_ms) for _, t in sorted(things.items()) if t.active]
    return {"type": "FeatureCollection", "as_of": rfc3339(now_ms), "features": features}


def kpi(kpi: Kpi, reading: Reading | None, target: Target, now_ms: int, tr: Translator) -> dict[str, Any]:
    """One figure with target, state, coverage and age; past its maximum age the value is null."""
    as_of = reading.as_of_ms if reading else None
    age = None if as_of is None else max(0.0, (now_ms - as_of) / 1000)
    stale = age is not None and age > kpi.stale_after.total_seconds()
    value = None if reading is None or stale or age is None else reading.value
    state = "stale" if stale else kpi.judge(reading if value is not None else None, target)
    return {
        "id": kpi.id,
        "label": tr(kpi.label),
        "formula": tr(kpi.formula),
        "value": value if value is None else round(value, 3),
        "unit": kpi.unit,
        "better": kpi.better,
        "target": target.value,
        "target_source": target.source,
        "state": state,
        "coverage": {"n": reading.n if reading else 0, "of": reading.of if reading else 0},
        "parts": dict(reading.parts) if reading and value is not None else {},
        "why": reading.why if reading else "no_reading",
        "as_of": rfc3339(as_of),
        "age_s": None if age is None else round(age, 1),
        "max_age_s": kpi.stale_after.total_seconds(),
        "stale": stale,
    }


def feed(health: FeedHealth, now_ms: int) -> dict[str, Any]:
    """One feed's counters and signs of life."""
    age = health.age_s(now_ms)
    return {
        "feed": health.feed,
        "received": health.received,
        "accepted": health.accepted,
        "late": health.late,
        "duplicates": health.duplicates,
        "ignored": health.ignored,
        "rejected": health.rejected,
        "thinned": health.thinned,
        "rate_per_s": round(health.rate_per_s, 2),
        "last_event_time": rfc3339(health.last_event_ms),
        "last_heard": rfc3339(health.last_heard_ms),
        "age_s": None if age is None else round(age, 1),
        "senders": list(health.senders),
    }


def format_row(name: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """One format's counters; what was ignored, by type."""
    return {
        "format": name,
        **{
            k: counts.get(k, 0) for k in ("received", "accepted", "late", "duplicates", "ignored", "rejected")
        },
        "ignored_by_type": {k.split(":", 1)[1]: n for k, n in counts.items() if k.startswith("ignored:")},
    }


def sender(row: Mapping[str, Any]) -> dict[str, Any]:
    """A sender that no registry knows."""
    return {
        "sender": row["sender"],
        "format": row.get("format") or "native",
        "topic": row["topic"],
        "first_seen": rfc3339(int(row["first_seen"])),
        "last_seen": rfc3339(int(row["last_seen"])),
        "count": int(row["count"]),
    }


def dead_letters(total: int, letters: Sequence[DeadLetter], now_ms: int) -> dict[str, Any]:
    """Refused messages, the latest first; `total` counts all ever refused."""
    return {
        "as_of": rfc3339(now_ms),
        "total": total,
        "dead_letters": [
            {
                "id": d.id, "received_at": rfc3339(d.received_ms), "feed": d.feed, "topic": d.topic,
                "code": d.code, "reason": d.reason, "excerpt": d.excerpt,
            }
            for d in letters
        ],
    }  # fmt: skip
