"""The command: `python app.py` runs everything on this machine, `python app.py ROLE` one part of it."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 before anything that an older Python could not read
    print(
        f"room: Python 3.11 or newer is needed, this is {sys.version.split()[0]}: "
        "install python3.11 and remove .venv",
        file=sys.stderr,
    )
    sys.exit(2)

import argparse
import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy.local.cure import from_error

if TYPE_CHECKING:
    from data.contracts import Feed, Format, Kpi
    from data.profile import City
    from data.settings import Settings
    from deploy.local.lifeline import Lifeline

# Every role imports what it needs inside its function: all start side by side, and none pays for another.

Arguments = argparse.Namespace


# --- declarations: found here, handed down as values ----------------------------------------


def _modules(folder: str) -> list[Any]:
    from data.settings import PROJECT

    names = sorted(p.stem for p in (PROJECT / folder).glob("*.py") if not p.stem.startswith("_"))
    return [importlib.import_module(f"{folder.replace('/', '.')}.{name}") for name in names]


def find_feeds() -> dict[str, Feed]:
    """Every feed declared in `feeds/*.py` (a `FEED`), by name, in the order they are shown."""
    found: list[Feed] = [m.FEED for m in _modules("feeds") if hasattr(m, "FEED")]
    return {f.name: f for f in sorted(found, key=lambda f: (f.order, f.name))}


def find_formats() -> dict[str, Format]:
    """Every format declared in `feeds/formats/*.py` (a `FORMAT`), by name."""
    return {m.FORMAT.name: m.FORMAT for m in _modules("feeds/formats") if hasattr(m, "FORMAT")}


def find_kpis() -> list[Kpi]:
    """Every KPI declared in `data/kpis/*.py` (a tuple `KPIS`)."""
    return [kpi for m in _modules("data/kpis") for kpi in getattr(m, "KPIS", ())]


@dataclass(frozen=True)
class World:
    """What a role is given: the city and the declarations that its profile uses."""

    city: City
    feeds: Mapping[str, Feed]
    formats: Mapping[str, Format]
    kpis: Sequence[Kpi]


def load_world(settings: Settings, *, figures: bool = True) -> World:
    """The city of these settings with its feeds, formats and (`figures`) KPIs. Raises CityErrors."""
    from data.profile.load import load_city

    feeds, formats, kpis = find_feeds(), find_formats(), find_kpis() if figures else []
    city = load_city(
        settings.city,
        settings.city_folders,
        known_feeds=list(feeds),
        known_kpis=[k.id for k in kpis] if figures else None,
        known_formats=list(formats),
    )
    if city.feeds:
        feeds = {name: feeds[name] for name in city.feeds}
    return World(city, feeds, formats, [k for k in kpis if k.reads in feeds])


# --- roles ----------------------------------------------------------------------------------


def _web(settings: Settings, _given: Arguments, lifeline: Lifeline) -> None:
    from callbacks import server
    from deploy.local import alone

    world = load_world(settings)
    with alone.web(settings, lifeline) as settings:
        server.main(settings, world.city, world.feeds, world.kpis, lifeline)


def _feeds(settings: Settings, _given: Arguments, lifeline: Lifeline) -> None:
    from deploy.local import running
    from feeds.worker import run

    world = load_world(settings)
    settings = running.need(settings, "store", "broker")
    run.main(settings, world.city, world.feeds, world.formats, world.kpis, lifeline)


def _simulate(settings: Settings, given: Arguments, lifeline: Lifeline) -> None:
    from deploy.local import running
    from feeds.simulator import run

    world = load_world(settings, figures=False)
    settings = running.need(settings, "store", "broker")
    run.run(settings, world.city, world.feeds, lifeline, **_chosen(given, SIMULATION))


def _broker(settings: Settings, given: Arguments, lifeline: Lifeline) -> None:
    from deploy.local import alone, broker

    with alone.broker(settings, lifeline, given.inner) as (settings, inner):
        broker.main(settings, lifeline, inner)


def _store(settings: Settings, given: Arguments, lifeline: Lifeline) -> None:
    from deploy.local import alone, store

    if given.repair:
        store.repair(settings, print)
    elif given.forget:
        alone.forget(settings, given.forget, find_feeds())
    else:
        with alone.store(settings, lifeline) as settings:
            store.main(settings, lifeline)


# --- commands -------------------------------------------------------------------------------


def _everything(settings: Settings, given: Arguments) -> int:
    from deploy.local import supervisor

    return supervisor.main(settings, _as_arguments(given, SIMULATION))


def _config(settings: Settings, _given: Arguments) -> int:
    from deploy.local import show

    return show.config(settings)


def _doctor(settings: Settings, _given: Arguments) -> int:
    from deploy.local import doctor

    return doctor.main(settings, lambda: load_world(settings).city)


def _replay(settings: Settings, given: Arguments) -> int:
    from deploy.local import running
    from feeds.replay import command

    world = load_world(settings, figures=False)
    return command.main(running.need(settings, "store", "broker"), world.city, list(world.feeds), given)


def _export(settings: Settings, given: Arguments) -> int:
    from deploy.local import keep
    from deploy.local.cure import Cure

    world = load_world(settings, figures=False)
    if given.feed not in world.feeds:
        raise Cure(f'no feed "{given.feed}" in this city, only {", ".join(world.feeds)}')
    return keep.export(settings, world.city, world.feeds[given.feed], given)


def _backup(settings: Settings, given: Arguments) -> int:
    from deploy.local import keep

    return keep.backup(settings, load_world(settings, figures=False).city, given)


def _restore(settings: Settings, given: Arguments) -> int:
    from deploy.local import keep

    return keep.restore(settings, load_world(settings, figures=False).city, given)


SIMULATION = ("seed", "speed", "units", "rate", "past")


def _simulation_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, help="same seed, same city")
    parser.add_argument("--speed", type=float, help="how much faster than the clock, for example 10")
    parser.add_argument(
        "--units", type=int, help="number of ambulances; what the profile lacks is registered"
    )
    parser.add_argument("--rate", type=float, help="messages a second to reach")
    parser.add_argument("--past", help="fill so much history first, for example 24h or 60d")


def _broker_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--inner", help=argparse.SUPPRESS)


def _replay_arguments(parser: argparse.ArgumentParser) -> None:
    from feeds.replay.arguments import add_arguments

    add_arguments(parser)


def _keep_arguments(word: str) -> Callable[[argparse.ArgumentParser], None]:
    def add(parser: argparse.ArgumentParser) -> None:
        from deploy.local import keep_arguments

        getattr(keep_arguments, word)(parser)

    return add


def _store_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repair", action="store_true", help="cut an append-only file that cannot be read")
    parser.add_argument("--forget", choices=["simulated"], help="remove what a simulation has stored")


@dataclass(frozen=True)
class Command:
    """One word after `app.py`. role: a long-running part; call: anything else, gives the exit code.

    late_s: how much later than the others a role ends when its supervisor has vanished.
    """

    name: str
    help: str
    role: Callable[[Settings, Arguments, Lifeline], None] | None = None
    call: Callable[[Settings, Arguments], int] | None = None
    arguments: Callable[[argparse.ArgumentParser], None] | None = None
    late_s: float = 0.0


COMMANDS = (
    Command("web", "pages, HTTP interface and live channel", role=_web),
    Command("feeds", "the worker that takes messages from the broker into the store",
            role=_feeds),
    Command("simulate", "a simulated city that sends what devices would",
            role=_simulate, arguments=_simulation_arguments),
    Command("broker", "the embedded MQTT broker", role=_broker, arguments=_broker_arguments, late_s=1.0),
    Command("store", "the embedded store", role=_store, arguments=_store_arguments, late_s=1.5),
    Command("config", "print the settings in force, secrets masked", call=_config),
    Command("doctor", "look for what is missing or wrong, and say what to do", call=_doctor),
    Command("replay", "send a recording through the broker again", call=_replay, arguments=_replay_arguments),
    Command("export", "write a feed's events of a period to a file",
            call=_export, arguments=_keep_arguments("export")),
    Command("backup", "write the city's data into one file", call=_backup, arguments=_keep_arguments("backup")),
    Command("restore", "bring a backup back", call=_restore, arguments=_keep_arguments("restore")),
)  # fmt: skip


def _chosen(given: Arguments, names: Sequence[str]) -> dict[str, Any]:
    return {n: getattr(given, n) for n in names if getattr(given, n, None) is not None}


def _as_arguments(given: Arguments, names: Sequence[str]) -> list[str]:
    return [part for n, v in _chosen(given, names).items() for part in (f"--{n}", str(v))]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python app.py",
        description="The situation room. Without a word: everything on this machine.",
        epilog="Settings are environment variables that begin with ROOM_; `app.py config` lists them.",
    )
    _simulation_arguments(top.add_argument_group("simulated city (when everything is started)"))  # type: ignore[arg-type]
    words = top.add_subparsers(dest="word", metavar="WORD")
    for command in COMMANDS:
        sub = words.add_parser(command.name, help=command.help, description=command.help.capitalize() + ".")
        if command.arguments:
            command.arguments(sub)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. 2: something outside the program is wrong, said on stderr."""
    given = parser().parse_args(arguments)
    command = next((c for c in COMMANDS if c.name == given.word), None)
    try:
        from deploy.local import show

        settings = show.settings()
        if command is None:
            return _everything(settings, given)
        if command.call:
            return command.call(settings, given)
    except BrokenPipeError:  # `app.py doctor | head`: whoever read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _failed(error, None)
    return _run_role(command, settings, given)


def _run_role(command: Command, settings: Settings, given: Arguments) -> int:
    from deploy.local.lifeline import Lifeline

    lifeline = Lifeline(command.name, grace_s=command.late_s).attach()
    try:
        from deploy.local import logs

        logs.set_up(command.name, settings.log)
        assert command.role
        command.role(settings, given, lifeline)
    except Exception as error:
        return _failed(error, lifeline)
    return 0


def _failed(error: Exception, lifeline: Lifeline | None) -> int:
    cure = from_error(error)
    if cure is None and lifeline is not None and lifeline.supervised:
        import structlog

        structlog.get_logger("room").critical(
            "the role failed", exc_info=error, why=f"{type(error).__name__}: {error}"
        )
        return 1
    if cure is None:
        raise error
    if lifeline is not None:
        lifeline.cure(str(cure))
    else:
        print(f"room: {cure}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
