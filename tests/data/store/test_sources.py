"""Whose data it is, and how a simulation leaves the store."""

from __future__ import annotations

from data.clock import now_ms
from data.store import read, sources
from data.store.ingest import Ingest, event_entry
from data.store.keys import Keys
from tests.room import StoreView


def put(ingest: Ingest, id: str, source: str, at_ms: int, status: str) -> None:
    entry = event_entry(
        "hotspots", id, "status", "status", event_ms=at_ms, received_ms=at_ms, source=source, track=status,
        value={"status": status},
    )  # fmt: skip
    assert ingest.write([entry], now_ms()) == "a"


def test_forgetting_the_simulation_leaves_what_is_live(view: StoreView) -> None:
    store, keys = view.client, view.keys
    ingest = Ingest(store, keys, stream_events=1000)
    now = now_ms()
    put(ingest, "H-1", "simulated", now - 3000, "up")
    put(ingest, "H-2", "live", now - 2000, "down")
    assert sources.mode(sources.counts(store, keys)) == "mixed"
    assert sources.forget(store, keys, ["hotspots"], "simulated") == 1
    assert sources.mode(sources.counts(store, keys)) == "live"
    assert read.stored_ids(store, keys, "hotspots") == ["H-2"]
    assert not store.exists(keys.obj("hotspots", "H-1"), keys.history("hotspots", "H-1"))
    assert [e.value["status"] for e in read.history(store, keys, "hotspots", "H-2")] == ["down"]
    assert all(row.get(b"o") != b"simulated" for _, row in store.xrange(keys.changes))


def test_a_store_that_has_seen_nothing_is_neither(view: StoreView) -> None:
    assert sources.mode(sources.counts(view.client, Keys("nobody"))) == "empty"
