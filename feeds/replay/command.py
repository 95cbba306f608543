"""The command `replay FILE`: a recording through the broker, and what the room made of it."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import redis

from data.clock import now_ms
from data.profile import City
from data.settings import Settings
from data.store.connect import connect
from data.store.durability import refusal
from data.store.keys import Keys
from feeds.replay.publish import Publisher
from feeds.replay.read import read
from feeds.replay.records import ReplayError
from feeds.replay.shift import shift_ms, timetable
from feeds.replay.tally import NATIVE, Tally, difference, lines, tally
from feeds.worker.intake import topics_matcher

STILL_S = 20.0  # a worker that counts nothing for so long will not


def main(settings: Settings, city: City, feeds: Sequence[str], given: argparse.Namespace) -> int:
    """Run the command; its exit code. settings: with addresses of broker and store; feeds: their names."""
    try:
        return run(
            settings, city, feeds, given.file, as_recorded=given.as_recorded, speed=given.speed,
            expect=given.expect, topic=given.topic,
        )  # fmt: skip
    except ReplayError as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    except redis.RedisError as error:
        print(f"replay: {refusal(error).text}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("replay: stopped", file=sys.stderr)
        return 130


def run(
    settings: Settings,
    city: City,
    feeds: Sequence[str],
    file: Path,
    *,
    as_recorded: bool = False,
    speed: float = 1.0,
    expect: bool = False,
    topic: str = "",
    out: TextIO | None = None,
) -> int:
    """Send a recording. With `expect` the counts go to out (stdout), a line a format.

    Returns 0, or 1 when the worker has not counted everything. Others that send meanwhile are
    counted too. Raises ReplayError for a recording that cannot be read or sent.
    """
    records = read(file, city=city.id, registry=city.registry, topic=topic)
    route = router(city)
    sent = Counter(r for r in (route(r.topic) for r in records) if r)
    if not sent:
        raise ReplayError(
            f'{file}: "{city.id}" does not listen to "{records[0].topic}"; set ROOM_CITY or --topic, '
            "or add the topic under [formats] in its profile"
        )
    store, keys, formats = connect(settings.redis_url), Keys(city.id), list(city.formats)
    before = tally(store, keys, feeds, formats) if expect else {}
    publisher = Publisher(settings.mqtt_url, city.id)
    start_ms = now_ms()
    try:
        moved_ms = 0 if as_recorded else shift_ms(records, start_ms, speed)
        publisher.send(records, due_ms=timetable(records, start_ms, speed), shift_ms=moved_ms)
    finally:
        publisher.close()
        unheard = len(records) - sum(sent.values())
        note = f", {unheard} of them on topics that {city.id} does not listen to" if unheard else ""
        print(f"replayed {publisher.published} of {len(records)} messages{note}", file=sys.stderr)
    if not expect:
        return 0
    return _settle(lambda: difference(tally(store, keys, feeds, formats), before), sent, out or sys.stdout)


def router(city: City) -> Callable[[str], str]:
    """Which format's counters a topic adds to; empty: the city does not listen there."""
    formats = [(name, [topics_matcher(t) for t in f.topics]) for name, f in city.formats.items()]

    def route(topic: str) -> str:
        if topic.startswith(f"city/{city.id}/"):
            return NATIVE
        return next((name for name, fit in formats if any(m(topic) for m in fit)), "")

    return route


def _settle(added: Callable[[], Tally], sent: Counter[str], out: TextIO) -> int:
    """Wait until everything sent is counted, or nothing moves any more; print what was counted."""
    counted, moved_at = -1, time.monotonic()
    while True:
        found = added()
        missing = sum(max(0, n - found[f]["received"]) for f, n in sent.items())
        if not missing or time.monotonic() - moved_at > STILL_S:
            break
        if sum(row["received"] for row in found.values()) != counted:
            counted, moved_at = sum(row["received"] for row in found.values()), time.monotonic()
        time.sleep(0.05)
    for line in lines(added(), sent):
        print(line, file=out, flush=True)
    if missing:
        print(
            f"replay: {missing} of {sum(sent.values())} messages were not counted; does the worker run "
            "(`python app.py feeds`), with the same ROOM_CITY and broker?",
            file=sys.stderr,
        )
    return 1 if missing else 0
