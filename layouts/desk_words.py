"""Words, links and small parts that the desk's documents share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.ages import span_text
from data.clock import rfc3339
from data.contracts import N_, Feed, Thing
from data.i18n import Translator
from data.profile.city import City

Block = dict[str, Any]

STAGES: Mapping[str, str] = {
    "received": N_("Received"),
    "answered": N_("Answered"),
    "dispatched": N_("Dispatched"),
    "en_route": N_("Under way"),
    "on_scene": N_("On scene"),
    "transporting": N_("Transporting"),
    "at_hospital": N_("At hospital"),
    "closed": N_("Closed"),
}
CHANNELS: Mapping[str, str] = {
    "complaint_centre": N_("complaint centre"),
    "online": N_("online form"),
    "crew": N_("crew"),
}
KINDS: Mapping[str, str] = {"car": N_("car"), "motorcycle": N_("motorcycle")}
WHY: Mapping[str, str] = {
    "no_input": N_("nothing to count yet"),
    "low_coverage": N_("too few of its members are known"),
    "none_open": N_("none is open"),
    "no_target": N_("the city has set no target"),
    "no_reading": N_("not worked out yet"),
}


def stage(code: str, tr: Translator) -> str:
    """An incident's stage in words."""
    return tr(STAGES.get(code, code))


def said(value: Any, words: Mapping[str, str], tr: Translator) -> str:
    """A code in words where we have some, else as it was sent."""
    return tr(words.get(str(value), str(value))) if value not in (None, "") else ""


def span(ms: float, tr: Translator) -> str:
    """A duration in words, "3 min 20 s"."""
    return span_text(ms / 1000, tr.words())


def district(thing: Thing, city: City) -> str:
    """Village and district of an object, as far as they are known."""
    village = city.village_names.get(str(thing.fields.get("village") or ""), "")
    name = city.district_names.get(thing.district or "", thing.district or "")
    return ", ".join(x for x in (village, name) if x)


def state(thing: Thing, feed: Feed, now_ms: int) -> str:
    """The state to draw: what is too old to be counted on is `unknown`."""
    if feed.stale_after is not None and thing.stale(now_ms):
        return "unknown"
    return thing.state


def state_text(thing: Thing, feed: Feed, tr: Translator, now_ms: int) -> str:
    """The state in words; an incident's is its stage."""
    if thing.feed == "incidents":
        return stage(str(thing.fields.get("stage") or "received"), tr)
    code = state(thing, feed, now_ms)
    return next((tr(s.label) for s in feed.states if s.code == code), tr("unknown"))


def title(thing: Thing, tr: Translator) -> str:
    """What to call an object: an incident by what happened, all else by name."""
    if thing.feed == "incidents":
        return tr(str(thing.fields.get("category"))) if thing.fields.get("category") else tr("Incident")
    return thing.label


def link(thing: Thing, feed: Feed, tr: Translator, city: City, now_ms: int) -> dict[str, Any]:
    """An object as an entry of a list: symbol, name, state, age; pressing it selects it."""
    return {
        "sel": f"{thing.feed}/{thing.id}",
        "symbol": [thing.symbol, state(thing, feed, now_ms)],
        "title": title(thing, tr),
        "sub": " · ".join(x for x in (state_text(thing, feed, tr, now_ms), district(thing, city)) if x),
        "as_of": rfc3339(None if "age_unknown" in thing.flags else thing.event_ms) or "",
        "max_age": thing.max_age_s,
        "ages": thing.max_age_s is not None,
    }


def rows(key: str, title: str, pairs: list[tuple[str, str]]) -> Block:
    """A block of label and text; what has no text is left out."""
    return {"key": key, "kind": "rows", "title": title, "rows": [[a, b] for a, b in pairs if b]}


def table(key: str, title: str, columns: list[str], lines: list[list[Any]], note: str = "") -> Block:
    """A block with a table."""
    return {"key": key, "kind": "table", "title": title, "note": note, "columns": columns, "rows": lines}
