"""What stands behind a figure: formula, target, members in and out, age, last readings. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.clock import rfc3339
from data.contracts import N_, Feed, Kpi, Reading, Target, Thing
from data.i18n import Translator
from data.live.picture import Picture
from data.profile.city import City
from layouts import desk_words as words
from layouts.tiles import target_text

NAMED = 30
HOURS_MS = 6 * 3_600_000
STATES: Mapping[str, str] = {
    "good": N_("within target"),
    "watch": N_("to watch"),
    "bad": N_("bad"),
    "critical": N_("critical"),
    "unknown": N_("unknown"),
}
DIRECTIONS: Mapping[str, str] = {
    "lower": N_("lower is better"),
    "higher": N_("higher is better"),
    "neither": N_("neither high nor low is better"),
}


def document(
    kpi: Kpi,
    readings: Sequence[tuple[int, Reading]],
    picture: Picture,
    *,
    city: City,
    feeds: Mapping[str, Feed],
    tr: Translator,
) -> dict[str, Any]:
    """The document of a KPI. readings: those kept by minute, oldest first."""
    target = city.kpis.get(kpi.id, Target(None))
    reading = picture.readings.get(kpi.id)
    now = picture.now_ms
    max_age = kpi.stale_after.total_seconds()
    stale = reading is None or reading.as_of_ms is None or now - reading.as_of_ms > max_age * 1000
    value = None if stale or reading is None else reading.value
    state = kpi.judge(reading if value is not None else None, target)
    series = [[ms, v] for ms, v in picture.series.get(kpi.id, ()) if ms >= now - HOURS_MS]
    return {
        "as_of": rfc3339(now),
        "sel": f"kpis/{kpi.id}",
        "symbol": ["kpi", state],
        "title": tr(kpi.label),
        "sub": tr(kpi.formula),
        "id": "",
        "value": {
            "text": tr("unknown") if value is None else tr.number(value, kpi.decimals),
            "unit": tr(kpi.unit) if kpi.unit and value is not None else "",
            "known": value is not None,
        },
        "event_time": (rfc3339(reading.as_of_ms) or "") if reading else "",
        "max_age": max_age,
        "ages": True,
        "blocks": [
            words.rows("facts", tr("What it stands on"), _facts(kpi, reading, target, state, value, tr)),
            {
                "key": "series",
                "kind": "line",
                "title": tr("Last six hours"),
                "note": "" if series else tr("nothing kept yet"),
                "points": series,
                "from": now - HOURS_MS,
                "to": now,
                "gap_ms": 400_000,  # older minutes are kept every five
                "zoom": True,
                "labels": [tr.time(now - HOURS_MS, city.zone), tr.time(now, city.zone)],
                "target": target.value,
                "unit": tr(kpi.unit) if kpi.unit else "",
                "columns": [tr("Time"), tr("Value"), tr("Stands on")],
                "table": [
                    [
                        tr.time(ms, city.zone),
                        tr("unknown") if r.value is None else tr.number(r.value, kpi.decimals),
                        tr("{n} of {total}", n=tr.number(r.n), total=tr.number(r.of)),
                    ]
                    for ms, r in reversed(readings)
                ],
            },
            *_members(kpi, picture, city, feeds, tr),
        ],
    }


def _facts(
    kpi: Kpi, reading: Reading | None, target: Target, state: str, value: float | None, tr: Translator
) -> list[tuple[str, str]]:
    bands = [
        f"{tr(STATES[name])} {'>' if kpi.better == 'lower' else '<'} {tr.number(limit, _decimals(limit))}"
        for name, limit in (("watch", target.watch), ("bad", target.bad), ("critical", target.critical))
        if limit is not None
    ]
    facts = [
        (tr("State"), tr(STATES.get(state, state))),
        (tr("Why no value"), words.said(reading.why if reading else "no_reading", words.WHY, tr))
        if value is None
        else ("", ""),
        (tr("Target"), target_text(kpi, target, tr) or tr("none set")),
        (tr("Bands"), ", ".join(bands)),
        (tr("Source of the target"), target.source),
        (tr("Direction"), tr(DIRECTIONS[kpi.better])),
        (
            tr("Members in"),
            tr("{n} of {total}", n=tr.number(reading.n), total=tr.number(reading.of)) if reading else "",
        ),
        (tr("Members out"), tr.number(reading.of - reading.n) if reading else ""),
        (tr("Oldest it may be"), words.span(kpi.stale_after.total_seconds() * 1000, tr)),
        (tr("Window"), words.span(kpi.window.total_seconds() * 1000, tr) if kpi.window else tr("now")),
    ]
    if reading and reading.parts and value is not None:
        facts.append(
            (tr("Split"), ", ".join(f"{tr(_part(k))} {tr.number(v)}" for k, v in reading.parts.items()))
        )
    return facts


def _part(code: str) -> str:
    return code.replace("_", " ")


def _decimals(value: float) -> int:
    return 0 if value == int(value) else 1


def _members(
    kpi: Kpi, picture: Picture, city: City, feeds: Mapping[str, Feed], tr: Translator
) -> list[dict[str, Any]]:
    """The objects behind the figure, those it cannot count first."""
    feed = feeds.get(kpi.reads)
    if feed is None:
        return []
    now = picture.now_ms
    things = list(picture.things.get(kpi.reads, {}).values())
    if feed.members == "open":
        since = now - kpi.window.total_seconds() * 1000 if kpi.window else None
        if kpi.id.startswith("ambulance.response"):
            sent = [t for t in things if _sent(t) and (t.since_ms or 0) >= (since or 0)]
            sent.sort(key=lambda t: -(t.since_ms or 0))
            there = [t for t in sent if t.fields.get("on_scene_ms")]
            waiting = [t for t in sent if not t.fields.get("on_scene_ms")]
            return [
                _list("out", tr("Not counted: nobody is there yet"), waiting, feed, city, now, tr),
                _list("in", tr("Counted"), there, feed, city, now, tr),
            ]
        counted = [t for t in things if (t.active if since is None else (t.since_ms or 0) >= since)]
        counted.sort(key=lambda t: -(t.since_ms or 0))
        return [_list("members", tr("Incidents it reads"), counted, feed, city, now, tr)]
    known = [t for t in things if not t.stale(now) and t.state != "unknown"]
    names = {t.id for t in known}
    out = [t for t in things if t.id not in names]
    return [
        _list("out", tr("Not counted: silent or never heard"), _sorted(out), feed, city, now, tr),
        _list("in", tr("Counted"), _sorted(known), feed, city, now, tr),
    ]


def _sent(thing: Thing) -> bool:
    """An incident that needs a crew and has one: what the response figures are about."""
    f = thing.fields
    return int(f.get("severity") or 4) <= 3 and bool(f.get("dispatched_ms") or f.get("on_scene_ms"))


def _sorted(things: list[Thing]) -> list[Thing]:
    return sorted(things, key=lambda t: t.label)


def _list(
    key: str, title: str, things: Sequence[Thing], feed: Feed, city: City, now_ms: int, tr: Translator
) -> dict[str, Any]:
    more = len(things) - NAMED
    return {
        "key": key,
        "kind": "links",
        "title": title,
        "note": tr.number(len(things)),
        "links": [words.link(t, feed, tr, city, now_ms) for t in things[:NAMED]],
        "empty": tr("none"),
        "more": tr("{n} more", n=tr.number(more)) if more > 0 else "",
    }
