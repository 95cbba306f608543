"""The simulated city as a stream: the same for the same seed, valid, in order, with its small mishaps."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.geo import distance_m
from data.profile import City
from feeds.simulator.city import SimulatedCity
from feeds.simulator.figures import figures
from feeds.simulator.outgoing import CHANGES_ONLY, FULL, HOUR, MINUTE, SECOND, Outgoing
from feeds.worker.intake import ID
from tests.feeds.simulator.story import START, days, parts
from tests.room import FEEDS, make_city


@settings(max_examples=12, deadline=None)
@given(steps=st.lists(st.integers(1, 1_500_000), min_size=1, max_size=12), seed=st.integers(0, 5))
def test_the_same_seed_gives_the_same_city_whatever_the_steps(steps: list[int], seed: int) -> None:
    stepped, whole = (SimulatedCity(make_city(), seed, START) for _ in range(2))
    told = [m for step in steps for m in stepped.until(stepped.now_ms + step)]
    assert told == whole.until(START + sum(steps))


def test_another_seed_gives_another_city(semarang: City) -> None:
    one, other = (days(SimulatedCity(semarang, seed, START), 1 / 12) for seed in (1, 2))
    assert one != other


def test_leaving_out_positions_and_telemetry_changes_nothing_else(
    semarang: City, evening: list[Outgoing]
) -> None:
    sparse = days(SimulatedCity(semarang, 112, START), 3 / 24, CHANGES_ONLY)
    repeats = Counter(m.topic for m in evening) - Counter(m.topic for m in sparse)
    assert [m for m in evening if parts(m)[0] == "incidents"] == [
        m for m in sparse if parts(m)[0] == "incidents"
    ]
    assert not any(
        t.endswith(("/report", "/progress")) or ("ambulances" in t and "status" in t) for t in repeats
    )


def test_every_message_is_what_its_feed_declares(semarang: City, evening: list[Outgoing]) -> None:
    for m in evening:
        city, id_city, feed, id, kind = m.topic.split("/")
        assert (city, id_city) == ("city", "semarang")
        if feed == "feeds":
            assert kind == "heartbeat" and set(m.payload) == {"sender", "queue"}
            continue
        declared = FEEDS[feed].kind(kind)
        assert declared is not None
        assert declared.model.model_validate(m.payload) and not set(m.payload) - set(
            declared.model.model_fields
        )
        assert m.retain == declared.retained
        assert ID.fullmatch(id) and (feed == "incidents" or id in semarang.registry[feed])
        if declared.place:
            assert distance_m(*semarang.center, m.payload["lat"], m.payload["lon"]) < 30_000


def test_messages_come_in_the_order_in_which_they_are_sent_and_nothing_lies_in_the_future(
    evening: list[Outgoing],
) -> None:
    assert all(a.at_ms <= b.at_ms for a, b in pairwise(evening))
    assert all(m.event_ms <= m.at_ms for m in evening)
    assert evening[0].at_ms >= START and evening[-1].at_ms < START + 3 * HOUR


def test_now_and_then_a_message_is_lost_repeated_or_late(evening: list[Outgoing]) -> None:
    said = Counter((m.topic, m.event_ms, str(m.payload)) for m in evening)
    repeated = sum(n - 1 for n in said.values())
    late = [m for m in evening if m.at_ms - m.event_ms > 30 * SECOND and parts(m)[0] == "ambulances"]
    assert 10 < repeated < 0.01 * len(evening)
    assert 10 < len(late) < 0.01 * len(evening)
    assert all(m.at_ms - m.event_ms <= 10 * MINUTE for m in late)
    kinds = {parts(m)[2] for m in late}
    assert kinds == {"position"}, "a held-up status would overwrite a newer one at the broker"
    beats = Counter(parts(m)[1] for m in evening if parts(m)[0] == "feeds")
    assert set(beats) == set(FEEDS) and all(n == 360 for n in beats.values())
    measured = Counter(m.topic for m in evening if m.topic.endswith("telemetry"))
    assert any(n < 36 for n in measured.values())


def test_one_access_point_has_a_slow_clock(evening: list[Outgoing]) -> None:
    slow = {parts(m)[1] for m in evening if m.at_ms - m.event_ms > 40 * MINUTE}
    assert len(slow) == 1


def test_a_city_without_stations_hospitals_and_roads_lives_too() -> None:
    messages = days(SimulatedCity(make_city("plain"), 1, START), 1)
    codes = {m.payload.get("close_code") for m in messages} - {None}
    assert "treated_on_scene" in codes or "transported" in codes


def test_a_city_without_anything_is_quiet() -> None:
    bare = City("bare", "Bare", (0.5, 0.5), (0, 0, 1, 1), "UTC", ("en",))
    assert {parts(m)[0] for m in days(SimulatedCity(bare, 1, START), 0.25, FULL)} <= {"incidents", "feeds"}


@pytest.mark.parametrize("value", [-1, "many", True])
def test_a_figure_that_cannot_be_is_named(value: object) -> None:
    with pytest.raises(ValueError, match="car_speed_kmh"):
        figures({"car_speed_kmh": value})  # type: ignore[dict-item]
