"""The desk's tables: their columns, and the rows as one reader's language has them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.contracts import Feed, Thing
from data.i18n import Translator
from data.live.picture import Picture
from data.profile.city import City
from layouts import desk_words as words

ORDER = ("incidents", "ambulances", "hotspots")


def columns(feed: str, tr: Translator) -> list[dict[str, Any]]:
    """AG Grid's column definitions of a table; `state` cells are drawn with their symbol."""
    text = "agTextColumnFilter"
    number = "agNumberColumnFilter"
    age = {
        "field": "event_ms", "headerName": tr("Age"), "width": 84, "filter": False, "type": "rightAligned",
        "valueFormatter": {"function": "roomAge(params)"}, "cellRenderer": "RoomAge",
    }  # fmt: skip
    state = {
        "field": "word",
        "headerName": tr("State"),
        "width": 116,
        "filter": text,
        "cellRenderer": "RoomState",
    }
    district = {"field": "district", "headerName": tr("District"), "minWidth": 100, "flex": 1, "filter": text}
    if feed == "incidents":
        return [
            {"field": "severity", "headerName": tr("Sev."), "width": 74, "filter": False, "sort": "asc",
             "cellRenderer": "RoomSeverity"},
            {"field": "id", "headerName": tr("Number"), "width": 116, "filter": text},
            {"field": "title", "headerName": tr("What"), "minWidth": 116, "flex": 1.2, "filter": text,
             "cellClass": "cell-strong"},
            district,
            {"field": "open_s", "headerName": tr("Open"), "width": 78, "filter": False, "type": "rightAligned",
             "cellRenderer": "RoomOpen"},
            {**state, "cellRenderer": "RoomStage"},
            {"field": "units", "headerName": tr("Units"), "width": 100, "filter": text},
            {"field": "address", "headerName": tr("Address"), "minWidth": 140, "flex": 1, "filter": text, "hide": True},
            {"field": "channel", "headerName": tr("Channel"), "width": 120, "filter": text, "hide": True},
        ]  # fmt: skip
    if feed == "ambulances":
        return [
            {"field": "title", "headerName": tr("Unit"), "width": 96, "filter": text, "sort": "asc",
             "cellClass": "cell-strong"},
            state,
            {"field": "kind", "headerName": tr("Type"), "width": 82, "filter": text},
            district,
            {"field": "incident", "headerName": tr("Incident"), "width": 118, "filter": text},
            {"field": "speed_kmh", "headerName": tr("Speed"), "width": 88, "filter": number,
             "type": "rightAligned"},
            {"field": "station", "headerName": tr("Station"), "width": 130, "filter": text, "hide": True},
            {"field": "battery_pct", "headerName": tr("Battery"), "width": 96, "filter": number, "hide": True,
             "type": "rightAligned"},
            age,
        ]  # fmt: skip
    return [
        {"field": "title", "headerName": tr("Hotspot"), "minWidth": 160, "flex": 1.4, "filter": text, "sort": "asc",
         "cellClass": "cell-strong"},
        state,
        district,
        {"field": "clients", "headerName": tr("Users"), "width": 88, "filter": number, "type": "rightAligned"},
        {"field": "rx_kbps", "headerName": tr("Received"), "width": 104, "filter": number, "type": "rightAligned"},
        {"field": "latency_ms", "headerName": tr("Latency"), "width": 96, "filter": number, "type": "rightAligned",
         "hide": True},
        {"field": "place", "headerName": tr("Place"), "width": 120, "filter": text, "hide": True},
        {"field": "id", "headerName": tr("Number"), "width": 100, "filter": text, "hide": True},
        age,
    ]  # fmt: skip


def rows(
    picture: Picture, name: str, *, city: City, feeds: Mapping[str, Feed], tr: Translator
) -> list[dict[str, Any]]:
    """Every object of a feed as a row; `active` tells what is open from what is closed."""
    feed = feeds[name]
    things = picture.things.get(name, {})
    return [_row(t, feed, city, tr, picture.now_ms) for _, t in sorted(things.items())]


def _row(thing: Thing, feed: Feed, city: City, tr: Translator, now_ms: int) -> dict[str, Any]:
    f = thing.fields
    row: dict[str, Any] = {
        "id": thing.id,
        "title": words.title(thing, tr),
        "symbol": thing.symbol,
        "state": words.state(thing, feed, now_ms),
        "word": words.state_text(thing, feed, tr, now_ms),
        "district": city.district_names.get(thing.district or "", thing.district or ""),
        "event_ms": None if "age_unknown" in thing.flags else thing.event_ms,
        "max_age_s": thing.max_age_s,
        "active": thing.active,
    }
    if thing.feed == "incidents":
        units = sorted(f.get("units") or {})
        row |= {
            "severity": f.get("severity"),
            "open_s": thing.since_ms,
            "ended_ms": f.get("closed_ms"),
            "waits": thing.active and not units,
            "units": f"{units[0]} +{len(units) - 1}" if len(units) > 1 else "".join(units),
            "address": f.get("address") or "",
            "channel": words.said(f.get("channel"), words.CHANNELS, tr),
        }
        if row["waits"]:
            row["word"] = tr("no unit")
    elif thing.feed == "ambulances":
        row |= {
            "kind": words.said(f.get("kind"), words.KINDS, tr),
            "incident": f.get("incident_id") or "",
            "speed_kmh": f.get("speed_kmh"),
            "station": f.get("station") or "",
            "battery_pct": f.get("battery_pct"),
        }
    else:
        row |= {k: f.get(k) for k in ("clients", "rx_kbps", "latency_ms")}
        row["place"] = tr(str(f.get("place") or "")) if f.get("place") else ""
    return row


def grid_words(tr: Translator) -> dict[str, str]:
    """The grid's own words."""
    return {
        "noRowsToShow": tr("No rows"), "contains": tr("Contains"), "notContains": tr("Does not contain"),
        "equals": tr("Equals"), "notEqual": tr("Is not"), "startsWith": tr("Begins with"),
        "endsWith": tr("Ends with"), "blank": tr("Empty"), "notBlank": tr("Not empty"),
        "lessThan": tr("Less than"), "greaterThan": tr("More than"), "lessThanOrEqual": tr("At most"),
        "greaterThanOrEqual": tr("At least"), "inRange": tr("Between"), "filterOoo": tr("Filter …"),
        "inRangeStart": tr("From"), "inRangeEnd": tr("To"), "andCondition": tr("and"), "orCondition": tr("or"),
        "pinColumn": tr("Pin column"), "pinLeft": tr("Pin left"), "pinRight": tr("Pin right"),
        "noPin": tr("Do not pin"), "autosizeThisColumn": tr("Fit this column"),
        "autosizeAllColumns": tr("Fit all columns"), "resetColumns": tr("Reset columns"),
        "chooseColumns": tr("Columns"), "sortAscending": tr("Sort upwards"),
        "sortDescending": tr("Sort downwards"), "sortUnSort": tr("Do not sort"),
        "ariaMenuColumn": tr("Column menu"), "ariaFilterInput": tr("Filter"),
        "ariaColumnFiltered": tr("filtered"),
    }  # fmt: skip
