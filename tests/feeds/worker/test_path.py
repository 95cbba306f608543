"""The whole way of a message: device, broker, worker, store. On every pair of servers."""

from __future__ import annotations

from tests.room import clock


def test_a_late_message_never_moves_a_hotspot_back(make_room, store, broker, city):
    room = make_room(store, broker, city)
    room.worker.start()
    room.device("H-1").publish("status", status="up", at="08:05")
    room.device("H-1").publish("status", status="down", at="08:00")  # overtaken on its way
    room.has_taken(2)
    assert room.thing("hotspots", "H-1").state == "up"
    assert [(clock(e.event_ms), e.value["status"]) for e in room.history("hotspots", "H-1")] == [
        ("08:00", "down"), ("08:05", "up"),
    ]  # fmt: skip
    room.adds_up()
    assert room.health("hotspots").late == 1
