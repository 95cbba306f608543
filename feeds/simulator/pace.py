"""The model's clock against the wall's.

Up to the start of this run one runs like the other, a fixed distance apart; from then on the
model's runs `speed` times as fast. What is sent carries the wall's time of its moment, so that
nothing ever lies in the future.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """offset_ms: model minus wall at the anchor; anchor_ms: wall time from which speed counts."""

    anchor_ms: int
    offset_ms: int = 0
    speed: float = 1.0

    def model(self, wall_ms: int) -> int:
        """The model's time at a moment of ours."""
        ahead = wall_ms - self.anchor_ms
        return self.anchor_ms + self.offset_ms + (int(ahead * self.speed) if ahead > 0 else ahead)

    def wall(self, model_ms: int) -> int:
        """Our time at a moment of the model."""
        ahead = model_ms - self.offset_ms - self.anchor_ms
        return self.anchor_ms + (int(ahead / self.speed) if ahead > 0 else ahead)
