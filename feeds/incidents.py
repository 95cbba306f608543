"""Incidents: 112 and complaint-centre calls, with every time from receipt to close."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

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
    Note,
    Slot,
    StateWord,
    Text,
)

Stage = Literal["answered", "dispatched", "en_route", "on_scene", "transporting", "at_hospital", "closed"]
STAGES: tuple[Stage, ...] = (
    "answered", "dispatched", "en_route", "on_scene", "transporting", "at_hospital", "closed",
)  # fmt: skip
UNIT_STAGES = ("dispatched", "en_route", "on_scene", "transporting", "at_hospital")


class Report(Message):
    """city/{city}/incidents/{id}/report: somebody called; starts the response clock."""

    category: Text
    severity: Annotated[int, Field(ge=1, le=4)]
    lat: Latitude
    lon: Longitude
    channel: Text
    address: Text | None = None
    note: Note | None = None


class Progress(Message):
    """city/{city}/incidents/{id}/progress: one stage reached, by one unit where units are meant."""

    stage: Stage
    unit_id: Code | None = None
    hospital_id: Code | None = None
    close_code: Text | None = None


def progress_slot(message: Progress) -> str:
    """Each stage of each unit keeps its own time: two crews may be on one incident."""
    return f"{message.stage}:{message.unit_id}" if message.unit_id else message.stage


def view(slots: Mapping[str, Slot], member: Member | None) -> Facts:
    """An incident's facts: the first time of each stage, and each unit's latest stage.

    An incident does not age: it stays open until somebody closes it.
    """
    report = slots.get("report")
    says = report.value if report else {}
    first: dict[str, int] = {}
    units: dict[str, tuple[int, str]] = {}
    hospital: tuple[int, Any] = (-1, None)
    close_code = None
    for name, slot in slots.items():
        if name == "report":
            continue
        stage, _, unit = name.partition(":")
        first[stage] = min(slot.event_ms, first.get(stage, slot.event_ms))
        if unit and stage in UNIT_STAGES:
            units[unit] = max(units.get(unit, (-1, "")), (slot.event_ms, stage))
        if slot.value.get("hospital_id"):
            hospital = max(hospital, (slot.event_ms, slot.value["hospital_id"]))
        if stage == "closed":
            close_code = slot.value.get("close_code")
    closed = "closed" in first
    received = report.event_ms if report else min(first.values(), default=None)
    stage = max((s for s in STAGES if s in first), key=STAGES.index, default="received")
    fields: dict[str, Any] = {
        "category": says.get("category", ""),
        "severity": says.get("severity"),
        "channel": says.get("channel", ""),
        "address": says.get("address"),
        "note": says.get("note"),
        "stage": stage,
        "units": {unit: what for unit, (_, what) in sorted(units.items())},
        "hospital_id": hospital[1],
        "close_code": close_code,
        "received_ms": received,
        **{f"{s}_ms": first.get(s) for s in STAGES},
    }
    return Facts(
        state="closed" if closed else str(says.get("severity", 4)),
        event_ms=max((s.event_ms for s in slots.values()), default=None),
        lat=says.get("lat"),
        lon=says.get("lon"),
        since_ms=received,
        active=not closed,
        fields=fields,
    )


FEED = Feed(
    name="incidents",
    noun=N_("incident"),
    title=N_("Incidents"),
    short=N_("Incidents"),
    members="open",
    messages=(
        MessageKind("report", Report, place=True),
        MessageKind("progress", Progress, slot=progress_slot),
    ),
    view=view,
    states=(
        StateWord("1", N_("life at risk"), N_("life at risk"), "s1"),
        StateWord("2", N_("urgent"), N_("urgent"), "s2"),
        StateWord("3", N_("needs a visit"), N_("needs a visit"), "s3"),
        StateWord("4", N_("can wait"), N_("can wait"), "rest"),
    ),
    columns=(
        Column("category", N_("What")),
        Column("severity", N_("Severity")),
        Column("stage", N_("Stage")),
        Column("channel", N_("Channel")),
        Column("address", N_("Place")),
    ),
    symbol="incident",
    stale_after=None,
    quiet_ok=True,
    keep_inactive=timedelta(hours=48),
    order=20,
)
