"""Reads a simulated city's messages back into incidents, units and hotspots, for the tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from feeds.simulator.city import SimulatedCity
from feeds.simulator.outgoing import CHANGES_ONLY, HOUR, Detail, Outgoing

START = 1_795_433_400_000  # 2026-11-23 18:30 in Semarang


@dataclass
class Told:
    """One incident as its messages tell it. stages: (time, stage, unit)."""

    report: dict = field(default_factory=dict)
    at_ms: int = 0
    stages: list[tuple[int, str, str]] = field(default_factory=list)
    close_code: str = ""

    def first(self, stage: str) -> int | None:
        return min((t for t, s, _ in self.stages if s == stage), default=None)


def parts(message: Outgoing) -> tuple[str, str, str]:
    """(feed, id, kind) of a message."""
    _, _, feed, id, kind = message.topic.split("/")
    return feed, id, kind


def incidents(messages: Iterable[Outgoing]) -> dict[str, Told]:
    """All incidents by id."""
    found: dict[str, Told] = {}
    for m in messages:
        feed, id, kind = parts(m)
        if feed != "incidents":
            continue
        told = found.setdefault(id, Told())
        if kind == "report":
            told.report, told.at_ms = m.payload, m.event_ms
        else:
            told.stages.append((m.event_ms, m.payload["stage"], m.payload.get("unit_id", "")))
            told.close_code = m.payload.get("close_code", told.close_code)
    return found


def statuses(messages: Iterable[Outgoing], feed: str) -> dict[str, list[tuple[int, dict]]]:
    """Per object its (time, status message), in order, repeats left out."""
    found: dict[str, list[tuple[int, dict]]] = {}
    for m in messages:
        f, id, kind = parts(m)
        if f == feed and kind == "status":
            said = found.setdefault(id, [])
            if not said or said[-1] != (m.event_ms, m.payload):
                said.append((m.event_ms, m.payload))
    return found


def days(model: SimulatedCity, count: float, detail: Detail = CHANGES_ONLY) -> list[Outgoing]:
    """So many days of a city."""
    out: list[Outgoing] = []
    for _ in range(round(count * 24)):
        out += model.until(model.now_ms + HOUR, detail)
    return out
