"""A device is cut off: its last will, which carries no time, must be shown, and must not come back to life."""

from __future__ import annotations

import json

from data.clock import now_ms, rfc3339
from tests.servers import until


def shows(room, state):
    until(lambda: room.thing("hotspots", "H-1").state == state, f"the hotspot to be {state}")


def device(room):
    topic = f"city/{room.city.id}/hotspots/H-1/status"
    return room.post(will=(topic, b'{"status": "down"}')), topic


def say(post, topic, word):
    post.publish(topic, json.dumps({"time": rfc3339(now_ms()), "status": word}), retain=True)
    post.arrived()


def test_up_cut_down_and_up_again_also_over_restarts_of_the_worker(make_room, one_store, broker, city):
    room = make_room(one_store, broker, city)
    room.worker.start()
    post, topic = device(room)
    say(post, topic, "up")
    shows(room, "up")
    post.cut()
    shows(room, "down")
    slot = room.slots("hotspots", "H-1")["status"]
    assert "time_assumed" in slot.flags
    room.worker.stop()
    room.worker.start()
    assert room.thing("hotspots", "H-1").state == "down"
    post, topic = device(room)
    say(post, topic, "up")
    shows(room, "up")
    taken = room.received()
    room.worker.stop()
    room.worker.start()
    # whatever the broker sends again on the new connection comes before this
    room.device("H-2").publish("status", status="up")
    until(lambda: room.slots("hotspots", "H-2"), "a message after the restart")
    assert room.thing("hotspots", "H-1").state == "up"
    assert room.received() == taken + 1, "a stored copy was sent again to a session that knows it"
    room.adds_up()


def test_a_will_sent_while_the_worker_is_away_is_shown_when_it_is_back(make_room, one_store, broker, city):
    room = make_room(one_store, broker, city)
    room.worker.start()
    post, topic = device(room)
    say(post, topic, "up")
    shows(room, "up")
    room.worker.stop()
    post.cut()
    room.worker.start()
    shows(room, "down")
    room.worker.stop()
    room.worker.start()
    room.device("H-2").publish("status", status="up")
    until(lambda: room.slots("hotspots", "H-2"), "a message after the restart")
    assert room.thing("hotspots", "H-1").state == "down"


def test_a_new_room_learns_the_stored_states_and_calls_those_without_a_time_of_unknown_age(
    make_room, one_store, broker, city
):
    room = make_room(one_store, broker, city)
    post, topic = device(room)
    say(post, topic, "up")
    other = room.post()
    other.publish(f"city/{city.id}/hotspots/H-2/status", b'{"status": "down"}', retain=True)
    other.arrived()
    room.worker.start()
    shows(room, "up")
    until(lambda: room.thing("hotspots", "H-2").state == "down", "the stored copy")
    assert room.thing("hotspots", "H-1").event_ms is not None
    assert room.thing("hotspots", "H-2").event_ms is None
    assert room.thing("hotspots", "H-2").stale(now_ms())
    room.adds_up()


def test_clearing_a_stored_copy_is_no_message_of_the_device(make_room, one_store, broker, city):
    room = make_room(one_store, broker, city)
    room.worker.start()
    post, topic = device(room)
    say(post, topic, "up")
    shows(room, "up")
    post.publish(topic, b"", retain=True)
    room.has_taken(2)
    assert room.thing("hotspots", "H-1").state == "up"
    assert room.health("hotspots").ignored == 1
