"""Documents of the HTTP interface."""

from __future__ import annotations

from callbacks.api import answers
from data.contracts import Slot
from data.live.things import thing
from feeds import hotspots, incidents


def slot(at_ms: int, **value: object) -> Slot:
    return Slot(at_ms, at_ms, at_ms, "live", frozenset(), value)


def test_a_latency_is_a_duration_and_no_moment() -> None:
    slots = {"telemetry": slot(1_700_000_000_000, clients=3, rx_kbps=1.0, tx_kbps=1.0, latency_ms=31.0)}
    properties = answers.feature(thing(hotspots.FEED, "H-1", slots, None), hotspots.FEED, 1_700_000_001_000)[
        "properties"
    ]
    assert properties["latency_ms"] == 31.0 and "latency_time" not in properties


def test_every_stage_of_an_incident_is_a_moment_in_rfc_3339() -> None:
    slots = {
        "report": slot(1_700_000_000_000, category="Fire", severity=2, lat=-7.0, lon=110.4, channel="112"),
        "on_scene:AMB-01": slot(1_700_000_300_000, stage="on_scene", unit_id="AMB-01"),
    }
    found = answers.feature(thing(incidents.FEED, "I-1", slots, None), incidents.FEED, 1_700_000_400_000)
    properties = found["properties"]
    assert properties["received_time"] == "2023-11-14T22:13:20.000Z"
    assert properties["on_scene_time"] == "2023-11-14T22:18:20.000Z"
    assert properties["closed_time"] is None
    assert found["geometry"] == {"type": "Point", "coordinates": [110.4, -7.0]}
