"""Signs of life of the feed workers, and the lease on work that must happen once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import orjson

from data.store.connect import Store
from data.store.keys import Keys

FORGET_MS = 24 * 3600 * 1000

_RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass(frozen=True)
class WorkerState:
    """What a worker says of itself twice a second.

    broker, store: what is wrong there, empty when nothing is. waiting: messages read, not stored.
    flooding: senders over their rate, at most twenty. dropped: QoS 0 messages that found no room.
    """

    name: str
    at_ms: int
    started_ms: int
    broker: str = ""
    broker_since_ms: int = 0
    store: str = ""
    store_since_ms: int = 0
    waiting: int = 0
    stored: int = 0
    leaving: bool = False
    flooding: Sequence[str] = ()
    dropped: int = 0


def publish(store: Store, keys: Keys, state: WorkerState) -> None:
    """Write a worker's state."""
    store.hset(keys.workers, state.name, orjson.dumps(asdict(state)))


def remove(store: Store, keys: Keys, name: str) -> None:
    """Take a worker off the list: it ended in good order."""
    store.hdel(keys.workers, name)


def workers(store: Store, keys: Keys) -> list[WorkerState]:
    """All workers ever seen and not ended in good order."""
    return [WorkerState(**orjson.loads(v)) for v in store.hvals(keys.workers)]


class Lease:
    """Held by one process at a time; lost within `life_ms` when that process dies."""

    def __init__(self, store: Store, keys: Keys, name: str, life_ms: int = 5000) -> None:
        self._store = store
        self._key = keys.lease(name)
        self._token = secrets.token_hex(8)
        self._life_ms = life_ms
        self._renew = store.register_script(_RENEW)
        self._release = store.register_script(_RELEASE)

    def hold(self) -> bool:
        """Take or renew the lease. True: the work is ours until `life_ms` from now."""
        if self._renew(keys=[self._key], args=[self._token, self._life_ms]):
            return True
        return bool(self._store.set(self._key, self._token, nx=True, px=self._life_ms))

    def release(self) -> None:
        """Give it back, so that the next one need not wait."""
        self._release(keys=[self._key], args=[self._token])
