"""Whose data a store holds, and forgetting one kind of it."""

from __future__ import annotations

import pytest

from data.contracts import Member
from data.store import read, readings, sources
from data.store.registry import Registry, register
from tests.data.store.entries import T0, position, status
from tests.room import FEEDS


@pytest.mark.parametrize(
    ("found", "mode"),
    [
        ({}, "empty"),
        ({"simulated": 3}, "simulated"),
        ({"live": 1}, "live"),
        ({"live": 1, "simulated": 3}, "mixed"),
    ],
)
def test_a_page_is_marked_by_what_the_store_has_seen(found, mode):
    assert sources.mode(found) == mode


def test_one_live_event_is_enough_for_figures_to_stand_on_live_ones(writer, view):
    writer.write(status("H-1", "up", 0, source="simulated"))
    assert not sources.live_seen(view.client, view.keys)
    writer.write(status("H-2", "up", 0))
    assert sources.live_seen(view.client, view.keys)
    assert sources.counts(view.client, view.keys) == {"simulated": 1, "live": 1}


def test_forgetting_simulated_data_leaves_live_data_alone(writer, view):
    writer.write(
        status("H-1", "up", 1000), status("H-1", "down", 500, source="simulated"),
        status("H-2", "down", 1000, source="simulated"), position("AMB-01", 1, source="simulated"),
    )  # fmt: skip
    assert sources.forget(view.client, view.keys, list(FEEDS), "simulated") == 3
    assert view.thing("hotspots", "H-1").state == "up"
    assert [e.value["status"] for e in view.history("hotspots", "H-1")] == ["up"]
    assert read.stored_ids(view.client, view.keys, "hotspots") == ["H-1"]
    assert not view.slots("ambulances", "AMB-01")
    assert view.client.zscore(view.keys.geo("ambulances"), "AMB-01") is None
    assert readings.latest(view.client, view.keys) == {}
    assert all(row.get(b"o") != b"simulated" for _, row in view.client.xrange(view.keys.changes))
    assert sources.mode(sources.counts(view.client, view.keys)) == "live"
    view.adds_up()


def test_a_live_state_that_a_simulated_one_had_covered_comes_back(writer, view):
    writer.write(
        status("H-1", "up", 1000), status("H-1", "up", 1500), status("H-1", "down", 2000, source="simulated")
    )
    sources.forget(view.client, view.keys, list(FEEDS), "simulated")
    slot = view.slots("hotspots", "H-1")["status"]
    assert (slot.value["status"], slot.event_ms, slot.source) == ("up", T0 + 1500, "live")


def test_units_that_a_simulation_registered_for_itself_are_forgotten_with_it(writer, view):
    extra = Member("SIM-00001", "ambulances", "SIM-00001", simulated=True)
    real = Member("AMB-77", "ambulances", "Ambulance 77")
    register(view.client, view.keys, "ambulances", [extra, real])
    writer.write(position("SIM-00001", 1, source="simulated"))
    sources.forget(view.client, view.keys, list(FEEDS), "simulated")
    registry = Registry(view.city.registry)
    registry.refresh(view.client, view.keys, list(FEEDS))
    assert registry.known("ambulances", "AMB-77") and registry.known("ambulances", "AMB-01")
    assert not registry.known("ambulances", "SIM-00001")


def test_registered_objects_are_read_from_profile_and_store(view):
    registry = Registry(view.city.registry)
    assert registry.known("hotspots", "H-1")
    assert not registry.known("hotspots", "H-99")
    assert not registry.known("zeppelins", "H-1")
    assert registry.member("ambulances", "MTR-01").kind == "motorcycle"
