"""What a simulator remembers between two starts: which city it runs and how far it has told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from data.profile import City
from feeds.simulator.noise import key
from feeds.simulator.outgoing import DAY, MINUTE, Outgoing

log = structlog.get_logger("simulator")
MODEL = 1  # raise it when the same seed gives another city
LONGEST_MS = 3 * DAY


@dataclass(frozen=True)
class Told:
    """Times are the model's. offset_ms: model minus wall; open: incidents not closed yet."""

    city: str
    seed: int
    print: int
    started_ms: int
    published_until_ms: int
    offset_ms: int = 0
    open: tuple[str, ...] = ()


@dataclass(frozen=True)
class Begin:
    """Where to begin: the model from started_ms, sending what is later than published_until_ms.

    first: to be sent before anything else.
    """

    started_ms: int
    published_until_ms: int
    offset_ms: int
    first: tuple[Outgoing, ...] = ()


def fingerprint(city: City) -> int:
    """Changes when the profile would give another simulated city."""
    return key(
        MODEL, sorted(city.simulation.items()), city.zone, city.center, city.districts, city.stations,
        city.hospitals, city.roads, city.places, city.outline, sorted(city.registry.items(), key=lambda i: i[0]),
    )  # fmt: skip


def load(path: Path) -> Told | None:
    """What was remembered, None if nothing usable."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        whole = {n: int(raw[n]) for n in ("seed", "print", "started_ms", "published_until_ms", "offset_ms")}
        return Told(city=str(raw["city"]), open=tuple(map(str, raw["open"])), **whole)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("cannot read what was sent before; beginning anew", file=path.name, why=str(error))
        return None


def save(path: Path, told: Told) -> None:
    """Write it as a whole; a full disk is no reason to stop."""
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({**asdict(told), "open": list(told.open)}, indent=1) + "\n")
        fresh.replace(path)
    except OSError as error:
        log.warning("cannot note how far was sent", file=path.name, why=str(error))


def begin(told: Told | None, city: City, seed: int, now_ms: int, past_ms: int) -> Begin:
    """Go on with the city that ran, or begin a new one with a past.

    A city older than three days, or whose profile or seed changed, ends: its open incidents are
    closed and the new one begins where the old one stopped, at most `past_ms` back.
    """
    if told is None or told.city != city.id:
        return Begin(now_ms - past_ms, now_ms - past_ms - 1, 0)
    model_now = now_ms + told.offset_ms
    same = told.seed == seed and told.print == fingerprint(city)
    if same and model_now - told.started_ms <= LONGEST_MS and told.published_until_ms <= model_now + MINUTE:
        return Begin(told.started_ms, told.published_until_ms, told.offset_ms)
    start = min(max(model_now - past_ms, told.published_until_ms + 1), model_now)
    return Begin(start, start - 1, told.offset_ms, tuple(_closing(city, told.open, start)))


def _closing(city: City, open: Iterable[str], at_ms: int) -> Iterable[Outgoing]:
    for id in open:
        topic = f"city/{city.id}/incidents/{id}/progress"
        yield Outgoing(at_ms, topic, {"stage": "closed", "close_code": "simulation_restarted"}, False, at_ms)
