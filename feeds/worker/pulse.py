"""Says twice a second, in the store, how this worker is: the pages show it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import redis
import structlog

from data.store import workers
from data.store.connect import Store
from data.store.keys import Keys
from data.store.workers import WorkerState

log = structlog.get_logger("worker")
EVERY_S = 0.5


class Pulse(threading.Thread):
    """Publishes `state()` every half second; a store that is away is no reason to stop."""

    def __init__(self, store: Store, keys: Keys, state: Callable[[], WorkerState]) -> None:
        super().__init__(name="pulse", daemon=True)
        self._store, self._keys, self._state = store, keys, state
        self._stop_event = threading.Event()

    def run(self) -> None:
        """Until `end`."""
        while not self._stop_event.is_set():
            with contextlib.suppress(redis.RedisError):  # the main loop says what is wrong with the store
                workers.publish(self._store, self._keys, self._state())
            self._stop_event.wait(EVERY_S)

    def end(self) -> None:
        """Stop, and take the worker off the list."""
        self._stop_event.set()
        self.join(3.0)
        try:
            workers.remove(self._store, self._keys, self._state().name)
        except redis.RedisError:
            log.warning("could not sign off: the store does not answer")
