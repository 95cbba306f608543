"""One role started by hand, beside roles in other terminals: choose the port, note it, tidy up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from data.settings import Settings
from deploy.local import broker as broker_role
from deploy.local import plan, ports, running
from deploy.local import store as store_role
from deploy.local.cure import Cure
from deploy.local.lifeline import Lifeline

if TYPE_CHECKING:
    from data.contracts import Feed


@contextlib.contextmanager
def store(settings: Settings, lifeline: Lifeline) -> Iterator[Settings]:
    """The settings with the store's port; under a supervisor they hold it already."""
    if lifeline.supervised:
        yield settings
        return
    _absent(settings, "store")
    port = ports.choose(
        store_role.HOST, settings.redis_port, store_role.DEFAULT_PORT, "ROOM_REDIS_PORT", set()
    )
    running.put(settings, {"store": {"url": f"redis://{store_role.HOST}:{port}/0", "port": port}})
    try:
        yield settings.model_copy(update={"redis_port": port})
    finally:
        running.drop(settings)


@contextlib.contextmanager
def broker(
    settings: Settings, lifeline: Lifeline, inner: str | None
) -> Iterator[tuple[Settings, tuple[int, int]]]:
    """The settings with the broker's port, and its two inner ports."""
    if inner:
        old, new = inner.split(",")
        yield settings, (int(old), int(new))
        return
    _absent(settings, "broker")
    taken: set[int] = set()
    port = ports.choose(
        broker_role.HOST, settings.mqtt_port, broker_role.DEFAULT_PORT, "ROOM_MQTT_PORT", taken
    )
    running.put(settings, {"broker": {"url": f"mqtt://{broker_role.HOST}:{port}", "port": port}})
    lifeline.at_end = lambda: running.drop(settings)
    try:
        yield settings.model_copy(update={"mqtt_port": port}), broker_role.choose_inner(taken)
    finally:
        running.drop(settings)


@contextlib.contextmanager
def web(settings: Settings, lifeline: Lifeline) -> Iterator[Settings]:
    """The settings with web port and store; noted unless a running room has a web process of its own."""
    served = running.need(settings, "store")
    if lifeline.supervised:
        yield served
        return
    # not the port of a web process that runs here already, which `served` names
    port = ports.choose(settings.http_host, settings.http_port, plan.WEB_PORT, "ROOM_HTTP_PORT", set())
    settings = served.model_copy(update={"http_port": port})
    if "web" not in running.parts(settings.var):
        noted = {"url": plan.address(settings), "host": settings.http_host, "port": port}
        running.put(settings, {"web": noted})
    try:
        yield settings
    finally:
        running.drop(settings)


def forget(settings: Settings, source: str, feeds: Mapping[str, Feed]) -> None:
    """Remove what this source has left in store and files, and what the simulator remembers of it."""
    from data.archive import move
    from data.store import sources
    from data.store.connect import connect
    from data.store.keys import Keys

    settings = running.need(settings, "store")
    removed = sources.forget(connect(settings.redis_url), Keys(settings.city), list(feeds), source)
    filed = move.forget(move.city_folder(settings.var, settings.city), source)
    if source == "simulated":
        (settings.var / "simulator.json").unlink(missing_ok=True)
    print(
        f"removed {removed} {source} events, {filed} from older files; counters stay, they say what was received"
    )
    if source == "simulated" and running.simulates(settings.var):
        print(
            "the simulated city still runs here and goes on sending: stop the room, start it with "
            "ROOM_SIMULATE=off, then run this again"
        )


def _absent(settings: Settings, name: str) -> None:
    found = running.parts(settings.var).get(name)
    if found:
        raise Cure(
            f"a {name} already runs in {settings.var} ({found['url']}, process {found['pid']}): stop it first, "
            "or set ROOM_VAR to another folder"
        )
