"""Numbers that look random and depend only on a key and a counter, so that nothing need be kept or replayed."""

from __future__ import annotations

from hashlib import blake2b

_MASK = (1 << 64) - 1
_PIECE = 1 << 21


def key(*parts: object) -> int:
    """A 64-bit key from any words; the same on every machine."""
    return int.from_bytes(blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest(), "big")


def _mixed(key: int, n: int) -> int:
    """64 well-mixed bits (the SplitMix64 finaliser)."""
    z = (key + n * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def even(key: int, n: int = 0) -> float:
    """Evenly spread over 0 ≤ x < 1."""
    return (_mixed(key, n) >> 11) * 2.0**-53


def bell(key: int, n: int = 0) -> float:
    """About normal: mean 0, standard deviation 1, never beyond ±3."""
    z = _mixed(key, n)
    return ((z % _PIECE) + (z >> 21) % _PIECE + (z >> 42) % _PIECE) / _PIECE * 2 - 3
