"""What the store promises: may a message be acknowledged after this server has answered?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis

from data.contracts import N_
from data.store.connect import Store


@dataclass(frozen=True)
class Durability:
    """ok: a write that was answered (and, with waitaof, flushed) survives the server's death.

    code, text: what is wrong and the cure, for screens and logs; empty when ok.
    """

    ok: bool
    waitaof: bool
    code: str = ""
    text: str = ""


REFUSALS = {
    "loading": N_("The store is still loading its data."),
    "read_only": N_("The store is read-only (a replica)."),
    "no_aof": N_("The store keeps nothing on disk: set appendonly yes."),
    "everysec": N_("The store flushes only once a second: set appendfsync always."),
    "no_fsync": N_("The store never flushes to disk: set appendfsync always."),
    "disk": N_("The store cannot write to its disk."),
    "evicts": N_("The store may throw data away: set maxmemory-policy noeviction."),
    "full": N_("The store's memory is full."),
    "away": N_("The store does not answer."),
    "refuses": N_("The store refuses writes."),
}


def judge(info: Mapping[str, Any], config: Mapping[str, str], version: tuple[int, int]) -> Durability:
    """Judge a server by its INFO and CONFIG (empty where the provider hides it). Pure."""
    waitaof = version >= (7, 2)

    def refuse(code: str) -> Durability:
        return Durability(False, waitaof, code, REFUSALS[code])

    if int(info.get("loading", 0)):
        return refuse("loading")
    if info.get("role") == "slave":
        return refuse("read_only")
    if not int(info.get("aof_enabled", 0)):
        return refuse("no_aof")
    if info.get("aof_last_write_status", "ok") != "ok":
        return refuse("disk")
    fsync = config.get("appendfsync", "")
    if fsync == "everysec":
        return refuse("everysec")
    if fsync == "no":
        return refuse("no_fsync")
    limit = int(info.get("maxmemory", 0))
    if limit and str(info.get("maxmemory_policy", "noeviction")) != "noeviction":
        return refuse("evicts")
    # the server does not count the buffers of its own log and replicas against the limit
    used = int(info.get("used_memory", 0)) - int(info.get("mem_not_counted_for_evict", 0))
    if limit and used >= limit:
        return refuse("full")
    return Durability(True, waitaof)


def server_version(info: Mapping[str, Any]) -> tuple[int, int]:
    """(major, minor) of the Redis level it speaks; Valkey names its own version apart (7.2 level at least)."""
    text = str(info.get("redis_version", "0.0"))
    major, minor, *_ = [*text.split("."), "0"]
    return int(major), int(minor)


def probe(store: Store) -> Durability:
    """Ask a server. Errors become a refusal with its reason; nothing is raised."""
    try:
        info: Mapping[str, Any] = store.info()
        try:
            config = {str(_text(k)): str(_text(v)) for k, v in store.config_get("appendfsync").items()}
        except redis.ResponseError:
            config = {}
        return judge(info, config, server_version(info))
    except redis.RedisError as error:
        return refusal(error)


def refusal(error: Exception) -> Durability:
    """The refusal that an error of the server or the link stands for."""
    text = str(error)
    code = "refuses"
    if isinstance(error, redis.BusyLoadingError) or "LOADING" in text:
        code = "loading"
    elif isinstance(error, redis.ReadOnlyError) or "READONLY" in text or "read only" in text:
        code = "read_only"
    elif isinstance(error, redis.OutOfMemoryError) or "OOM" in text or "maxmemory" in text:
        code = "full"
    elif "MISCONF" in text:
        code = "disk"
    elif "WAITAOF" in text and "appendonly" in text:
        code = "no_aof"
    elif isinstance(error, (redis.ConnectionError, redis.TimeoutError, OSError)):
        code = "away"
    return Durability(False, False, code, REFUSALS[code])


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
