"""Ambulances, cars and motorcycles: where each one is and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from data.contracts import (
    N_,
    Code,
    Column,
    Facts,
    Feed,
    Latitude,
    Longitude,
    Member,
    Message,
    MessageKind,
    Quantity,
    Slot,
    StateWord,
    Text,
)

UnitStatus = Literal[
    "available", "dispatched", "en_route", "on_scene", "transporting", "at_hospital", "out_of_service"
]


class Position(Message):
    """city/{city}/ambulances/{id}/position: one GPS fix."""

    lat: Latitude
    lon: Longitude
    speed_kmh: Annotated[float, Field(ge=0, le=400, allow_inf_nan=False)] | None = None
    heading_deg: Annotated[float, Field(ge=0, le=360, allow_inf_nan=False)] | None = None
    accuracy_m: Quantity | None = None
    battery_pct: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None


class Status(Message):
    """city/{city}/ambulances/{id}/status (retained): the crew's button."""

    status: UnitStatus
    incident_id: Code | None = None
    hospital_id: Code | None = None
    crew: Text | None = None


def view(slots: Mapping[str, Slot], member: Member | None) -> Facts:
    """A unit's facts. Its age is the position's: a unit whose GPS died is not where it was."""
    position, status = slots.get("position"), slots.get("status")
    at = position.value if position else {}
    says = status.value if status else {}
    fields = {
        "kind": member.kind if member else "",
        "station": member.extra.get("station", "") if member else "",
        "speed_kmh": at.get("speed_kmh"),
        "accuracy_m": at.get("accuracy_m"),
        "battery_pct": at.get("battery_pct"),
        "incident_id": says.get("incident_id"),
        "hospital_id": says.get("hospital_id"),
        "crew": says.get("crew"),
        "status_ms": status.event_ms if status else None,
    }
    event_ms = position.event_ms if position else (status.event_ms if status else None)
    return Facts(
        state=str(says.get("status", "unknown")),
        event_ms=event_ms,
        lat=at.get("lat"),
        lon=at.get("lon"),
        heading_deg=at.get("heading_deg"),
        since_ms=status.since_ms if status else None,
        fields=fields,
    )


FEED = Feed(
    name="ambulances",
    noun=N_("unit"),
    title=N_("Ambulances"),
    short=N_("Ambulances"),
    members="registered",
    messages=(
        MessageKind("position", Position, place=True),
        MessageKind("status", Status, track="status", time_optional=True, retained=True),
    ),
    view=view,
    states=(
        StateWord("available", N_("available"), N_("available"), "free"),
        StateWord("dispatched", N_("dispatched"), N_("dispatched"), "busy"),
        StateWord("en_route", N_("en route"), N_("en route"), "busy"),
        StateWord("on_scene", N_("on scene"), N_("on scene"), "busy"),
        StateWord("transporting", N_("transporting"), N_("transporting"), "busy"),
        StateWord("at_hospital", N_("at hospital"), N_("at hospital"), "rest"),
        StateWord("out_of_service", N_("out of service"), N_("out of service"), "rest"),
    ),
    columns=(
        Column("kind", N_("Type")),
        Column("station", N_("Station")),
        Column("speed_kmh", N_("Speed"), "km/h"),
        Column("battery_pct", N_("Battery"), "%"),
        Column("incident_id", N_("Incident")),
        Column("hospital_id", N_("Hospital")),
    ),
    symbol="unit-{kind}",
    stale_after=timedelta(seconds=120),
    moving=True,
    order=10,
)
