"""Ages: one table of cases, said alike by the server and by the browser's script."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.ages import age_level, age_text, elapsed_text, span_text

ROOT = Path(__file__).resolve().parents[2]
CASES = json.loads(Path(__file__).with_name("ages_cases.json").read_text("utf-8"))
FORMS = {"text": age_text, "span": span_text, "elapsed": elapsed_text}

RUN = """
const ages = require(process.argv[1]);
const cases = JSON.parse(process.argv[2]);
const wrong = [];
const check = (kind, got, want, given) => { if (got !== want) wrong.push([kind, given, got, want]); };
for (const form of ['text', 'span', 'elapsed']) {
  for (const [s, want] of cases[form]) check(form, ages[form](s), want, s);
  for (const [s, want] of cases[form + '_in_words']) check(form, ages[form](s, cases.words), want, s);
}
for (const [age, max, want] of cases.level) check('level', ages.level(age, max), want, [age, max]);
console.log(JSON.stringify(wrong));
"""


@pytest.mark.parametrize("form", FORMS)
def test_the_server_says_ages_as_the_table_does(form: str) -> None:
    for seconds, want in CASES[form]:
        assert FORMS[form](seconds) == want, seconds
    for seconds, want in CASES[f"{form}_in_words"]:
        assert FORMS[form](seconds, CASES["words"]) == want, seconds


def test_the_server_judges_ages_as_the_table_does() -> None:
    for age, most, want in CASES["level"]:
        assert age_level(age, most) == want, (age, most)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_script_says_the_same_as_the_table() -> None:
    ran = subprocess.run(
        ["node", "-e", RUN, str(ROOT / "assets" / "10-ages.js"), json.dumps(CASES)],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert json.loads(ran.stdout) == []


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, None])
def test_what_is_no_number_has_no_age(odd: Any) -> None:
    assert {age_text(odd), span_text(odd), elapsed_text(odd)} == {"–"}
    assert age_level(odd, 60) == "unknown"


@given(st.floats(0, 1e8), st.floats(0, 1e8))
def test_an_older_thing_never_reads_fresher(one: float, other: float) -> None:
    order = ("fresh", "ageing", "stale")
    young, old = sorted((one, other))
    assert order.index(age_level(young, 60)) <= order.index(age_level(old, 60))
