"""Connections to the store: one place for time limits, retries and the schema check."""

from __future__ import annotations

from typing import Any, TypeAlias

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from data.store.keys import SCHEMA_VERSION, Keys

# A redis.Redis. Its own annotations mix text with bytes and answers with awaitables, so that every
# use would need a cast; the tests against real servers are what checks us here.
Store: TypeAlias = Any


class StoreError(Exception):
    """The store cannot be used; the text says why and what to do."""


def connect(url: str, *, timeout_s: float = 3.0) -> Store:
    """A client that fails fast: callers own their retries, so that they can say what is wrong meanwhile."""
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


def check_schema(store: Store, keys: Keys) -> None:
    """Create, accept or refuse the stored layout.

    Raises StoreError when a newer program has written it; an older one would be migrated here.
    """
    store.set(keys.schema, SCHEMA_VERSION, nx=True)
    found = int(store.get(keys.schema) or SCHEMA_VERSION)
    if found > SCHEMA_VERSION:
        raise StoreError(
            f'store holds schema {found} of city "{keys.city}", this program knows {SCHEMA_VERSION}; '
            "start the newer program, or another store (ROOM_REDIS_URL, ROOM_VAR)"
        )
