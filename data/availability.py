"""What was known of an object over time: spans of one state each, and spans of silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Span:
    """From from_ms to to_ms the state was this; `unknown` where nobody said so."""

    from_ms: int
    to_ms: int
    state: str


def spans(
    words: Iterable[tuple[int, str | None]], from_ms: int, to_ms: int, stale_ms: int, before: str = UNKNOWN
) -> list[Span]:
    """The spans between from_ms and to_ms, without gap, oldest first.

    words: (event time, state it says, or None for a sign of life that tells no state), any order.
    A word holds for stale_ms; after that the state is unknown until the next word. before: the
    state that held when the span began, if something says so.
    """
    state, heard = before, (from_ms if before != UNKNOWN else None)
    found: list[Span] = []

    def put(start: int, end: int, what: str) -> None:
        start, end = max(start, from_ms), min(end, to_ms)
        if end <= start:
            return
        if found and found[-1].state == what and found[-1].to_ms == start:
            found[-1] = Span(found[-1].from_ms, end, what)
        else:
            found.append(Span(start, end, what))

    at = from_ms
    for moment, says in [*sorted(words, key=lambda w: w[0]), (to_ms, None)]:
        moment = min(moment, to_ms)
        if moment > at:
            known_to = at if heard is None else min(moment, heard + stale_ms)
            put(at, known_to, state)
            put(max(at, known_to), moment, UNKNOWN)
            at = moment
        state = says or state
        heard = moment if heard is None else max(heard, moment)
    return found


def share(found: Iterable[Span], state: str) -> float | None:
    """Share of the known time in this state, 0 to 1, weighted by time; None if nothing is known."""
    known = [s for s in found if s.state != UNKNOWN]
    total = sum(s.to_ms - s.from_ms for s in known)
    return sum(s.to_ms - s.from_ms for s in known if s.state == state) / total if total else None
