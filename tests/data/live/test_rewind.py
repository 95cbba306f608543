"""The room wound back: things at a past moment are those that a store would hold that had heard nothing later."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.live.history import Rewind, history_size, moments
from data.live.world import World
from data.store.registry import Registry
from tests.data.store.entries import T0, Writer, position, status
from tests.room import FEEDS, StoreView, city_id, make_city

step = st.one_of(
    st.tuples(
        st.just("s"), st.sampled_from(["H-1", "H-2"]), st.integers(0, 8), st.sampled_from(["up", "down"])
    ),
    st.tuples(st.just("p"), st.just("AMB-01"), st.integers(0, 8), st.integers(0, 3)),
)


def entry(what):
    kind, id, t, word = what
    return status(id, word, t * 1000) if kind == "s" else position(id, t * 1000, lon=110.4 + word / 100)


def facts(things):
    """What a past moment tells: everything but when it was received, and since when what began before."""
    return {
        (f, id): (t.state, t.event_ms, t.lat, t.lon, t.since_ms, t.active, t.source, t.district, dict(t.fields))
        for f, by_id in things.items() for id, t in by_id.items()
    }  # fmt: skip


@given(st.lists(step, max_size=14), st.sets(st.integers(0, 9), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_past_moment_is_what_a_room_knew_that_heard_nothing_later(one_store, said, asked):
    city = make_city(city_id())
    view, writer = StoreView(one_store.client(), city), Writer(one_store.url, city.id)
    registry = Registry(city.registry)
    writer.write(*(entry(w) for w in said))
    history = moments(view.client, view.keys, list(FEEDS), registry, T0 + 60_000)
    assert len(history) == history_size(view.client, view.keys, list(FEEDS)) == len(set(said))
    rewind = Rewind(history, FEEDS, registry)
    for second in sorted(asked):
        found = facts(rewind.to(T0 + second * 1000))
        then = make_city(city_id())
        Writer(one_store.url, then.id).write(*(entry(w) for w in said if w[2] <= second))
        world = World(view.client, StoreView(view.client, then).keys, FEEDS, registry)
        world.look(1)
        assert found == facts(world.things)
    view.client.close()


@pytest.fixture
def view(one_store, city):
    found = StoreView(one_store.client(), city)
    yield found
    found.client.close()


def test_thinned_messages_leave_no_trace_in_the_past(view, one_store, city):
    Writer(one_store.url, city.id).write(
        *(position("AMB-01", n * 100, lon=110.4 + n / 1000, mode="thin") for n in range(30))
    )
    found = moments(view.client, view.keys, list(FEEDS), Registry(city.registry), T0 + 60_000)
    assert [m[0] - T0 for m in found] == [0, 1000, 2000]


def test_feeds_that_had_not_spoken_by_then_are_told_apart(view, one_store, city):
    Writer(one_store.url, city.id).write(status("H-1", "up", 5000))
    registry = Registry(city.registry)
    rewind = Rewind(moments(view.client, view.keys, list(FEEDS), registry, T0 + 60_000), FEEDS, registry)
    rewind.to(T0 + 4999)
    assert rewind.spoken == set()
    rewind.to(T0 + 5000)
    assert rewind.spoken == {"hotspots"}
