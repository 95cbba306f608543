from __future__ import annotations

import pytest

from data.profile import City, load_city
from data.settings import PROJECT
from feeds.simulator.city import SimulatedCity
from feeds.simulator.outgoing import FULL, Outgoing
from tests.feeds.simulator.story import START, days


@pytest.fixture(scope="session")
def semarang() -> City:
    return load_city("semarang", [PROJECT / "data" / "cities"])


@pytest.fixture(scope="session")
def month(semarang: City) -> list[Outgoing]:
    """Thirty days of what changes something."""
    return days(SimulatedCity(semarang, 112, START), 30)


@pytest.fixture(scope="session")
def evening(semarang: City) -> list[Outgoing]:
    """Three hours of everything, from half past six in the evening."""
    return days(SimulatedCity(semarang, 112, START), 3 / 24, FULL)
