"""The simulator as a process: `app.py simulate`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import structlog

from data.clock import now_ms, rfc3339
from data.contracts import Feed, Member
from data.profile import City
from data.settings import Settings
from feeds.simulator import state
from feeds.simulator.city import SimulatedCity
from feeds.simulator.crowd import Crowd, members
from feeds.simulator.devices import Devices
from feeds.simulator.link import Link
from feeds.simulator.outgoing import DAY, HOUR, MINUTE
from feeds.simulator.pace import Pace
from feeds.simulator.sender import Lifeline, Sender

log = structlog.get_logger("simulator")
SEED = 112
CROWD_S = 5.0  # how often each extra unit sends its position when no rate is given
FASTEST = 1000.0
Register = Callable[[str, Sequence[Member]], None]


def run(
    settings: Settings,
    city: City,
    feeds: Mapping[str, Feed],
    lifeline: Lifeline,
    *,
    seed: int = SEED,
    speed: float = 1.0,
    units: int | None = None,
    rate: float | None = None,
    past: str = "24h",
    register: Register | None = None,
) -> None:
    """Run until `lifeline.stopping`; the broker is `settings.mqtt_url`.

    speed: how much faster than the clock the city lives. units: ambulances altogether; what the
    profile lacks is registered as SIM-00001 … rate: positions a second of those extra units.
    past: how much of the past a city gets at its first start. register: (feed, members) makes
    them known, by default in the store at `settings.redis_url`.
    Ends the process with code 2, after saying the cure, for arguments that cannot be.
    """
    try:
        extra = _extra(city, units, rate)
        past_ms = span_ms(past)
        if not 0 < speed <= FASTEST:
            raise ValueError(f"--speed {speed:g}: must be above 0 and at most {FASTEST:g}")
        starting = now_ms()
        path = settings.var / "simulator.json"
        start = state.begin(state.load(path), city, seed, starting, past_ms)
        model = SimulatedCity(city, seed, start.started_ms)
    except ValueError as wrong:
        lifeline.cure(str(wrong))
        raise SystemExit(2) from None
    url = settings.mqtt_url or f"mqtt://127.0.0.1:{settings.mqtt_port or 1883}"
    hotspots = list(city.registry.get("hotspots", {}))
    told = state.Told(
        city.id, seed, state.fingerprint(city), start.started_ms, start.published_until_ms, start.offset_ms
    )
    if not lifeline.wait_go():
        return
    crowd = None
    if extra:
        (register or _in_store(settings, city))("ambulances", members(extra))
        crowd = Crowd(city.id, extra, rate or extra / CROWD_S, model.ways, seed)
    sender = Sender(
        model,
        Link(url, f"room-{city.id}-simulator"),
        Devices(url, city.id, hotspots, seed),
        Pace(starting, start.offset_ms, speed),
        told,
        crowd=crowd,
        note=lambda now_told: state.save(path, now_told),
    )
    log.info(
        "simulated city",
        city=city.id,
        seed=seed,
        speed=speed,
        extra_units=extra,
        begun=rfc3339(start.started_ms),
    )
    sender.run(start.first, lifeline)


def _extra(city: City, units: int | None, rate: float | None) -> int:
    own = len(city.registry.get("ambulances", {}))
    extra = max(0, (units or 0) - own)
    if rate is not None and (rate <= 0 or not extra):
        raise ValueError(
            f"--rate {rate:g}: must be above 0, and goes with --units N of more than the profile's {own}"
        )
    return extra


def _in_store(settings: Settings, city: City) -> Register:
    from data.store.connect import connect  # only who asks for more units needs the store
    from data.store.keys import Keys
    from data.store.registry import register

    return lambda feed, new: register(connect(settings.redis_url), Keys(city.id), feed, new)


def span_ms(text: str) -> int:
    """`24h`, `60d` or `90m` in milliseconds. Raises ValueError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([mhd])", text.strip())
    if not found:
        raise ValueError(f'--past "{text}": write for example 24h or 60d')
    return int(float(found[1]) * {"m": MINUTE, "h": HOUR, "d": DAY}[found[2]])
