"""`replay` through a real broker, worker and store: what was sent is what was counted."""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from data.clock import now_ms
from data.profile import load_city
from data.settings import PROJECT
from data.store import read as store_read
from feeds.replay import command, publish
from feeds.replay.arguments import add_arguments
from feeds.replay.records import Record, ReplayError
from tests.feeds.listening import FORMATS, Listening
from tests.room import FEEDS, KPIS, city_id, settings_for
from tests.servers import free_port, until

DEMO = "owntracks/recorder_demo_iphone.rec"


def arguments(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def profile():
    return load_city(
        "recordings", [PROJECT / "tests" / "cities"],
        known_feeds=list(FEEDS), known_kpis=[k.id for k in KPIS], known_formats=list(FORMATS),
        known_kinds={"ambulances": ("car", "motorcycle")},
    )  # fmt: skip


@pytest.fixture
def replaying(make_room, one_store, broker, tmp_path):
    """The recordings' profile under an id and topics of its own, its worker running."""
    id = city_id()
    recorded = profile()
    devices = {s.replace("owntracks/replay", f"owntracks/{id}"): d
               for s, d in recorded.formats["owntracks"].devices.items()}  # fmt: skip
    topics = (f"owntracks/{id}/#",)
    city = replace(recorded, id=id, formats={
        "owntracks": replace(recorded.formats["owntracks"], topics=topics, devices=devices)})  # fmt: skip
    made = make_room(one_store, broker, city)
    made.worker = Listening(one_store.url, broker.url, made.var, city)
    made.worker.start()

    def replay(file, *, device="", **options):
        """Its counts per format."""
        if isinstance(file, list):
            path = tmp_path / "own.jsonl"
            path.write_text("\n".join(json.dumps(row) for row in file))
            file = path
        out = io.StringIO()
        settings = settings_for(one_store.url, broker.url, made.var, id)
        options = {"speed": 0, "expect": True} | options
        code = command.run(
            settings, city, list(FEEDS), file, topic=device and f"owntracks/{id}/{device}", out=out, **options
        )
        assert code == 0
        return {
            line.split()[0]: {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)}
            for line in out.getvalue().splitlines()
        }

    made.replay = replay
    return made


def test_the_profile_for_recordings_loads_and_limits_no_place():
    city = profile()
    assert city.limits.distance_km > 20_037  # half the way round the earth
    assert not city.districts and len(city.registry["ambulances"]) == 11


def test_the_phones_recording_moves_its_unit_to_now(replaying, recordings):
    before = now_ms()
    assert replaying.replay(recordings / DEMO, device="recorder_demo_iphone") == {
        "owntracks": {"received": 25, "accepted": 23, "duplicates": 0, "ignored": 2, "rejected": 0}
    }
    formats = store_read.format_counts(replaying.client, replaying.keys, ["owntracks"])
    assert formats["owntracks"]["ignored:lwt"] == 2
    unit = replaying.thing("ambulances", "OT-DEMO")
    assert (round(unit.lat, 4), round(unit.lon, 4), unit.source) == (51.0626, 13.6028, "replay")
    assert before - 60_000 < unit.event_ms <= now_ms()
    assert unit.flags == frozenset()
    history = replaying.history("ambulances", "OT-DEMO")
    assert len(history) == 23
    unknown = [e for e in history if not {"speed_kmh", "heading_deg"} <= set(e.value)]
    assert len(unknown) == 16


def test_as_recorded_keeps_the_times_so_that_a_second_time_counts_nothing_twice(replaying, recordings):
    replay = dict(device="recorder_demo_iphone", as_recorded=True)
    replaying.replay(recordings / DEMO, **replay)
    assert replaying.thing("ambulances", "OT-DEMO").event_ms == 1_440_405_601_000
    again = replaying.replay(recordings / DEMO, **replay)["owntracks"]
    assert (again["received"], again["accepted"], again["duplicates"], again["ignored"]) == (25, 0, 23, 2)


def test_the_booklets_examples_each_end_in_one_counter(replaying, recordings):
    counts = replaying.replay(recordings / "owntracks" / "booklet_examples.jsonl", device="booklet_examples")
    # 33 blocks are no JSON object, one location lacks its time
    assert counts["owntracks"] == {
        "received": 54, "accepted": 7, "duplicates": 0, "ignored": 13, "rejected": 34,
    }  # fmt: skip
    replaying.adds_up()


def test_the_android_parsers_cases_are_taken(replaying, recordings):
    counts = replaying.replay(
        recordings / "owntracks" / "android_parser_cases.jsonl", device="android_parser_cases"
    )
    assert counts["owntracks"]["accepted"] == 2


def test_the_bus_trace_arrives_whole(replaying, recordings):
    assert replaying.replay(recordings / "traces" / "liverpool_bus_route14.csv") == {
        "native": {"received": 1533, "accepted": 1533, "duplicates": 0, "ignored": 0, "rejected": 0}
    }
    seen = store_read.stored_ids(replaying.client, replaying.keys, "ambulances")
    assert len(seen) == 8
    fixes = [e for id in seen for e in replaying.history("ambulances", id)]
    assert len(fixes) == 1533 and sum("heading_deg" not in e.value for e in fixes) == 399


def test_native_and_foreign_messages_are_counted_apart_and_strays_said(replaying, capsys):
    city = replaying.city.id
    position = {"time": "2026-01-26T15:57:02Z", "lat": 53.4, "lon": -2.9}
    rows = [
        {"topic": f"city/{city}/ambulances/4716/position", "payload": position, "time": position["time"]},
        {"topic": f"city/{city}/ambulances/4716/position", "payload": position, "time": position["time"]},
        {"topic": f"city/{city}/ambulances/4716/position", "payload": "?"},
        {"topic": f"city/{city}/nothing/4716/position", "payload": "{}"},
        {
            "topic": f"owntracks/{city}/stranger",
            "payload": {"_type": "location", "lat": 1, "lon": 1, "tst": 5},
        },
        {"topic": "city/elsewhere/ambulances/1/position", "payload": "{}"},
    ]
    assert replaying.replay(rows) == {
        "owntracks": {"received": 1, "accepted": 0, "duplicates": 0, "ignored": 0, "rejected": 1},
        "native": {"received": 4, "accepted": 1, "duplicates": 1, "ignored": 0, "rejected": 2},
    }
    assert "replayed 6 of 6 messages, 1 of them on topics" in capsys.readouterr().err


def test_a_paced_replay_arrives_whole(replaying):
    city, at = replaying.city.id, 1_769_443_022
    rows = [
        {"topic": f"city/{city}/ambulances/4716/position", "time": at + n,
         "payload": {"time": at + n, "lat": 53.4, "lon": -2.9}}
        for n in range(3)
    ]  # fmt: skip
    assert replaying.replay(rows, speed=20)["native"]["accepted"] == 3
    assert len(replaying.history("ambulances", "4716")) == 3


def test_a_recording_of_another_city_is_refused_with_the_cure(replaying):
    with pytest.raises(ReplayError, match="does not listen to"):
        replaying.replay([{"topic": "city/elsewhere/ambulances/1/position", "payload": "{}"}])


def test_a_broker_that_is_away_is_said_in_one_line(one_store, tmp_path, capsys):
    file = tmp_path / "a.rec"
    file.write_text("2015-08-24T05:55:07Z\t*\t{}")
    settings = settings_for(one_store.url, f"mqtt://127.0.0.1:{free_port()}", tmp_path, "recordings")
    given = arguments(str(file), "--expect")
    assert command.main(settings, profile(), list(FEEDS), given) == 2
    said = capsys.readouterr().err.strip()
    assert "no broker at 127.0.0.1" in said and "\n" not in said


def test_a_broker_that_dies_meanwhile_is_said(own_broker, tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "PATIENCE_S", 0.5)
    broker = own_broker("mosquitto")
    publisher = publish.Publisher(broker.url, "recordings")

    def due_ms(record):
        if record.at_ms:
            until(lambda: publisher.published == 1, "the first message to be confirmed")
            broker.kill()
        return 0

    try:
        with pytest.raises(ReplayError, match="confirmed nothing for 0 s, after 1 messages"):
            publisher.send([Record("a", b""), Record("b", b"", 1)], due_ms=due_ms, shift_ms=0)
    finally:
        publisher.close()


def test_a_broker_that_comes_back_gets_the_rest(own_broker):
    broker = own_broker("mosquitto")
    publisher = publish.Publisher(broker.url, "recordings")

    def due_ms(record):
        if record.at_ms:
            broker.kill()
            broker.start()
        return 0

    try:
        publisher.send([Record("a", b""), Record("b", b"", 1)], due_ms=due_ms, shift_ms=0)
        assert publisher.published == 2
    finally:
        publisher.close()


def test_a_store_that_is_away_is_said_in_one_line(one_broker, tmp_path, capsys):
    file = tmp_path / "a.rec"
    file.write_text("2015-08-24T05:55:07Z\t*\t{}")
    settings = settings_for(f"redis://127.0.0.1:{free_port()}", one_broker.url, tmp_path, "recordings")
    given = arguments(str(file), "--expect")
    assert command.main(settings, profile(), list(FEEDS), given) == 2
    assert "\n" not in capsys.readouterr().err.strip()


def test_replay_is_a_word_of_the_command(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("")
    ended = subprocess.run(
        [sys.executable, "app.py", "replay", str(file)], cwd=PROJECT, capture_output=True, text=True, timeout=60,
        env=os.environ
        | {"ROOM_VAR": str(tmp_path), "ROOM_REDIS_URL": "redis://127.0.0.1:1", "ROOM_MQTT_URL": "mqtt://127.0.0.1:1"},
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.startswith("replay: ") and 'not ".txt"' in ended.stderr


@pytest.mark.parametrize("speed", ["-1", "nan", "fast"])
def test_a_speed_that_cannot_be_is_refused(speed):
    with pytest.raises(SystemExit):
        arguments("x.rec", "--speed", speed)


def test_messages_that_nobody_counts_end_the_wait(one_store, one_broker, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "STILL_S", 0.2)
    file = tmp_path / "a.rec"
    file.write_text("2015-08-24T05:55:07Z\t*\t{}")
    city = replace(profile(), id=city_id())
    settings = settings_for(one_store.url, one_broker.url, tmp_path, city.id)
    given = arguments(str(file), "--speed", "0", "--expect")
    assert command.main(settings, city, list(FEEDS), given) == 1
    assert "1 of 1 messages were not counted" in capsys.readouterr().err
