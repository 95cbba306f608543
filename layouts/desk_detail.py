"""What the desk says of one object, as a document that `assets/62-doc.js` draws. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.availability import UNKNOWN, share, spans
from data.clock import rfc3339
from data.contracts import Feed, Thing
from data.i18n import Translator
from data.live.picture import Picture
from data.profile.city import City
from data.store.read import Event
from data.track import Fix, fixes, length_km, stops
from layouts import desk_words as words
from layouts.desk_words import Block
from layouts.details import detail_rows

HOUR_MS = 3_600_000
ARRIVED = ("on_scene", "transporting", "at_hospital")
ORDER = tuple(words.STAGES)


def document(
    thing: Thing,
    events: Sequence[Event],
    picture: Picture,
    *,
    city: City,
    feeds: Mapping[str, Feed],
    tr: Translator,
    target_s: float | None,
) -> dict[str, Any]:
    """Head, clock and blocks of an object. events: its history, oldest first; empty: the store is away."""
    feed = feeds[thing.feed]
    now = picture.now_ms
    found: dict[str, Any] = {
        "as_of": rfc3339(now),
        "sel": f"{thing.feed}/{thing.id}",
        "symbol": [thing.symbol, words.state(thing, feed, now)],
        "title": words.title(thing, tr),
        "id": thing.id if thing.id != words.title(thing, tr) else "",
        "place": [thing.lat, thing.lon] if thing.lat is not None and thing.lon is not None else None,
        "event_time": rfc3339(None if "age_unknown" in thing.flags else thing.event_ms) or "",
        "max_age": thing.max_age_s,
        "ages": thing.max_age_s is not None,
    }
    if thing.feed == "incidents":
        found["sub"] = ", ".join(x for x in (str(thing.fields.get("address") or ""),) if x) or words.district(
            thing, city
        )
        found["clock"] = _clock(thing, tr, target_s, now)
        found["blocks"] = _incident(thing, events, picture, city, feeds, tr, target_s)
    else:
        found["sub"] = " · ".join(
            x for x in (words.state_text(thing, feed, tr, now), words.district(thing, city)) if x
        )
        if thing.since_ms:
            since = tr.time(thing.since_ms, city.zone)
            found["sub"] += f" · {tr('since {time}', time=since)}"
        if thing.feed == "ambulances":
            track = fixes(e for e in events if e.event_ms >= now - HOUR_MS)
            found["track"] = _track(track)
            found["blocks"] = _unit(thing, track, picture, city, feeds, tr)
        elif thing.feed == "hotspots":
            found["blocks"] = _hotspot(thing, events, picture, city, feed, tr)
        else:
            found["blocks"] = [words.rows("facts", tr("Details"), detail_rows(thing, feed, tr, city.zone))]
    return found


# --- incidents --------------------------------------------------------------------------------------------


def _clock(thing: Thing, tr: Translator, target_s: float | None, now_ms: int) -> dict[str, Any]:
    f = thing.fields
    arrived, closed = f.get("on_scene_ms"), f.get("closed_ms")
    raced = _raced(thing) and target_s is not None
    waits = not f.get("units") and not closed
    late = bool(
        raced and not arrived and not closed and now_ms - (thing.since_ms or now_ms) > 1000 * (target_s or 0)
    )
    text = tr("since receipt")
    if raced and target_s is not None:
        text = tr("of {target} since receipt", target=f"{int(target_s // 60)}:{int(target_s % 60):02}")
    if arrived:
        text = tr("until the first crew was there")
    elif closed:
        text = tr("until it was closed")
    badge = tr("Nobody assigned") if waits else tr("past target") if late else tr("Closed") if closed else ""
    return {
        "since": rfc3339(thing.since_ms) or "",
        "ended": rfc3339(arrived or closed) or "",
        "target_s": target_s if raced else None,
        "clock": bool(raced),
        "text": text,
        "badge": badge,
        "loud": waits or late,
        "severity": thing.fields.get("severity"),
    }


def _raced(thing: Thing) -> bool:
    severity = int(thing.fields.get("severity") or 4)
    return severity <= 2 or (
        severity == 3 and (bool(thing.fields.get("units")) or thing.fields.get("channel") == "112")
    )


def _incident(
    thing: Thing,
    events: Sequence[Event],
    picture: Picture,
    city: City,
    feeds: Mapping[str, Feed],
    tr: Translator,
    target_s: float | None,
) -> list[Block]:
    f = thing.fields
    severity = next((tr(s.label) for s in feeds[thing.feed].states if s.code == str(f.get("severity"))), "")
    facts = [
        (tr("Severity"), f"{f.get('severity')} · {severity}" if severity else ""),
        (tr("Stage"), words.stage(str(f.get("stage") or "received"), tr)),
        (tr("Address"), str(f.get("address") or "")),
        (tr("District"), words.district(thing, city)),
        (tr("Channel"), words.said(f.get("channel"), words.CHANNELS, tr)),
        (tr("Hospital"), _hospital(f.get("hospital_id"), city)),
        (tr("Close code"), str(f.get("close_code") or "")),
        (tr("Note"), str(f.get("note") or "")),
    ]
    units = [
        _crew(id, stage, picture, city, feeds, tr) for id, stage in sorted((f.get("units") or {}).items())
    ]
    return [
        {
            "key": "units",
            "kind": "links",
            "title": tr("Units on it"),
            "note": tr("with the age of each position"),
            "links": units,
            "empty": tr("No unit was sent") if f.get("closed_ms") else tr("Nobody assigned"),
        },
        {
            "key": "steps",
            "kind": "steps",
            "title": tr("What happened"),
            "steps": _steps(thing, events, city, tr, target_s),
        },
        words.rows("facts", tr("Details"), facts),
    ]


def _crew(
    id: str, stage: str, picture: Picture, city: City, feeds: Mapping[str, Feed], tr: Translator
) -> dict[str, Any]:
    unit = picture.things.get("ambulances", {}).get(id)
    if unit is None or "ambulances" not in feeds:
        return {"sel": f"ambulances/{id}", "symbol": ["unit-car", "unknown"], "title": id,
                "sub": words.stage(stage, tr), "as_of": "", "max_age": 120, "ages": True}  # fmt: skip
    entry = words.link(unit, feeds["ambulances"], tr, city, picture.now_ms)
    entry["sub"] = " · ".join(x for x in (words.stage(stage, tr), words.district(unit, city)) if x)
    return entry


def _steps(
    thing: Thing, events: Sequence[Event], city: City, tr: Translator, target_s: float | None
) -> list[dict[str, Any]]:
    """Every time stamp in order, the gap to the one before, and what has not happened yet."""
    stamps = _stamps(thing, events)
    received = thing.since_ms or (stamps[0][0] if stamps else 0)
    steps: list[dict[str, Any]] = []
    before: int | None = None
    arrived = False
    for ms, stage, unit in stamps:
        notes = []
        if before is not None:
            notes.append(tr("{gap} later", gap=words.span(ms - before, tr)))
        judged = ""
        if stage == "on_scene" and not arrived:
            arrived = True
            took = ms - received
            if target_s is not None and _raced(thing):
                judged = "met" if took <= target_s * 1000 else "missed"
                sign = tr("target {target} kept") if judged == "met" else tr("target {target} missed")
                notes.append(
                    tr("{span} after receipt", span=words.span(took, tr))
                    + ", "
                    + sign.replace("{target}", words.span(target_s * 1000, tr))
                )
            else:
                notes.append(tr("{span} after receipt", span=words.span(took, tr)))
        elif stage not in ("received", "on_scene") and before is not None and before != received:
            notes.append(tr("{span} after receipt", span=words.span(ms - received, tr)))
        steps.append(
            {
                "time": tr.time(ms, city.zone, seconds=True),
                "title": f"{words.stage(stage, tr)} · {unit}" if unit else words.stage(stage, tr),
                "note": " · ".join(notes),
                "judged": judged,
            }
        )
        before = ms
    done = {stage for _, stage, _ in stamps}
    if not thing.fields.get("closed_ms"):
        wanted = ("answered", "dispatched", "on_scene", "closed") if _raced(thing) else ("answered", "closed")
        steps += [
            {"time": "", "title": words.stage(s, tr), "note": tr("not yet"), "judged": "open"}
            for s in wanted
            if s not in done
        ]
    return steps


def _stamps(thing: Thing, events: Sequence[Event]) -> list[tuple[int, str, str]]:
    """(ms, stage, unit or ""), in order. Without history the first time of each stage has to do."""
    found = []
    for event in events:
        stage, _, unit = event.slot.partition(":")
        name = "received" if stage == "report" else stage
        if name in ORDER:
            found.append((event.event_ms, name, unit))
    if not found:
        found = [
            (int(thing.fields[f"{s}_ms"]), s, "") for s in ORDER if thing.fields.get(f"{s}_ms") is not None
        ]
    return sorted(set(found), key=lambda x: (x[0], ORDER.index(x[1]), x[2]))


def _hospital(id: Any, city: City) -> str:
    return next((h.name for h in city.hospitals if h.id == id), str(id or ""))


# --- units ------------------------------------------------------------------------------------------------


def _track(track: Sequence[Fix]) -> dict[str, Any]:
    return {
        "points": [[round(p.lat, 6), round(p.lon, 6)] for p in track],
        "stops": [[round(s.lat, 6), round(s.lon, 6)] for s in stops(track)],
    }


def _unit(
    thing: Thing,
    track: Sequence[Fix],
    picture: Picture,
    city: City,
    feeds: Mapping[str, Feed],
    tr: Translator,
) -> list[Block]:
    f, now = thing.fields, picture.now_ms
    blocks: list[Block] = []
    incident = picture.things.get("incidents", {}).get(str(f.get("incident_id") or ""))
    if incident is not None:
        blocks.append(
            {
                "key": "incident",
                "kind": "links",
                "title": tr("Sent to"),
                "links": [words.link(incident, feeds["incidents"], tr, city, now)],
            }
        )
    speed = f.get("speed_kmh")
    battery = f.get("battery_pct")
    standing = stops(track)
    facts = [
        (tr("Type"), words.said(f.get("kind"), words.KINDS, tr)),
        (tr("Station"), str(f.get("station") or "")),
        (tr("Crew"), str(f.get("crew") or "")),
        (tr("Hospital"), _hospital(f.get("hospital_id"), city)),
        (tr("Status said"), _ago(f.get("status_ms"), now, city, tr)),
        (tr("Position heard"), _ago(thing.event_ms, now, city, tr)),
        (tr("Speed"), tr.number(speed, 0, "km/h") if speed is not None else ""),
        (tr("Accuracy"), tr.number(f.get("accuracy_m"), 0, "m") if f.get("accuracy_m") is not None else ""),
        (tr("Battery"), tr.number(battery, 0, "%") if battery is not None else ""),
    ]
    blocks.append(words.rows("facts", tr("Details"), facts))
    blocks.append(
        {
            "key": "speed",
            "kind": "line",
            "title": tr("Speed, last hour"),
            "note": tr("{km} km driven", km=tr.number(length_km(track), 1)) if track else tr("no position"),
            "points": [[p.at_ms, p.speed_kmh] for p in track],
            "from": now - HOUR_MS,
            "to": now,
            "gap_ms": 180_000,
            "labels": [tr.time(now - HOUR_MS, city.zone), tr.time(now, city.zone)],
            "unit": tr("km/h"),
            "columns": [tr("Time"), tr("Speed")],
            "table": [
                [tr.time(p.at_ms, city.zone, seconds=True), tr.number(p.speed_kmh, 0)]
                for p in reversed(track)
            ],
        }
    )
    blocks.append(
        words.table(
            "stops",
            tr("Stops, last hour"),
            [tr("From"), tr("To"), tr("How long")],
            [
                [
                    tr.time(s.from_ms, city.zone),
                    tr.time(s.to_ms, city.zone),
                    words.span(s.to_ms - s.from_ms, tr),
                ]
                for s in reversed(standing)
            ],
            tr("standing for two minutes or more"),
        )
    )
    return blocks


def _ago(ms: int | None, now_ms: int, city: City, tr: Translator) -> str:
    if not ms:
        return tr("never")
    return tr(
        "{time}, {span} ago", time=tr.time(ms, city.zone, seconds=True), span=words.span(now_ms - ms, tr)
    )


# --- hotspots ---------------------------------------------------------------------------------------------


def _hotspot(
    thing: Thing, events: Sequence[Event], picture: Picture, city: City, feed: Feed, tr: Translator
) -> list[Block]:
    now = picture.now_ms
    start = now - 24 * HOUR_MS
    stale_ms = int(feed.stale_after.total_seconds() * 1000) if feed.stale_after else 24 * HOUR_MS
    said = [(e.event_ms, e.value.get("status") if e.slot == "status" else None) for e in events]
    before = thing.state if thing.since_ms and thing.since_ms <= start else UNKNOWN
    found = spans(said, start, now, stale_ms, before)
    up = share(found, "up")
    word = {s.code: tr(s.label) for s in feed.states} | {UNKNOWN: tr("unknown")}
    clients = [(e.event_ms, e.value.get("clients")) for e in events if e.slot == "telemetry"]
    clients = [(ms, n) for ms, n in clients if ms >= start]
    label = [tr.time(start, city.zone), tr.time(now, city.zone)]
    return [
        words.rows("facts", tr("Details"), detail_rows(thing, feed, tr, city.zone)),
        {
            "key": "availability",
            "kind": "bar",
            "title": tr("Availability, last 24 h"),
            "note": tr("up {share} of the time known", share=tr.number(up * 100, 1, "%"))
            if up is not None
            else tr("nothing is known"),
            "from": start,
            "to": now,
            "parts": [[s.from_ms, s.to_ms, s.state, word.get(s.state, s.state)] for s in found],
            "labels": label,
            "columns": [tr("From"), tr("To"), tr("State")],
            "table": [
                [
                    tr.time(s.from_ms, city.zone),
                    tr.time(s.to_ms, city.zone),
                    word.get(s.state, s.state),
                ]
                for s in reversed(found)
            ],
        },
        {
            "key": "clients",
            "kind": "line",
            "title": tr("Users online, last 24 h"),
            "note": "" if clients else tr("nothing measured"),
            "points": [[ms, n] for ms, n in clients],
            "from": start,
            "to": now,
            "gap_ms": stale_ms,
            "labels": label,
            "unit": "",
            "columns": [tr("Time"), tr("Users online")],
            "table": [[tr.time(ms, city.zone), tr.number(n)] for ms, n in reversed(clients)],
        },
    ]
