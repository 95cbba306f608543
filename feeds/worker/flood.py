"""Senders that send more than they may: found here, thinned in the store, never refused."""

from __future__ import annotations

from dataclasses import dataclass

HOLD_MS = 60_000
BUCKETS = 20_000  # look for some to forget from here on


@dataclass(slots=True)
class _Bucket:
    level: float
    at_ms: int
    over_since_ms: int = 0
    seen_over_ms: int = 0


class FloodGate:
    """One token bucket a sender: `rate_per_s` refill, `burst` deep.

    A sender whose bucket has been empty for 60 s is flooding, until it has kept its rate for 60 s.
    """

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self._rate = rate_per_s
        self._burst = burst
        self._buckets: dict[str, _Bucket] = {}
        self._forget_at = BUCKETS
        self.flooding: dict[str, int] = {}

    def passes(self, sender: str, now_ms: int) -> bool:
        """Count one message; False while the sender floods."""
        bucket = self._buckets.get(sender)
        if bucket is None:
            self._forget(now_ms)
            bucket = self._buckets[sender] = _Bucket(float(self._burst), now_ms)
        bucket.level = min(self._burst, bucket.level + max(0, now_ms - bucket.at_ms) / 1000 * self._rate) - 1
        bucket.at_ms = now_ms
        if bucket.level < 0:
            bucket.level = 0
            bucket.seen_over_ms = now_ms
            bucket.over_since_ms = bucket.over_since_ms or now_ms
            if now_ms - bucket.over_since_ms >= HOLD_MS:
                self.flooding.setdefault(sender, now_ms)
        elif bucket.over_since_ms and now_ms - bucket.seen_over_ms >= HOLD_MS:
            bucket.over_since_ms = 0
            self.flooding.pop(sender, None)
        return sender not in self.flooding

    def flooders(self, now_ms: int) -> list[str]:
        """Who floods now. `flooding` also holds those that have said nothing since."""
        seen = {s: b.seen_over_ms for s in sorted(self.flooding) if (b := self._buckets.get(s))}
        return [s for s, over_ms in seen.items() if now_ms - over_ms < HOLD_MS]

    def _forget(self, now_ms: int) -> None:
        # a full bucket says no more than none; keeps memory flat under made-up sender names
        if len(self._buckets) >= self._forget_at:
            full_ms = self._burst / self._rate * 1000
            self._buckets = {s: b for s, b in self._buckets.items() if now_ms - b.at_ms < full_ms}
            self.flooding = {s: t for s, t in self.flooding.items() if s in self._buckets}
            # else, where none can be forgotten, each new name would look at all others
            self._forget_at = max(BUCKETS, 2 * len(self._buckets))
