"""The stored layout's version: created, accepted, refused."""

from __future__ import annotations

import pytest

from data.store.connect import StoreError, check_schema
from data.store.keys import SCHEMA_VERSION, Keys


def test_an_empty_store_gets_our_version_and_keeps_it(view):
    check_schema(view.client, view.keys)
    check_schema(view.client, view.keys)
    assert int(view.client.get(view.keys.schema)) == SCHEMA_VERSION


def test_a_newer_store_is_refused_with_the_cure(view):
    view.client.set(view.keys.schema, SCHEMA_VERSION + 1)
    with pytest.raises(StoreError) as refused:
        check_schema(view.client, view.keys)
    for word in (
        str(SCHEMA_VERSION + 1),
        str(SCHEMA_VERSION),
        view.city.id,
        "ROOM_REDIS_URL",
        "newer program",
    ):
        assert word in str(refused.value)
    assert int(view.client.get(view.keys.schema)) == SCHEMA_VERSION + 1, "and nothing is overwritten"


def test_a_worker_refuses_a_newer_store_instead_of_writing_into_it(make_room, one_store, one_broker, city):
    room = make_room(one_store, one_broker, city)
    room.client.set(room.keys.schema, 99)
    with pytest.raises(StoreError):
        room.worker.start()
    assert room.client.keys(f"{room.keys.tag}:*") == [room.keys.schema.encode()]
    room.worker.error = None


def test_every_key_of_a_city_carries_its_hash_tag():
    keys = Keys("x")
    names = [n for n in vars(Keys) if not n.startswith("_") and n not in ("city", "tag")]
    found = []
    for name in names:
        key = getattr(keys, name)
        if callable(key):
            key = key(*["a"] * (key.__code__.co_argcount - 1))
        found.append(key)
    assert all(k.startswith("{x}:") for k in found)
    assert len(set(found)) == len(found)
