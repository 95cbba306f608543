"""Colours by meaning, for dark, light and lit rooms. The same values stand in `assets/00-tokens.css`.

Warm colours: the city needs somebody. Violet: we do not know. Everything else is quiet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Theme = Literal["dark", "light", "lit"]
THEMES: tuple[Theme, ...] = ("dark", "light", "lit")

TOKENS: Mapping[Theme, Mapping[str, str]] = {
    "dark": {
        "bg0": "#0c1218", "bg1": "#141d25", "t1": "#eef3f6", "t2": "#b7c4ce", "t3": "#8e9fac",
        "s1": "#e8352b", "s1i": "#ff8078", "s2": "#ff9838", "s2i": "#ffa95a", "s3": "#f2ce3e",
        "s3i": "#f2ce3e", "unk": "#b890ff", "unki": "#c9abff", "free": "#8cc4dd", "sel": "#62b8ff",
        "prac": "#5fd0d8",
    },
    "light": {
        "bg0": "#e4e9ed", "bg1": "#fbfcfd", "t1": "#13202a", "t2": "#3f5060", "t3": "#576877",
        "s1": "#c4201a", "s1i": "#b51a14", "s2": "#f08a24", "s2i": "#9a4a00", "s3": "#f0c52e",
        "s3i": "#735600", "unk": "#7442c8", "unki": "#6232b4", "free": "#1c6e93", "sel": "#0b67bf",
        "prac": "#0b6f78",
    },
    "lit": {
        "bg0": "#b4bec6", "bg1": "#cbd3d9", "t1": "#0f1a22", "t2": "#293945", "t3": "#384955",
        "s1": "#b9140f", "s1i": "#9c0d09", "s2": "#f27f0c", "s2i": "#7a3600", "s3": "#f5cb22",
        "s3i": "#574100", "unk": "#6a34c4", "unki": "#4e2296", "free": "#0d5575", "sel": "#0a539b",
        "prac": "#07505a",
    },
}  # fmt: skip
# Tokens that carry words must reach a contrast of 4.5 on a panel; those that only fill shapes, 3.
TEXT_TOKENS = ("t1", "t2", "t3", "s1i", "s2i", "s3i", "unki", "free", "sel", "prac")


def contrast(one: str, other: str) -> float:
    """Contrast of two colours `#rrggbb` by WCAG 2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
