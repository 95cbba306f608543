"""A writer for the test's city on each kind of store."""

from __future__ import annotations

import pytest

from data.profile import City
from tests.data.store.entries import Writer
from tests.servers import StoreServer


@pytest.fixture
def writer(store: StoreServer, city: City) -> Writer:
    return Writer(store.url, city.id)
