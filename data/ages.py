"""Ages as words and levels, for API, briefing and export.

`assets/10-ages.js` says the same in the browser; `tests/data/ages_cases.json` is run through both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

AgeLevel = Literal["fresh", "ageing", "stale", "unknown"]

MIN, HOUR, DAY = 60, 3600, 86_400
NONE = "–"
WORDS: Mapping[str, str] = {"age_s": "{n} s", "age_min": "{n} min", "age_h": "{n} h", "age_d": "{n} d"}


def age_text(seconds: float | None, words: Mapping[str, str] = WORDS) -> str:
    """ "12 s", "4 min", "3 h", "2 d": seconds to 60, minutes to 60, hours to 48, then days.

    Rounded down; a time in the future counts as now. words: the forms of `Translator.words()`.
    None or no finite number: "–".
    """
    whole = _whole(seconds)
    if whole is None:
        return NONE
    if whole < MIN:
        return _say(words, "age_s", whole)
    if whole < HOUR:
        return _say(words, "age_min", whole // MIN)
    if whole < 2 * DAY:
        return _say(words, "age_h", whole // HOUR)
    return _say(words, "age_d", whole // DAY)


def span_text(seconds: float | None, words: Mapping[str, str] = WORDS) -> str:
    """A duration in its two largest steps: "40 s", "1 min 40 s", "2 h 5 min"."""
    whole = _whole(seconds)
    if whole is None:
        return NONE
    if whole < MIN:
        return _say(words, "age_s", whole)
    if whole < HOUR:
        big, small, step, part = "age_min", "age_s", MIN, 1
    elif whole < 2 * DAY:
        big, small, step, part = "age_h", "age_min", HOUR, MIN
    else:
        big, small, step, part = "age_d", "age_h", DAY, HOUR
    first, rest = _say(words, big, whole // step), whole % step // part
    return f"{first} {_say(words, small, rest)}" if rest else first


def elapsed_text(seconds: float | None, words: Mapping[str, str] = WORDS) -> str:
    """A running clock: "06:12"; from one hour on "1:06 h"."""
    whole = _whole(seconds)
    if whole is None:
        return NONE
    if whole < HOUR:
        return f"{whole // MIN:02}:{whole % MIN:02}"
    return _say(words, "age_h", f"{whole // HOUR}:{whole % HOUR // MIN:02}")


def age_level(age_s: float | None, max_age_s: float | None) -> AgeLevel:
    """fresh, ageing (from half the maximum on), stale (past it), unknown (no age).

    Without a maximum nothing gets stale.
    """
    if age_s is None or not math.isfinite(age_s):
        return "unknown"
    if max_age_s is None or not math.isfinite(max_age_s) or max_age_s <= 0:
        return "fresh"
    part = max(0.0, age_s) / max_age_s
    return "stale" if part > 1 else "ageing" if part >= 0.5 else "fresh"


def _whole(seconds: float | None) -> int | None:
    if seconds is None or not math.isfinite(seconds):
        return None
    return max(0, math.floor(seconds))


def _say(words: Mapping[str, str], key: str, n: int | str) -> str:
    return (words.get(key) or WORDS[key]).replace("{n}", str(n), 1)
