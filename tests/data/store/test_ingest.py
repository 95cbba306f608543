"""The atomic write: order, repeats, missing times, floods, heartbeats, refusals, counters."""

from __future__ import annotations

import itertools

from data.store import read
from tests.data.store.entries import (
    T0,
    assumed,
    heartbeat,
    ignored,
    position,
    refused,
    status,
    stored_copy,
)  # fmt: skip


def state(view, id="H-1"):
    slot = view.slots("hotspots", id)["status"]
    return slot.value["status"], slot.event_ms - T0, slot.since_ms - T0


def past(view, id="H-1"):
    return [(e.event_ms - T0, e.value["status"]) for e in view.history("hotspots", id)]


def test_the_newest_event_time_wins_whatever_comes_last(writer, view):
    assert writer.each(status("H-1", "up", 2000), status("H-1", "down", 1000)) == "al"
    assert state(view) == ("up", 2000, 2000)
    assert view.health("hotspots").late == 1


def test_a_late_message_enters_the_history_only(writer, view):
    writer.write(status("H-1", "up", 2000), status("H-1", "down", 1000))
    assert past(view) == [(1000, "down"), (2000, "up")]


def test_a_repeat_counts_once_wherever_it_stands_in_time(writer, view):
    first = [status("H-1", "up", 1000), status("H-1", "down", 2000), status("H-1", "up", 3000)]
    assert writer.write(*first) == "aaa"
    assert writer.write(*first) == "ddd"
    assert writer.each(*reversed(first)) == "ddd"
    assert past(view) == [(1000, "up"), (2000, "down"), (3000, "up")]
    h = view.health("hotspots")
    assert (h.received, h.accepted, h.duplicates) == (9, 3, 6)


def test_a_repeat_within_one_batch_counts_once(writer, view):
    assert writer.write(status("H-1", "up", 1000), status("H-1", "up", 1000)) == "ad"


def test_the_same_words_at_another_time_are_no_repeat(writer, view):
    assert writer.write(status("H-1", "up", 1000), status("H-1", "up", 1001)) == "aa"


def test_equal_times_end_the_same_in_every_order(writer, view):
    said = [("up", 500, {}), ("up", 1000, {"crew": "b"}), ("down", 1000, {}), ("up", 1000, {"crew": "a"})]
    for n, order in enumerate(itertools.permutations(said)):
        writer.each(*(status(f"H-{n}", word, t, **more) for word, t, more in order))
        slot = view.slots("hotspots", f"H-{n}")["status"]
        assert dict(slot.value) == {"status": "up", "crew": "b"}, order
        assert slot.since_ms == T0 + 1000, "down was true at that time too, so the stretch begins there"


def test_since_is_the_same_in_every_order(writer, view):
    said = [("up", 1000), ("down", 2000), ("up", 3000), ("up", 4000), ("up", 5000)]
    for n, order in enumerate(itertools.permutations(said)):
        writer.each(*(status(f"H-{n}", word, t) for word, t in order))
        assert state(view, f"H-{n}") == ("up", 5000, 3000), order


def test_late_words_over_a_long_history_do_not_hold_up_the_server(writer, view):
    """Each looked through ten thousand rows for its `since`: a batch of them kept the store busy past our patience."""
    key = view.keys.history("hotspots", "H-1")
    view.client.zadd(key, {f"{T0 + n}|telemetry|live||{n}": T0 + n for n in range(12_000)})
    writer.write(status("H-1", "up", -9_000_000), status("H-1", "up", 20_000))
    assert writer.write(*(status("H-1", "down", n * 1000 - 8_000_000) for n in range(500))) == "l" * 500
    assert state(view)[0] == "up"
    view.adds_up()


def test_since_outlives_the_history(writer, view):
    """A hotspot that has been up for days: the history forgets the beginning, the state does not."""
    writer.write(status("H-1", "up", 0), status("H-1", "up", 100_000), status("H-1", "up", 200_000))
    view.client.zremrangebyscore(view.keys.history("hotspots", "H-1"), "-inf", T0 + 150_000)
    writer.write(status("H-1", "up", 190_000))  # late, within the stretch
    assert state(view)[2] == 0
    writer.write(status("H-1", "up", 300_000))
    assert state(view)[2] == 0
    writer.write(status("H-1", "down", 250_000))  # late, cuts the stretch
    assert state(view)[2] == 300_000


def test_two_sources_that_say_the_same_are_two_messages_in_every_order(writer, view):
    for id, order in (("H-1", ("live", "simulated")), ("H-2", ("simulated", "live"))):
        assert writer.each(*(status(id, "up", 1000, source=s) for s in order)) == "aa"
    assert view.slots("hotspots", "H-1")["status"].source == view.slots("hotspots", "H-2")["status"].source
    assert view.client.hgetall(view.keys.sources) == {b"live": b"2", b"simulated": b"2"}


def test_slots_of_one_object_stand_side_by_side(writer, view):
    writer.write(position("AMB-01", 1000), position("AMB-01", 500, lat=-7.1))
    assert view.slots("ambulances", "AMB-01")["position"].value["lat"] == -7.0


def test_the_geo_index_follows_the_newest_place(writer, view):
    writer.write(
        position("AMB-01", 2000, lat=-7.01, lon=110.41), position("AMB-01", 1000, lat=-7.3, lon=110.9)
    )
    ((lon, lat),) = view.client.geopos(view.keys.geo("ambulances"), "AMB-01")
    assert (round(lat, 3), round(lon, 3)) == (-7.01, 110.41)


def test_every_accepted_event_is_in_the_change_stream_once(writer, view):
    writer.write(status("H-1", "up", 2000), status("H-1", "down", 1000), status("H-1", "up", 2000))
    rows = [row for _, row in view.client.xrange(view.keys.changes)]
    assert [(row[b"i"], row[b"t"]) for row in rows] == [
        (b"H-1", str(T0 + 2000).encode()), (b"H-1", str(T0 + 1000).encode()),
    ]  # fmt: skip


# --- missing times --------------------------------------------------------------------------


def test_a_stored_copy_without_a_time_applies_only_where_nothing_is_known(writer, view):
    assert writer.write(stored_copy("H-1", "up", 0)) == "a"
    assert view.thing("hotspots", "H-1").state == "up"
    assert view.thing("hotspots", "H-1").event_ms is None
    assert view.thing("hotspots", "H-1").stale(T0), "an unknown age is no fresh one"
    writer.write(status("H-2", "up", 1000))
    assert writer.write(stored_copy("H-2", "down", 2000)) == "i"
    assert view.thing("hotspots", "H-2").state == "up"


def test_a_stored_copy_is_not_history(writer, view):
    writer.write(stored_copy("H-1", "up", 0))
    assert past(view) == []


def test_a_stored_copy_that_comes_again_is_a_repeat(writer, view):
    assert writer.each(stored_copy("H-1", "up", 0), stored_copy("H-1", "up", 5000)) == "ad"


def test_any_message_with_a_time_replaces_a_stored_copy(writer, view):
    writer.write(stored_copy("H-1", "down", 0))
    assert writer.write(status("H-1", "up", -86_400_000)) == "a"
    assert view.thing("hotspots", "H-1").state == "up"


def test_a_live_message_without_a_time_takes_the_received_time_and_says_so(writer, view):
    writer.write(assumed("H-1", "up", 5000))
    slot = view.slots("hotspots", "H-1")["status"]
    assert slot.event_ms == T0 + 5000
    assert "time_assumed" in slot.flags


def test_a_message_without_a_time_that_is_delivered_again_counts_once(writer, view):
    assert writer.each(assumed("H-1", "down", 5000), assumed("H-1", "down", 700_000, again=True)) == "ad"
    assert state(view) == ("down", 5000, 5000)


def test_a_message_without_a_time_delivered_again_that_was_never_stored_is_taken(writer, view):
    writer.write(assumed("H-1", "up", 1000))
    assert writer.write(assumed("H-1", "down", 5000, again=True)) == "a"


def test_a_device_that_keeps_saying_the_same_without_a_time_stays_fresh(writer, view):
    writer.each(*(assumed("H-1", "up", t * 30_000) for t in range(10)))
    assert state(view)[1] >= 8 * 30_000, "an age of more than a minute would call it older than it is"


# --- floods ---------------------------------------------------------------------------------


def test_a_flood_moves_the_state_and_keeps_one_a_second_in_the_history(writer, view):
    sent = [position("AMB-01", n * 100, lon=110.4 + n / 1e5, mode="thin") for n in range(50)]
    letters = writer.write(*sent)
    assert letters.count("a") == 5
    assert letters.count("t") == 45
    assert view.slots("ambulances", "AMB-01")["position"].event_ms == T0 + 4900
    assert [e.event_ms - T0 for e in view.history("ambulances", "AMB-01")] == [0, 1000, 2000, 3000, 4000]
    h = view.health("ambulances")
    assert (h.received, h.accepted, h.thinned) == (50, 50, 45)


def test_repeats_of_a_flood_count_once(writer, view):
    sent = [position("AMB-01", n * 100, lon=110.4 + n / 1e5, mode="thin") for n in range(50)]
    writer.write(*sent)
    assert writer.write(*sent) == "d" * 50
    again = [position("AMB-01", n * 100, lon=110.4 + n / 1e5) for n in range(50)]
    assert writer.write(*again) == "d" * 50, "also once the sender keeps its rate again"


def test_what_came_before_a_flood_is_recognised_in_it(writer, view):
    writer.write(position("AMB-01", 0), position("AMB-01", 100))
    assert writer.write(position("AMB-01", 100, mode="thin"), position("AMB-01", 0, mode="thin")) == "dd"


def test_a_status_told_in_a_flood_still_restarts_its_since(writer, view):
    words = ["up", "down", "up", "down"]
    writer.write(*(status("H-1", w, n * 100, mode="thin") for n, w in enumerate(words)))
    assert state(view) == ("down", 300, 300)


def test_the_marks_of_a_flood_do_not_grow_without_end(writer, view):
    key = view.keys.history("ambulances", "AMB-01")
    view.client.zadd(key, {f"{T0}|status|live||{n}": T0 for n in range(50_000)})
    sent = [position("AMB-01", n, lon=110 + n / 1e6, mode="thin") for n in range(500)]
    assert writer.write(*sent) == "t" * 500
    assert view.client.zcard(key) == 50_000
    view.adds_up()


# --- heartbeats, refusals, what is ignored ---------------------------------------------------


def test_a_heartbeat_makes_a_feed_heard_without_an_event(writer, view):
    assert writer.write(heartbeat("centre-1", 1000)) == "a"
    h = view.health("hotspots")
    assert (h.last_heard_ms, h.last_event_ms, h.senders) == (T0 + 1500, None, ("centre-1",))


def test_a_heartbeat_that_comes_again_or_late_counts_once(writer, view):
    assert (
        writer.each(heartbeat("c", 1000), heartbeat("c", 1000), heartbeat("c", 500), heartbeat("c", 2000))
        == "adda"
    )


def test_made_up_heartbeat_senders_are_bounded(writer, view):
    writer.write(*(heartbeat(f"made-up-{n}", n) for n in range(1200)))
    assert len(view.health("hotspots").senders) == 1000
    view.adds_up()


def test_a_refused_message_is_kept_with_its_reason(writer, view):
    assert writer.write(refused("no_fix", topic="city/x/ambulances/AMB-01/position")) == "r"
    (letter,) = view.dead_letters()
    assert (letter.code, letter.reason, letter.topic) == (
        "no_fix", "no_fix: why", "city/x/ambulances/AMB-01/position",
    )  # fmt: skip
    assert view.client.hgetall(view.keys.reasons()) == {b"no_fix": b"1"}


def test_dead_letters_are_bounded_and_the_latest_are_kept(writer, view):
    for start in range(0, 11_000, 1000):
        writer.write(*(refused(topic=str(n)) for n in range(start, start + 1000)))
    assert 10_000 <= view.client.xlen(view.keys.dead) < 10_200
    assert view.dead_letters(limit=1)[0].topic == "10999"
    assert view.health("hotspots").rejected == 11_000


def test_unknown_senders_are_listed_with_first_last_and_count_and_bounded(writer, view):
    writer.write(*(refused("unknown_object", sender=f"hotspots/X-{n}") for n in range(1200)))
    writer.write(*(refused("unknown_object", sender="hotspots/X-0", topic="newer") for _ in range(5)))
    rows = {r["sender"]: r for r in read.unknown_senders(view.client, view.keys)}
    assert len(rows) == 1000
    assert (rows["hotspots/X-0"]["count"], rows["hotspots/X-0"]["topic"]) == (6, "newer")


def test_what_is_ignored_is_counted_by_type(writer, view):
    assert writer.write(ignored("card"), ignored("card"), ignored("waypoint")) == "iii"
    counts = read.format_counts(view.client, view.keys, ["owntracks"])["owntracks"]
    assert (counts["received"], counts["ignored:card"], counts["ignored:waypoint"]) == (3, 2, 1)


def test_the_counters_of_a_mixed_batch_add_up(writer, view):
    batch = [
        status("H-1", "up", 1000), status("H-1", "up", 1000), status("H-1", "up", 500), stored_copy("H-1", "down", 0),
        heartbeat("c", 1), refused(), ignored(), position("AMB-01", 1),
    ]  # fmt: skip
    assert writer.write(*batch) == "adliaria"
    assert view.received() == len(batch)
    view.adds_up()


def test_nothing_to_write_is_no_error(writer, view):
    assert writer.write() == ""


def test_odd_characters_come_back_as_they_were(writer, view):
    odd = 'a"b\\c|d~e\t\u0000\u2028<script>\U0001f691 日本'
    writer.write(status("H-1", "up", 1, note=odd), refused(topic=odd))
    assert view.slots("hotspots", "H-1")["status"].value["note"] == odd
    assert view.history("hotspots", "H-1")[0].value["note"] == odd
    assert view.dead_letters()[0].topic == odd
