"""The simulated city's figures, from `[simulation]` of the profile; what is missing there is assumed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Figures:
    """Rates are a day's mean for the whole city; shares are of ambulance calls by kind."""

    ambulance_calls_per_day: float = 60
    other_calls_per_day: float = 25
    share_ambulance_request: float = 0.41
    share_medical_check: float = 0.29
    share_traffic_accident: float = 0.18
    share_home_care: float = 0.12
    night_factor: float = 0.35
    peak_factor: float = 1.7
    turnout_s: float = 75
    car_speed_kmh: float = 30
    motorcycle_speed_kmh: float = 36
    on_scene_min: float = 14
    handover_min: float = 18
    transport_share: float = 0.62
    hotspot_outages_per_day: float = 14
    hotspot_outage_cluster: float = 6
    clients_per_hotspot: float = 9


def figures(simulation: Mapping[str, float | str]) -> Figures:
    """The profile's figures; keys that are not ours are left to others.

    Raises ValueError for a figure that is no number above or equal to zero.
    """
    given: dict[str, float] = {}
    for field in fields(Figures):
        if field.name in simulation:
            value = simulation[field.name]
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(
                    f"[simulation] {field.name} = {value!r} in city.toml: must be a number of 0 or more"
                )
            given[field.name] = float(value)
    return Figures(**given)
