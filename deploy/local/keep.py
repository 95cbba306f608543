"""`app.py export`, `backup` and `restore`: the room's past, out and back in."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import redis

from data.archive import backup as copies
from data.archive import export as formats
from data.archive.move import city_folder
from data.archive.period import BadPeriod, period
from data.archive.read import History
from data.clock import now_ms
from data.contracts import Feed
from data.profile import City
from data.settings import Settings
from data.store.connect import connect
from data.store.durability import refusal
from data.store.keys import Keys
from deploy.local import running
from deploy.local.cure import Cure

TIMEOUT_S = 300.0  # a whole store in one answer


@contextmanager
def _said() -> Iterator[None]:
    """Errors of store and disk in words."""
    try:
        yield
    except redis.RedisError as error:
        raise Cure(f"{refusal(error).text} ({error})") from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Cure(f"{error.filename or 'the file'} cannot be used: {error.strerror or error}") from None


def export(settings: Settings, city: City, feed: Feed, given: argparse.Namespace) -> int:
    """Write a feed's events of a period."""
    settings = running.need(settings, "store")
    try:
        from_ms, to_ms = period(given.from_, given.to, city.tz, now_ms())
    except BadPeriod as error:
        raise Cure(str(error)) from None
    with _said(), History(
        connect(settings.redis_url), Keys(city.id), city_folder(settings.var, city.id), settings.var / "cache",
        feed.name, from_ms, to_ms,
    ) as found, _target(given.out) as out:  # fmt: skip
        for part in formats.encoded(found.batches(), feed, given.format):
            out.write(part)
    for name in found.damaged:
        print(f"room: left out, damaged: {name}", file=sys.stderr)
    return 1 if found.damaged else 0


@contextmanager
def _target(path: Path | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with path.open("wb") as file:
        yield file


def backup(settings: Settings, city: City, given: argparse.Namespace) -> int:
    """Write a backup."""
    settings = running.need(settings, "store")
    with _said():
        store = connect(settings.redis_url, timeout_s=TIMEOUT_S)
        done = copies.backup(store, city, settings.var, given.file, now_ms())
    print(f"{given.file}: {done.keys} keys and {done.files} files as of {done.as_of}")
    return 0


def restore(settings: Settings, city: City, given: argparse.Namespace) -> int:
    """Bring a backup back."""
    settings = running.need(settings, "store")
    with _said():
        store = connect(settings.redis_url, timeout_s=TIMEOUT_S)
        done = copies.restore(store, city, settings.var, given.file, now_ms(), replace=given.replace)
    print(f"{done.keys} keys and {done.files} files are back as of {done.as_of}; start the room")
    return 0
