"""All objects, kept current from the change stream: following it ends where reading everything anew ends."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.contracts import Member
from data.live.world import Changes, World
from data.store import registry as registrations
from data.store.registry import Registry
from tests.data.store.entries import T0, Writer, assumed, position, status, stored_copy
from tests.room import FEEDS, StoreView, city_id, make_city


@pytest.fixture
def view(one_store, city):
    found = StoreView(one_store.client(), city)
    yield found
    found.client.close()


@pytest.fixture
def writer(one_store, city):
    return Writer(one_store.url, city.id)


def world_of(view):
    return World(view.client, view.keys, FEEDS, Registry(view.city.registry))


step = st.one_of(
    st.builds(
        status, st.sampled_from(["H-1", "H-2", "X-1"]), st.sampled_from(["up", "down"]), st.integers(0, 9)
    ),
    st.builds(
        position, st.sampled_from(["AMB-01", "MTR-01"]), st.integers(0, 9), mode=st.sampled_from(["", "thin"])
    ),
    st.builds(assumed, st.just("H-3"), st.sampled_from(["up", "down"]), st.integers(0, 200_000)),
    st.builds(stored_copy, st.just("H-4"), st.sampled_from(["up", "down"]), st.just(0)),
)


@given(st.lists(st.lists(step, max_size=6), max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_following_ends_where_a_snapshot_ends(one_store, batches):
    city = make_city(city_id())
    view, writer = StoreView(one_store.client(), city), Writer(one_store.url, city.id)
    followed = world_of(view)
    assert followed.look(1).whole
    for batch in batches:
        before = {f: dict(t) for f, t in followed.things.items()}
        writer.write(*batch)
        changes = followed.look(1)
        for feed, things in followed.things.items():
            for id, thing in things.items():
                assert thing == before[feed].get(id) or (feed, id) in changes.objects, (
                    "a change nobody was told of"
                )
    anew = world_of(view)
    anew.look(1)
    assert followed.things == anew.things
    view.client.close()


def test_registered_objects_that_never_spoke_are_there_and_unknown(view):
    world = world_of(view)
    changes = world.look(1)
    assert len(world.things["hotspots"]) == 9
    thing = world.things["hotspots"]["H-1"]
    assert (thing.state, thing.event_ms, thing.label, thing.lat) == ("unknown", None, "Hotspot 1", -7.0)
    assert changes.whole
    assert ("hotspots", "H-1") in changes.objects


def test_more_changes_than_one_read_takes_all_arrive(view, writer):
    world = world_of(view)
    world.look(1)
    for start in range(0, 5000, 1000):
        writer.write(*(status(f"X-{n}", "up", n) for n in range(start, start + 1000)))
    assert len(world.look(1).objects) == 5000
    assert world.look(1).objects == set()


def test_late_events_are_pointed_out_with_the_earliest_of_them(view, writer):
    world = world_of(view)
    world.look(1)
    writer.write(status("H-1", "up", 0, received=T0 + 119_000))
    assert world.look(1).late_from_ms is None
    writer.write(
        status("H-1", "down", 5000, received=T0 + 200_000), status("H-2", "up", 2000, received=T0 + 200_000)
    )
    assert world.look(1).late_from_ms == T0 + 2000
    writer.write(stored_copy("H-3", "up", 0))
    assert world.look(1).late_from_ms is None, "a copy of unknown age is not late"


def test_objects_registered_meanwhile_appear_and_keep_what_was_heard(view, writer):
    registry = Registry(view.city.registry)
    world = World(view.client, view.keys, FEEDS, registry)
    world.look(1)
    registrations.register(
        view.client, view.keys, "hotspots", [Member("H-77", "hotspots", "New one", simulated=True)]
    )
    assert registry.refresh(view.client, view.keys, list(FEEDS))
    assert not registry.refresh(view.client, view.keys, list(FEEDS))
    changes = Changes()
    world.members_changed(changes)
    assert ("hotspots", "H-77") in changes.objects
    assert world.things["hotspots"]["H-77"].label == "New one"
    assert registry.known("hotspots", "H-77") and registry.known("hotspots", "H-1")


def test_a_world_that_forgot_reads_everything_anew(view, writer):
    world = world_of(view)
    world.look(1)
    writer.write(status("H-1", "up", 0))
    world.forget()
    assert world.look(1).whole
    assert world.things["hotspots"]["H-1"].state == "up"
