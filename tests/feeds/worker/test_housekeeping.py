"""What keeps the store bounded, on a made-up clock and a real store."""

from __future__ import annotations

import pytest

from data.live.world import World
from data.store import read
from data.store.ingest import event_entry
from data.store.registry import Registry
from feeds.worker.housekeeping import HOUR_MS, tidy
from tests.data.store.entries import T0, Writer, heartbeat, position, refused, status
from tests.room import FEEDS, StoreView

NOW = T0 + 100 * HOUR_MS


@pytest.fixture
def writer(one_store, city):
    return Writer(one_store.url, city.id)


@pytest.fixture
def view(one_store, city):
    found = StoreView(one_store.client(), city)
    yield found
    found.client.close()


def tidied(view, now=NOW):
    world = World(view.client, view.keys, FEEDS, Registry(view.city.registry))
    world.look(1)
    gone = tidy(view.client, view.keys, FEEDS, world.things, now, hot_hours=24)
    changes = world.look(1)
    return world, changes, gone


def ago(ms):
    return NOW - T0 - ms


def hours(view, feed, id):
    return [(NOW - e.event_ms) / HOUR_MS for e in view.history(feed, id)]


def incident(id, stage, t):
    kind, value = ("report", {"category": "x", "severity": 2, "lat": -7.0, "lon": 110.4, "channel": "112"})
    if stage != "report":
        kind, value = "progress", {"stage": stage}
    return event_entry(
        "incidents", id, kind, stage, event_ms=T0 + t, received_ms=T0 + t, source="live", value=value
    )


def test_history_is_kept_for_24_hours_and_begins_with_what_was_true_then(writer, view):
    writer.write(
        *(status("H-1", w, ago(h * HOUR_MS)) for w, h in (("up", 40), ("down", 30), ("up", 20), ("down", 1)))
    )
    tidied(view)
    assert hours(view, "hotspots", "H-1") == [30, 20, 1]


def test_the_first_word_is_kept_per_slot(writer, view):
    writer.write(
        incident("I-1", "report", ago(40 * HOUR_MS)), incident("I-1", "dispatched", ago(39 * HOUR_MS))
    )
    tidied(view)
    assert hours(view, "incidents", "I-1") == [40, 39]


def test_state_is_not_touched_by_the_end_of_history(writer, view):
    writer.write(status("H-1", "up", ago(60 * HOUR_MS)))
    tidied(view)
    assert view.thing("hotspots", "H-1").state == "up"


def test_positions_are_thinned_to_one_in_15_seconds_after_the_first_hour(writer, view):
    every_5_s = [position("AMB-01", ago(n * 5000), lon=110.4 + n / 1e6) for n in range(2 * 720)]
    writer.write(*every_5_s)
    tidied(view)
    kept = [e.event_ms for e in view.history("ambulances", "AMB-01")]
    fresh = [t for t in kept if t > NOW - HOUR_MS]
    old = [t for t in kept if t < NOW - HOUR_MS - 600_000]
    assert len(fresh) == 720
    assert len({t // 15_000 for t in old}) == len(old) <= 201
    before = len(kept)
    tidied(view)
    assert len(view.history("ambulances", "AMB-01")) == before, "and a second round changes nothing"


def test_positions_that_came_hours_late_are_thinned_too(writer, view):
    writer.write(
        *(position("AMB-01", ago(10 * HOUR_MS + n * 1000), lon=110.4 + n / 1e6) for n in range(3600))
    )
    tidied(view)
    assert len(view.history("ambulances", "AMB-01")) <= 241


def test_only_positions_are_thinned(writer, view):
    for feed, id in (("ambulances", "AMB-01"), ("hotspots", "H-1")):
        writer.write(
            *(event_entry(feed, id, "status", "status", event_ms=NOW - 2 * HOUR_MS + n, received_ms=NOW,
                          source="live", track=str(n % 2), value={"status": str(n)}) for n in range(50))
        )  # fmt: skip
    tidied(view)
    assert len(view.history("ambulances", "AMB-01")) == len(view.history("hotspots", "H-1")) == 50


def test_the_digests_of_a_flood_go_when_nothing_can_be_redelivered_and_the_note_with_them(writer, view):
    writer.write(
        *(position("AMB-01", ago(700_000 - n), lon=110.4 + n / 1e6, mode="thin") for n in range(500))
    )
    key = view.keys.history("ambulances", "AMB-01")
    assert view.client.zcard(key) == 500
    tidied(view, NOW - 300_000)
    assert view.client.zcard(key) == 500, "a redelivery must still be recognised"
    tidied(view)
    assert view.client.zcard(key) == len(view.history("ambulances", "AMB-01")) <= 2
    assert not view.client.hexists(view.keys.obj("ambulances", "AMB-01"), "~thin")


def test_closed_incidents_leave_after_48_hours_and_screens_are_told(writer, view):
    for id, closed in (("I-old", 49), ("I-young", 47)):
        writer.write(
            incident(id, "report", ago((closed + 1) * HOUR_MS)), incident(id, "closed", ago(closed * HOUR_MS))
        )
    world, changes, _ = tidied(view)
    assert ("incidents", "I-old") in changes.objects
    assert list(world.things["incidents"]) == ["I-young"]
    assert not view.client.keys(f"{view.keys.tag}:*:incidents:I-old")
    assert view.client.zscore(view.keys.geo("incidents"), "I-old") is None


def test_open_incidents_stay_however_old(writer, view):
    writer.write(incident("I-1", "report", ago(99 * HOUR_MS)))
    world, _, _ = tidied(view)
    assert world.things["incidents"]["I-1"].active
    assert len(view.history("incidents", "I-1")) == 1


def test_made_up_names_make_room_for_new_ones(writer, view):
    """A thousand of them filled the lists for ever: a new device that nobody had registered was not shown."""
    writer.write(*(heartbeat(f"made-up-{n}", n) for n in range(1000)))
    writer.write(*(refused("unknown_object", sender=f"hotspots/X-{n}") for n in range(1000)))
    tidied(view)
    assert set(view.health("hotspots").senders) == {f"made-up-{n}" for n in range(500, 1000)}
    writer.write(heartbeat("centre", 2000), refused("unknown_object", sender="hotspots/new"))
    tidied(view)
    assert "centre" in view.health("hotspots").senders
    assert "hotspots/new" in {r["sender"] for r in read.unknown_senders(view.client, view.keys)}


def test_a_few_names_stay_however_silent(writer, view):
    writer.write(heartbeat("centre", 0), refused("unknown_object", sender="hotspots/X"))
    tidied(view)
    assert view.health("hotspots").senders == ("centre",)
    assert len(read.unknown_senders(view.client, view.keys)) == 1


def test_registered_objects_stay_however_silent(writer, view):
    writer.write(status("H-1", "down", ago(99 * HOUR_MS)))
    world, _, _ = tidied(view)
    assert world.things["hotspots"]["H-1"].state == "down"
    assert world.things["hotspots"]["H-2"].state == "unknown"
