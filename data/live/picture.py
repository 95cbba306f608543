"""One picture of the whole room at one moment: all that pages and API draw from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from data.contracts import FeedHealth, Problem, Reading, Thing

Mode = Literal["live", "simulated", "mixed", "exercise", "replay", "empty"]


@dataclass(frozen=True)
class Picture:
    """What is known at `now_ms`.

    mode: whose data this is. `simulated`: the store has never seen a live event, every page
    is marked; `mixed`: live events arrived on a store that holds simulated ones; `exercise`,
    `replay`: it has seen nothing else.
    things: per feed, per object id. readings: the newest per KPI id. series: per KPI the last
    six hours, oldest first, (minute in ms, value or None). problems: what the room itself lacks.
    """

    now_ms: int
    mode: Mode = "empty"
    things: Mapping[str, Mapping[str, Thing]] = field(default_factory=dict)
    readings: Mapping[str, Reading] = field(default_factory=dict)
    series: Mapping[str, Sequence[tuple[int, float | None]]] = field(default_factory=dict)
    feeds: Mapping[str, FeedHealth] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
