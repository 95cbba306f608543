"""One file that holds a city: everything in the store as of one moment, the event files, the profile.

A zip: `manifest.json`, `store.jsonl` (a key a line, as the server dumps it), `archive/…` and, to
look things up, `profile/…`. Leases and signs of life are left out: they say who runs now.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from data.archive.move import city_folder
from data.clock import rfc3339
from data.profile import City
from data.store.connect import Store, StoreError
from data.store.keys import SCHEMA_VERSION, Keys

FORMAT = 1
CHUNK = 500
_FILE = re.compile(r"archive/[a-z0-9_-]+/\d{4}-\d\d-\d\d/[A-Za-z0-9_-]+\.parquet")


@dataclass(frozen=True)
class Copied:
    """What a backup holds, or a restore has brought back."""

    keys: int
    files: int
    as_of: str


# --- out ------------------------------------------------------------------------------------


def backup(store: Store, city: City, var: Path, target: Path, now_ms: int) -> Copied:
    """Write a backup; the target is there as a whole or not at all. The room may run meanwhile.

    The store is read in one transaction (it is held up as long as that takes, and the copy passes
    through memory). Files are copied after it: what moves into them meanwhile is in both, and is
    given once when it is read. Raises StoreError, OSError, redis.RedisError.
    """
    keys = Keys(city.id)
    rows = _dump(store, keys)
    folder = city_folder(var, city.id)
    manifest = {
        "format": FORMAT, "city": city.id, "schema": int(store.get(keys.schema) or SCHEMA_VERSION),
        "as_of": rfc3339(now_ms), "keys": len(rows),
    }  # fmt: skip
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    count = 0
    try:
        with unfinished.open("wb") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as whole:
                whole.writestr("manifest.json", json.dumps(manifest, indent=1))
                with whole.open("store.jsonl", "w", force_zip64=True) as lines:
                    for name, ttl, dumped in rows:
                        row = {"key": name.decode(), "ttl": ttl, "dump": base64.b64encode(dumped).decode()}
                        lines.write(json.dumps(row).encode() + b"\n")
                for path in sorted(folder.glob("*/*/*.parquet")):
                    try:
                        inside = f"archive/{path.relative_to(folder)}"
                        whole.write(path, inside, compress_type=zipfile.ZIP_STORED)
                        count += 1
                    except FileNotFoundError:
                        continue  # its retention has just ended
                for path in sorted(city.folder.iterdir()) if city.folder else ():
                    if path.is_file():
                        whole.write(path, f"profile/{path.name}")
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return Copied(len(rows), count, str(manifest["as_of"]))


def _dump(store: Store, keys: Keys) -> list[tuple[bytes, int, bytes]]:
    """(key, milliseconds to live or -1, dump) of every key as of one moment."""
    names = _names(store, keys)
    for _ in range(10):
        with store.pipeline(transaction=True) as pipe:
            pipe.keys(f"{keys.tag}:*")
            for name in names:
                pipe.dump(name)
                pipe.pttl(name)
            there, *answers = pipe.execute()
        wanted = _wanted(keys, there)
        if set(wanted) <= set(names):
            found = zip(names, answers[1::2], answers[0::2], strict=True)
            return [(name, ttl, dumped) for name, ttl, dumped in found if dumped is not None]
        names = wanted  # a key was born between the look and the copy
    raise StoreError("the store gets new objects too fast for a copy: try again in a quieter minute")


def _names(store: Store, keys: Keys) -> list[bytes]:
    return _wanted(keys, store.scan_iter(match=f"{keys.tag}:*", count=1000))


def _wanted(keys: Keys, names: Any) -> list[bytes]:
    lease, workers = keys.lease("").encode(), keys.workers.encode()
    return sorted({n for n in names if not n.startswith(lease) and n != workers})


# --- in -------------------------------------------------------------------------------------


def restore(store: Store, city: City, var: Path, source: Path, now_ms: int, *, replace: bool) -> Copied:
    """Bring a backup back. Everything that can be checked is checked before anything is touched.

    Raises StoreError with the cure: damaged file, other city, newer schema, a running worker, or
    data that is there already without `replace`.
    """
    keys = Keys(city.id)
    folder = city_folder(var, city.id)
    try:
        with zipfile.ZipFile(source) as whole:
            manifest = _checked(whole, source, city)
            _free(store, keys, folder, replace)
            rows = list(_rows(whole, keys))
            _understood(store, keys, rows)
            unfinished = folder.with_name(f".{folder.name}.{os.getpid()}.restoring")
            try:
                count = _unpack(whole, unfinished)
                _fill(store, keys, rows, now_ms, _moment(str(manifest["as_of"])))
                _exchange(folder, unfinished)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError) as error:
        raise StoreError(f"{source} is no whole backup ({error}): take another one") from None
    return Copied(len(rows), count, str(manifest["as_of"]))


def _checked(whole: zipfile.ZipFile, source: Path, city: City) -> dict[str, Any]:
    damaged = whole.testzip()
    if damaged:
        raise StoreError(f"{source} is damaged at {damaged}: take another backup")
    manifest: dict[str, Any] = json.loads(whole.read("manifest.json"))
    if manifest["format"] > FORMAT or manifest["schema"] > SCHEMA_VERSION:
        raise StoreError(
            f"{source} was written by a newer program (schema {manifest['schema']}, this one knows "
            f"{SCHEMA_VERSION}): restore it with that program"
        )
    if manifest["city"] != city.id:
        raise StoreError(
            f'{source} holds the city "{manifest["city"]}", this is "{city.id}": set ROOM_CITY={manifest["city"]}'
        )
    strange = [n for n in whole.namelist() if n.startswith("archive/") and not _FILE.fullmatch(n)]
    if strange:
        raise StoreError(f"{source} holds a file of a strange name ({strange[0]!r}): take another backup")
    return manifest


def _free(store: Store, keys: Keys, folder: Path, replace: bool) -> None:
    if store.exists(keys.lease("duties")):
        raise StoreError(
            "a worker is using the store: stop the room, then start the store alone (`python app.py store`)"
        )
    if not replace and (_names(store, keys) or any(folder.glob("*/*/*.parquet"))):
        raise StoreError(
            f'there is data of "{keys.city}" already: restore into an empty store and folder, or say --replace '
            "to lose what is there"
        )


def _rows(whole: zipfile.ZipFile, keys: Keys) -> Iterator[tuple[str, int, bytes]]:
    with whole.open("store.jsonl") as lines:
        for line in lines:
            row = json.loads(line)
            if not row["key"].startswith(f"{keys.tag}:"):
                raise ValueError(f"a key of somebody else: {row['key'][:60]!r}")
            yield row["key"], int(row["ttl"]), base64.b64decode(row["dump"], validate=True)


def _understood(store: Store, keys: Keys, rows: list[tuple[str, int, bytes]]) -> None:
    """Servers of another make may refuse a dump: known before anything is deleted."""
    probe = f"{keys.tag}:lease:restore"
    for _, _, dumped in rows[:1]:
        try:
            store.restore(probe, 10_000, dumped, replace=True)
        except redis.ResponseError as error:
            raise StoreError(
                f"this server does not understand the copy ({error}): restore it into a server of the kind and "
                "version that it was taken from, or newer"
            ) from None
        store.delete(probe)


def _fill(store: Store, keys: Keys, rows: list[tuple[str, int, bytes]], now_ms: int, as_of_ms: int) -> None:
    old = _names(store, keys)
    for start in range(0, len(old), CHUNK):
        store.delete(*old[start : start + CHUNK])
    for start in range(0, len(rows), CHUNK):
        with store.pipeline(transaction=False) as pipe:
            for name, ttl, dumped in rows[start : start + CHUNK]:
                left = ttl if ttl < 0 else as_of_ms + ttl - now_ms
                if ttl < 0 or left > 0:
                    pipe.restore(name, max(0, left), dumped, replace=True)
            pipe.execute()


def _unpack(whole: zipfile.ZipFile, folder: Path) -> int:
    names = [n for n in whole.namelist() if n.startswith("archive/")]
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = folder / Path(name).relative_to("archive")
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole.open(name) as inside, path.open("wb") as out:
            shutil.copyfileobj(inside, out)
            out.flush()
            os.fsync(out.fileno())
    return len(names)


def _exchange(folder: Path, new: Path) -> None:
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _moment(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)
