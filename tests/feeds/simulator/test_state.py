"""Going on where the last run stopped, and the two clocks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from feeds.simulator import state
from feeds.simulator.outgoing import DAY, HOUR, MINUTE
from feeds.simulator.pace import Pace
from feeds.simulator.run import span_ms
from tests.room import make_city

NOW = 1_795_500_000_000
CITY = make_city()


def told(**changed: object) -> state.Told:
    known = state.Told("testville", 7, state.fingerprint(CITY), NOW - 30 * HOUR, NOW - HOUR, 0, ("A", "B"))
    return replace(known, **changed)  # type: ignore[arg-type]


def test_the_first_start_has_a_day_of_past() -> None:
    begin = state.begin(None, CITY, 7, NOW, DAY)
    assert begin == state.Begin(NOW - DAY, NOW - DAY - 1, 0)


def test_a_later_start_goes_on_with_the_same_city() -> None:
    begin = state.begin(told(), CITY, 7, NOW, DAY)
    assert begin == state.Begin(NOW - 30 * HOUR, NOW - HOUR, 0)


def test_after_three_days_open_incidents_are_closed_and_a_new_city_begins_where_the_old_one_stopped() -> None:
    begin = state.begin(told(started_ms=NOW - 4 * DAY), CITY, 7, NOW, DAY)
    assert begin.started_ms == NOW - HOUR + 1
    assert [m.topic.split("/")[3] for m in begin.first] == ["A", "B"]
    assert all(m.payload["stage"] == "closed" for m in begin.first)
    long_ago = state.begin(
        told(started_ms=NOW - 9 * DAY, published_until_ms=NOW - 8 * DAY), CITY, 7, NOW, DAY
    )
    assert long_ago.started_ms == NOW - DAY and len(long_ago.first) == 2


def test_another_seed_or_profile_ends_the_old_city() -> None:
    assert state.begin(told(), CITY, 8, NOW, DAY).first
    changed = replace(CITY, simulation={"on_scene_min": 3})
    assert state.begin(told(), changed, 7, NOW, DAY).first


def test_a_clock_set_back_begins_a_new_city_not_one_in_the_future() -> None:
    begin = state.begin(told(published_until_ms=NOW + DAY), CITY, 7, NOW, DAY)
    assert begin.started_ms <= NOW


def test_what_was_noted_is_read_back_and_rubbish_is_not(tmp_path: Path) -> None:
    file = tmp_path / "var" / "simulator.json"
    assert state.load(file) is None
    state.save(file, told())
    assert state.load(file) == told()
    for rubbish in ("", "{", "[]", '{"city": "testville"}', '{"seed": null}'):
        file.write_text(rubbish)
        assert state.load(file) is None


@given(
    speed=st.floats(0.1, 500),
    offset=st.integers(-DAY, 9 * DAY),
    wall=st.integers(NOW - 3 * DAY, NOW + 3 * DAY),
)
def test_a_message_of_the_models_now_is_never_in_our_future(speed: float, offset: int, wall: int) -> None:
    pace = Pace(NOW, offset, speed)
    assert abs(pace.wall(pace.model(wall)) - wall) <= 10 + 1 / speed
    assert pace.wall(pace.model(wall)) <= wall
    assert pace.wall(NOW + offset - HOUR) == NOW - HOUR


def test_spans_are_written_with_their_unit() -> None:
    assert (span_ms("24h"), span_ms("2d"), span_ms("90 m")) == (DAY, 2 * DAY, 90 * MINUTE)
