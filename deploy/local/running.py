"""What runs on this machine now: the lock on `var/` and the chosen ports in `var/run.json`."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from data.settings import Settings
from deploy.local.cure import Cure

Part = Mapping[str, Any]


def prepare(var: Path) -> None:
    """Create `var/`. Raises Cure when it cannot be used."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=var):
            pass
    except FileExistsError:
        raise Cure(f"{var} is not a folder: move it away, or set ROOM_VAR to another folder") from None
    except NotADirectoryError:
        raise Cure(f"{var} lies below something that is no folder: set ROOM_VAR to another folder") from None
    except OSError as error:
        raise Cure(
            f"cannot write in {var} ({error.strerror}): "
            f"give this user the right to (ls -ld shows whose it is), or set ROOM_VAR to another folder"
        ) from None


def hold(path: Path, *, wait_s: float = 0.0) -> TextIO | None:
    """An open file that holds the lock until it is closed; None when another process has it."""
    try:
        file = path.open("a+")
    except OSError as error:
        raise Cure(
            f"cannot open {path} ({error.strerror}): remove it, or set ROOM_VAR to another folder"
        ) from None
    end = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() >= end:
                file.close()
                return None
            time.sleep(0.05)


@contextlib.contextmanager
def only_room(settings: Settings) -> Iterator[None]:
    """Hold `var/` for one running room. Raises Cure when another one runs there."""
    prepare(settings.var)
    file = hold(settings.var / "lock")
    if file is None:
        now = _read(settings.var)
        who = f"process {now['pid']}" if now.get("pid") else "another process"
        raise Cure(
            f"a room already runs in {settings.var} ({who}): stop it with Ctrl-C or `kill {now.get('pid', 'PID')}`,"
            " or set ROOM_VAR to another folder"
        )
    with file:
        yield


def put(settings: Settings, parts: Mapping[str, Part], **more: Any) -> None:
    """Note parts (`store`, `broker`, `web`) as running in this process, beside those of other processes."""
    with _changing(settings.var) as noted:
        noted.update(more)
        for name, part in parts.items():
            noted.setdefault("parts", {})[name] = {**part, "pid": os.getpid()}


def drop(settings: Settings) -> None:
    """Remove what this process has noted; the file goes with the last part."""
    with contextlib.suppress(OSError, Cure), _changing(settings.var) as noted:
        parts = noted.get("parts", {})
        noted["parts"] = {n: p for n, p in parts.items() if p.get("pid") != os.getpid()}
        if noted.get("pid") == os.getpid():
            noted.pop("pid")


def parts(var: Path) -> dict[str, dict[str, Any]]:
    """The parts that run now, by name. What a killed process has left behind does not count."""
    noted = _read(var).get("parts", {})
    return {n: p for n, p in noted.items() if isinstance(p, dict) and _alive(p.get("pid"))}


def simulates(var: Path) -> bool:
    """True while a room with the simulated city runs there."""
    noted = _read(var)
    return bool(noted.get("simulating")) and _alive(noted.get("pid"))


def read(settings: Settings) -> Settings:
    """The settings with addresses and ports of what runs in `var/` filled in; set ones stay as they are."""
    found = parts(settings.var)
    filled: dict[str, Any] = {}
    if not settings.redis_url and "store" in found:
        filled["redis_url"] = found["store"]["url"]
    if not settings.mqtt_url and "broker" in found:
        filled["mqtt_url"] = found["broker"]["url"]
    if settings.http_port is None and "web" in found:
        filled["http_port"] = found["web"]["port"]
    return settings.model_copy(update=filled)


def need(settings: Settings, *names: str) -> Settings:
    """As `read`. Raises Cure naming what is neither set nor running (`store`, `broker`)."""
    settings = read(settings)
    for name, variable, value in (
        ("store", "ROOM_REDIS_URL", settings.redis_url),
        ("broker", "ROOM_MQTT_URL", settings.mqtt_url),
    ):
        if name in names and not value:
            raise Cure(
                f"no {name} runs in {settings.var}: start the room (`make run`) or `python app.py {name}`, "
                f"or set {variable}"
            )
    return settings


def _alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(var: Path) -> dict[str, Any]:
    try:
        noted = json.loads((var / "run.json").read_text())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


@contextlib.contextmanager
def _changing(var: Path) -> Iterator[dict[str, Any]]:
    """The noted state to change in place; written as a whole, so that no reader ever sees half of it."""
    prepare(var)
    with hold(var / "run.lock", wait_s=5.0) or contextlib.nullcontext():
        noted = _read(var)
        noted["parts"] = parts(var)
        yield noted
        path = var / "run.json"
        if not noted["parts"] and not noted.get("pid"):
            path.unlink(missing_ok=True)
            return
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(noted, indent=1) + "\n")
        fresh.replace(path)
