"""The line index of TOML keys."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from data.profile.lines import line_of, toml_lines

TEXT = '''\
# remark [not.a.table]
top = 1
[a]
b = "x # no remark"   # [c]
d.e = [1, 2,
  [3, 4],  # remark, with ] and "
  { f = 1, g = { h = 2 } },
]
[a."quoted.key"]
i = """
two = lines
"""
j = 1979-05-27T07:32:00Z
[[list]]
k = 1
[[list]]
k = -2.5e3
[list.sub]
l = 'lit"eral'
'''


def test_every_key_table_and_element_has_its_line():
    lines = toml_lines(TEXT)
    assert tomllib.loads(TEXT)
    expected = {
        ("top",): 2, ("a",): 3, ("a", "b"): 4, ("a", "d", "e"): 5, ("a", "d", "e", 1): 5,
        ("a", "d", "e", 2): 6, ("a", "d", "e", 2, 0): 6, ("a", "d", "e", 3, "g", "h"): 7,
        ("a", "quoted.key"): 9, ("a", "quoted.key", "i"): 10, ("a", "quoted.key", "j"): 13,
        ("list", 0, "k"): 15, ("list", 1): 16, ("list", 1, "k"): 17, ("list", 1, "sub", "l"): 19,
    }  # fmt: skip
    assert {path: lines.get(path) for path in expected} == expected
    assert line_of(("list", 1, "missing"), lines) == 16
    assert line_of(("nowhere",), lines) == 1


words = st.text("abcdefgh_", min_size=1, max_size=5)
values = st.recursive(
    st.integers() | st.booleans() | st.sampled_from(['"#"', "'['", '"}\\" ,"']),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ",\n".join(map(_toml, value)) + "]"
    return str(value)


@given(st.dictionaries(words, st.dictionaries(words, values, min_size=1), min_size=1))
def test_any_key_stands_on_the_line_it_is_given(tables):
    text, expected = "", {}
    for table, pairs in tables.items():
        text += f"\n[{table}]\n"
        for key, value in pairs.items():
            expected[table, key] = text.count("\n") + 1
            text += f"{key} = {_toml(value)}\n"
    tomllib.loads(text)
    lines = toml_lines(text)
    assert {path: lines[path] for path in expected} == expected
