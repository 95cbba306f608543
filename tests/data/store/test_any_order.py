"""Random messages of a few objects in random orders, with repeats, in random batches.

What the store ends with is compared with a model a reader can check by hand: sort what was
said, drop repeats, read off the end. The store never sees it in that order.
"""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import groupby

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from data.store import read
from tests.data.store.entries import T0, Writer, heartbeat, ignored, position, refused, status
from tests.room import FEEDS, StoreView, city_id, make_city

SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

# Few objects, few times and few words, so that clashes are the rule.
said_status = st.tuples(
    st.just("status"), st.sampled_from(["H-1", "H-2"]), st.integers(0, 6),
    st.sampled_from(["up", "down", "degraded"]), st.sampled_from(["live", "live", "simulated"]),
    st.sampled_from(["", "a", "é|{"]),
)  # fmt: skip
said_position = st.tuples(
    st.just("position"), st.just("AMB-01"), st.integers(0, 6), st.integers(0, 2), st.just("live"), st.just("")
)
said = st.one_of(said_status, said_status, said_position)


def entry(what):
    kind, id, t, word, source, note = what
    if kind == "position":
        return position(id, t * 250, lon=110.4 + word / 100, source=source)
    return status(id, word, t * 250, source=source, **({"note": note} if note else {}))


def row(what):
    """The row as the history orders rows of equal time: bytes of source, tracked word, value."""
    e = entry(what)
    return int(e[6]), f"{e[8]}|{e[10]}|{e[11]}".encode()


def expected(messages):
    """Per object: (event, since, value) of the end, and the history, told from the set of what was said."""
    by_object = defaultdict(set)
    for what in messages:
        by_object[what[0], what[1]].add(row(what))
    found = {}
    for key, rows in by_object.items():
        ordered = sorted(rows)
        last_t, last = ordered[-1]
        track = last.split(b"|", 2)[1]
        since = last_t
        if track:
            for t, text in reversed(ordered):
                if text.split(b"|", 2)[1] != track:
                    break
                since = t
        history = [(t, json.loads(text.split(b"|", 2)[2])) for t, text in ordered]
        found[key] = (last_t, since, json.loads(last.split(b"|", 2)[2]), history)
    return found


def compare(view, messages):
    for (kind, id), (event, since, value, history) in expected(messages).items():
        feed = "ambulances" if kind == "position" else "hotspots"
        slot = view.slots(feed, id)[kind]
        assert (slot.event_ms, slot.since_ms, dict(slot.value)) == (event, since, value)
        assert [(e.event_ms, dict(e.value)) for e in view.history(feed, id)] == history


@given(st.lists(said, min_size=1, max_size=12), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=SHARED)
def test_any_order_with_repeats_ends_as_in_order_without(store, messages, data):
    sent = data.draw(
        st.permutations([*messages, *data.draw(st.lists(st.sampled_from(messages), max_size=8))])
    )
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent)), max_size=4)))
    city = make_city(city_id())
    writer, view = Writer(store.url, city.id), StoreView(store.client(), city)
    for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        writer.write(*(entry(m) for m in sent[start:end]))
    compare(view, sent)
    health = read.health(view.client, view.keys, list(FEEDS)).values()
    assert sum(h.received for h in health) == len(sent)
    assert sum(h.accepted for h in health) == len({entry_key(m) for m in sent})
    view.adds_up()


def entry_key(what):
    e = entry(what)
    return e[2], e[3], e[5], row(what)


class Store(RuleBasedStateMachine):
    """A store over a longer life: every kind of entry, floods, housekeeping of old history, lost caches."""

    server = None

    @initialize()
    def begin(self):
        self.city = make_city(city_id())
        self.writer = Writer(self.server.url, self.city.id)
        self.view = StoreView(self.server.client(), self.city)
        self.sent: list = []
        self.count = 0

    def _write(self, *entries):
        letters = self.writer.write(*entries)
        assert len(letters) == len(entries)
        self.count += len(entries)

    @rule(messages=st.lists(said, min_size=1, max_size=6))
    def send(self, messages):
        self.sent += messages
        self._write(*(entry(m) for m in messages))

    @rule(data=st.data())
    def repeat(self, data):
        if self.sent:
            again = data.draw(st.lists(st.sampled_from(self.sent), min_size=1, max_size=4))
            before = self.view.health("hotspots").accepted + self.view.health("ambulances").accepted
            self._write(*(entry(m) for m in again))
            after = self.view.health("hotspots").accepted + self.view.health("ambulances").accepted
            assert after == before, "a repeat counted twice"

    @rule(n=st.integers(0, 5), what=st.sampled_from(["h", "r", "i"]))
    def other(self, n, what):
        self._write({"h": heartbeat("c", n), "r": refused(sender=f"x{n}"), "i": ignored()}[what])

    @rule()
    def forget_the_script(self):
        self.view.client.script_flush()

    @invariant()
    def state_and_history_are_those_of_in_order_delivery(self):
        compare(self.view, self.sent)

    @invariant()
    def counters_add_up(self):
        assert self.view.received() == self.count
        self.view.adds_up()

    def teardown(self):
        if hasattr(self, "view"):
            self.view.client.close()


def test_a_long_life_keeps_its_promises(store):
    machine = type("OnThisStore", (Store,), {"server": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=SHARED
        ),
    )


def test_equal_rows_are_told_apart_by_bytes_not_by_the_servers_language(store):
    """`_` and letters sort differently by language; Lua's own `<` would follow the server's."""
    words = ["Zz", "zz", "_z", "é", "z~"]
    city = make_city(city_id())
    writer, view = Writer(store.url, city.id), StoreView(store.client(), city)
    for n in range(len(words)):
        writer.each(*(status(f"H-{n}", "up", 0, note=w) for w in words[n:] + words[:n]))
    ends = [view.slots("hotspots", f"H-{n}")["status"].value["note"] for n in range(len(words))]
    assert [k for k, _ in groupby(ends)] == [max(words, key=str.encode)]
    assert view.slots("hotspots", "H-0")["status"].event_ms == T0
