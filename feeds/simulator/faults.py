"""What goes wrong on the way: a message is lost, sent twice, or held up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from feeds.simulator.noise import even, key
from feeds.simulator.outgoing import MINUTE, SECOND, Outgoing

# Of 1,000 messages so many. Only what is soon sent anew may be lost; a status or a stage is not.
LOST, REPEATED, LATE = 1.5, 2.0, 1.5
MAY_BE_LOST = ("position", "telemetry")


class Faults:
    """Decides by the message alone, so that it does not matter how the caller steps."""

    def __init__(self, seed: object) -> None:
        self._key = key(seed, "faults")

    def through(self, messages: Iterable[Outgoing]) -> Iterator[Outgoing]:
        """The messages as they arrive; late ones and repeats have a later at_ms, the same event_ms."""
        for m in messages:
            kind = m.topic.rpartition("/")[2]
            k = self._key ^ key(m.topic)
            fate = 1000 * even(k, m.event_ms)
            if fate >= LOST + REPEATED + LATE or kind == "heartbeat":
                yield m
            elif fate < LOST:
                if kind not in MAY_BE_LOST:
                    yield m
            elif fate < LOST + REPEATED:
                yield m
                yield replace(m, at_ms=m.at_ms + 200 + int(1800 * even(k, m.event_ms + 1)))
            elif m.retain:
                # a retained message held up would overwrite a newer one at the broker
                yield m
            else:
                held_ms = 30 * SECOND + int((10 * MINUTE - 30 * SECOND) * even(k, m.event_ms + 2) ** 2)
                yield replace(m, at_ms=m.at_ms + held_ms)
