"""`app.py doctor`: looks at everything the room stands on; one line each, with the cure."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from data.settings import PROJECT, Settings, masked_url
from deploy.local import broker, plan, ports, running, show, store
from deploy.local.cure import Cure

if TYPE_CHECKING:
    from data.profile import City

ROOM_ON_DISK_GB = 2.0
FILES_WANTED = 4096
COLOURS = {"ok": "32", "warn": "33", "fail": "31"}


@dataclass(frozen=True)
class Finding:
    """One line. cure: what to do, empty when nothing is to be done."""

    level: Literal["ok", "warn", "fail"]
    what: str
    cure: str = ""


def main(settings: Settings, load_city: Callable[[], City]) -> int:
    """Print every finding; 1 if any is a failure, else 0."""
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    failed = warned = 0
    for finding in examine(settings, load_city):
        failed += finding.level == "fail"
        warned += finding.level == "warn"
        level = f"{finding.level:<4}"
        print(f"\x1b[{COLOURS[finding.level]}m{level}\x1b[0m" if colours else level, finding.what, flush=True)
        for line in finding.cure.splitlines():
            print(f"     {line}")
    print(f"{failed} failed, {warned} to look at")
    return 1 if failed else 0


def examine(settings: Settings, load_city: Callable[[], City]) -> Iterator[Finding]:
    """Everything, in the order in which one thing stands on the other."""
    yield from _python()
    yield from _packages()
    yield from _environment()
    yield from _folder(settings)
    yield from _city(load_city)
    yield from _ports(settings)
    now = running.read(settings)
    yield from _store(settings, now)
    yield from _broker(settings, now)
    yield from _web(settings)
    yield from _limits()
    yield from _test_tools()


def _python() -> Iterator[Finding]:
    name = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding("ok", name)
    if sys.prefix == sys.base_prefix:
        yield Finding(
            "warn", "not in a virtual environment", "use .venv/bin/python, which `make run` creates"
        )


def _packages() -> Iterator[Finding]:
    wanted: dict[str, str] = {}
    for line in (PROJECT / "requirements.txt").read_text().splitlines():
        pin, _, marker = line.partition(";")
        name, sign, version = pin.strip().partition("==")
        if sign and not marker:
            wanted[name] = version
    missing, other = [], []
    for name, version in wanted.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if found != version:
            other.append(f"{name} {found}, tested with {version}")
    if missing:
        yield Finding("fail", f"packages missing: {', '.join(missing)}", "pip install -r requirements.txt")
    if other:
        yield Finding("warn", f"other versions: {'; '.join(other)}", "pip install -r requirements.txt")
    if not missing and not other:
        yield Finding("ok", f"{len(wanted)} packages as in requirements.txt")


def _environment() -> Iterator[Finding]:
    odd = show.unknown()
    if odd:
        yield Finding("warn", f"no setting: {', '.join(odd)}", "docs/configuration.md lists what there is")


def _folder(settings: Settings) -> Iterator[Finding]:
    try:
        running.prepare(settings.var)
        lock = running.hold(settings.var / "lock")
    except Cure as cure:
        yield Finding("fail", str(cure))
        return
    if lock is None:
        yield Finding("ok", f"{settings.var}: a room is running")
    else:
        lock.close()
        yield Finding("ok", f"{settings.var} can be written; no room is running")
    free = shutil.disk_usage(settings.var).free / 1e9
    if free < ROOM_ON_DISK_GB:
        yield Finding("warn", f"only {free:.1f} GB free for {settings.var}", "make room on the disk")


def _city(load_city: Callable[[], City]) -> Iterator[Finding]:
    try:
        city = load_city()
    except Exception as error:
        yield Finding("fail", "the city's profile cannot be used", str(error))
        return
    objects = ", ".join(f"{len(members)} {feed}" for feed, members in city.registry.items())
    yield Finding("ok", f"city {city.name}: {len(city.districts)} districts, {objects}")


def _ports(settings: Settings) -> Iterator[Finding]:
    there = running.parts(settings.var)
    for part, host, port, default, variable, ours in (
        ("web", settings.http_host, settings.http_port, plan.WEB_PORT, "ROOM_HTTP_PORT", True),
        ("broker", broker.HOST, settings.mqtt_port, broker.DEFAULT_PORT, "ROOM_MQTT_PORT",
         settings.embedded_broker),
        ("store", store.HOST, settings.redis_port, store.DEFAULT_PORT, "ROOM_REDIS_PORT",
         settings.embedded_store),
    ):  # fmt: skip
        if not ours:
            continue
        if part in there:
            yield Finding("ok", f"port {there[part]['port']} is this room's {part}")
            continue
        why = ports.trouble(host, port or default)
        if not why:
            yield Finding("ok", f"port {port or default} is free for the {part}")
        elif port is None:
            yield Finding("ok", f"port {default} is taken: the {part} will use the next free one")
        else:
            yield Finding(
                "fail", f"{variable}={port}: {why}", f"free it, or unset {variable} to get the next free one"
            )


def _store(settings: Settings, now: Settings) -> Iterator[Finding]:
    if settings.embedded_store:
        try:
            store.server_binary()
        except Cure as cure:
            yield Finding("fail", str(cure))
    if not now.redis_url:
        yield Finding("ok", "store: the embedded one, not running now")
        return
    import redis

    from data.store import durability
    from data.store.connect import StoreError, check_schema, connect
    from data.store.keys import Keys

    where = masked_url(now.redis_url)
    try:
        client = connect(now.redis_url)
        info = client.info()
    except (redis.RedisError, ValueError) as error:
        yield Finding("fail", f"store {where}: {error}", "start it, or correct ROOM_REDIS_URL")
        return
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version"))
    if durability.server_version(info) < (7, 0):
        yield Finding("fail", f"store {where}: {name} {version}", "Redis 7.0, Valkey 8 or newer is needed")
    verdict = durability.probe(client)
    waits = "waits for the disk (WAITAOF)" if verdict.waitaof else "flushes before it answers"
    if verdict.ok:
        yield Finding("ok", f"store {where}: {name} {version}, {waits}")
    else:
        yield Finding("fail", f"store {where}: {name} {version} keeps no promise", verdict.text)
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        yield Finding("warn", f"store may evict ({policy})", "CONFIG SET maxmemory-policy noeviction")
    try:
        if client.exists(Keys(settings.city).schema):
            check_schema(client, Keys(settings.city))
    except StoreError as error:
        yield Finding("fail", str(error))


def _broker(settings: Settings, now: Settings) -> Iterator[Finding]:
    if not now.mqtt_url:
        yield Finding("ok", "broker: the embedded one, not running now")
        return
    from deploy.local.broker_check import look

    where = masked_url(now.mqtt_url)
    seen = look(now.mqtt_url)
    if seen.trouble:
        yield Finding("fail", f"broker {where}: {seen.trouble}", "start it, or correct ROOM_MQTT_URL")
        return
    yield Finding("ok", f"broker {where}: MQTT 5{f', {seen.version}' if seen.version else ''}")
    if seen.most_bytes is not None and seen.most_bytes < 256 * 1024:
        yield Finding(
            "fail", f"broker takes packets of {seen.most_bytes} bytes at most", "allow at least 262144"
        )
    if seen.dropped:
        yield Finding(
            "warn",
            f"broker has dropped {seen.dropped} messages since it started",
            "mosquitto.conf: max_queued_messages 0, max_inflight_messages 0, persistence true",
        )


def _web(settings: Settings) -> Iterator[Finding]:
    part = running.parts(settings.var).get("web")
    if not part:
        return
    try:
        with urllib.request.urlopen(f"{part['url']}/readyz", timeout=3) as answer:  # noqa: S310 our own address
            yield Finding("ok", f"web {part['url']}: ready ({answer.status})")
    except urllib.error.HTTPError as error:
        text = error.read(2000).decode(errors="replace")
        yield Finding("warn", f"web {part['url']}: not ready", text)
    except (TimeoutError, OSError) as error:
        yield Finding("fail", f"web {part['url']} does not answer ({error})", "look into var/log/room.log")


def _limits() -> Iterator[Finding]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES_WANTED:
        yield Finding(
            "warn", f"only {hard} open files allowed", "ulimit -Hn 65536 (each screen and device takes one)"
        )


def _test_tools() -> Iterator[Finding]:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    tools = {
        "redis-server": "redis-server",
        "mosquitto": "mosquitto",
        "mosquitto_pub": "mosquitto-clients",
        "chromium": "chromium",
    }
    absent = [package for tool, package in tools.items() if shutil.which(tool, path=path) is None]
    if absent:
        yield Finding(
            "warn", f"not here, and only `make test` uses it: {', '.join(absent)}",
            f"Debian, Ubuntu: apt install {' '.join(absent)}",
        )  # fmt: skip
    else:
        yield Finding("ok", f"for `make test`: {', '.join(tools)}")
