"""From the subscriber's inbox to the store, batch by batch: check, write, flush, then acknowledge."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

import structlog

from data.store.durability import Durability
from data.store.ingest import Entry, Ingest, NotStored
from feeds.worker.flood import FloodGate
from feeds.worker.intake import Intake
from feeds.worker.subscriber import Subscriber, Taken

log = structlog.get_logger("worker")
BATCH = 500
BATCH_MS = 20
FEW = 10  # worth waiting for more; from here on the broker may be waiting for our acknowledgements
LOOK_MS = 5
RETRY_MS = 500
UNKNOWN_KEYS_MOST = 1000
UNKNOWN_KEY_LETTERS = 64
THIN_MODE = 14  # where an event entry says how it is stored


class Pipeline:
    """Owns what has been read and is not yet safe.

    A batch that cannot be stored stays first in line and is tried again; nothing is
    acknowledged meanwhile, so the broker holds what follows.
    """

    def __init__(self, subscriber: Subscriber, intake: Intake, ingest: Ingest, gate: FloodGate) -> None:
        self._subscriber = subscriber
        self._intake = intake
        self._ingest = ingest
        self._gate = gate
        self._pending: deque[Taken] = deque()
        self._pending_entries: list[Entry] = []
        self._retry_ms = 0
        self._wrote_ms = 0
        self.refusal: Durability | None = None
        self.refused_since_ms = 0
        self.stored = 0
        self.unknown_keys: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """Messages read and not yet stored."""
        return len(self._pending) + len(self._subscriber.inbox)

    def due(self, now_ms: int, came: int) -> bool:
        """Is it time to write? A full batch, the oldest waiting 20 ms, or nothing more coming.

        A few messages are written at once only if nothing was for 20 ms: a stream of tiny batches
        would pay for a flush to disk with each.
        """
        if self._pending:
            return now_ms >= self._retry_ms
        inbox = self._subscriber.inbox
        if not inbox:
            return False
        if len(inbox) >= BATCH or now_ms - inbox[0].message.received_ms >= BATCH_MS:
            return True
        return came == 0 and (len(inbox) >= FEW or now_ms - self._wrote_ms >= BATCH_MS)

    def rest_s(self) -> float:
        """How long to look away while a few messages wait for more, in seconds; the socket collects them."""
        return LOOK_MS / 1000 if 0 < len(self._subscriber.inbox) < FEW and not self._pending else 0.0

    def step(self, now_ms: int) -> bool:
        """Store one batch and acknowledge it. False when the store would not take it."""
        if not self._pending:
            self._check()
        try:
            letters = self._ingest.write(self._pending_entries, now_ms)
        except NotStored as refused:
            self._refused(refused.durability, now_ms)
            return False
        if self.refusal is not None:
            log.info("storing again", after_s=round((now_ms - self.refused_since_ms) / 1000, 1))
            self.refusal = None
        self.stored += len(letters)
        self._wrote_ms = now_ms
        self._subscriber.acknowledge(self._pending)
        self._pending.clear()
        self._pending_entries = []
        return True

    def watch(self, now_ms: int) -> None:
        """Ask the store's promise while nothing is to be written, so that a fault shows before data comes."""
        if self._pending:
            return
        promise = self._ingest.promise(now_ms)
        if promise.ok:
            self.refusal = None
        else:
            self._refused(promise, now_ms)

    def _check(self) -> None:
        # Senders within their rate are served first; the order of each sender's own messages stays.
        # Acknowledged is in the order of arrival all the same: MQTT wants it, and rumqttd throws out who
        # does otherwise (MQTT 5, 4.6).
        ready: list[Entry] = []
        flooding: list[Entry] = []
        for taken, entry, passes in self._checked():
            self._pending.append(taken)
            (ready if passes else flooding).append(entry)
        self._pending_entries = [*ready, *flooding]

    def _checked(self) -> Iterator[tuple[Taken, Entry, bool]]:
        inbox = self._subscriber.inbox
        for _ in range(min(len(inbox), BATCH)):
            taken = inbox.popleft()
            entry, unknown = self._intake.take(taken.message)
            for key in unknown:
                if len(self.unknown_keys) < UNKNOWN_KEYS_MOST:
                    self.unknown_keys[key[:UNKNOWN_KEY_LETTERS]] += 1
            passes = True
            if entry[0] == "e":
                passes = self._gate.passes(f"{entry[2]}/{entry[3]}", taken.message.received_ms)
                if not passes and not entry[THIN_MODE]:
                    entry[THIN_MODE] = "thin"
            yield taken, entry, passes

    def _refused(self, why: Durability, now_ms: int) -> None:
        self._retry_ms = now_ms + RETRY_MS
        if self.refusal is None:
            self.refused_since_ms = now_ms
            log.error("not storing, not acknowledging", why=why.text, code=why.code)
        elif self.refusal.code != why.code:
            log.error("still not storing", why=why.text, code=why.code)
        self.refusal = why
