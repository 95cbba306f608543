"""Public WiFi hotspots: is each one up, and how many people use it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from data.contracts import (
    N_,
    Column,
    Count,
    Facts,
    Feed,
    Member,
    Message,
    MessageKind,
    Quantity,
    Slot,
    StateWord,
)


class Status(Message):
    """city/{city}/hotspots/{id}/status (retained; the last will says `down`)."""

    status: Literal["up", "degraded", "down"]


class Telemetry(Message):
    """city/{city}/hotspots/{id}/telemetry: what the access point measures."""

    clients: Count
    rx_kbps: Quantity
    tx_kbps: Quantity
    latency_ms: Quantity | None = None


def view(slots: Mapping[str, Slot], member: Member | None) -> Facts:
    """A hotspot's facts. Its age is that of the newest word from it; users online only while it is up."""
    status, telemetry = slots.get("status"), slots.get("telemetry")
    state = str(status.value["status"]) if status else "unknown"
    measured = telemetry.value if telemetry and state != "down" else {}
    newest = max((s.event_ms for s in slots.values()), default=None)
    return Facts(
        state=state,
        event_ms=newest,
        lat=member.lat if member else None,
        lon=member.lon if member else None,
        since_ms=status.since_ms if status else None,
        fields={
            "clients": measured.get("clients", 0 if state == "down" else None),
            "rx_kbps": measured.get("rx_kbps"),
            "tx_kbps": measured.get("tx_kbps"),
            "latency_ms": measured.get("latency_ms"),
            "place": member.extra.get("place", "") if member else "",
        },
    )


FEED = Feed(
    name="hotspots",
    noun=N_("hotspot"),
    title=N_("WiFi hotspots"),
    short=N_("Hotspots"),
    members="registered",
    messages=(
        MessageKind("status", Status, track="status", time_optional=True, retained=True),
        MessageKind("telemetry", Telemetry),
    ),
    view=view,
    states=(
        StateWord("up", N_("up"), N_("up"), "rest"),
        StateWord("degraded", N_("degraded"), N_("degraded"), "s3"),
        StateWord("down", N_("down"), N_("down"), "s2"),
    ),
    columns=(
        Column("place", N_("Place")),
        Column("clients", N_("Users online")),
        Column("rx_kbps", N_("Received"), "kbit/s"),
        Column("tx_kbps", N_("Sent"), "kbit/s"),
        Column("latency_ms", N_("Latency"), "ms"),
    ),
    symbol="hotspot",
    stale_after=timedelta(minutes=15),
    cluster=True,
    quiet_states=("up",),
    order=30,
)
