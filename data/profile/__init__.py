"""The city profile: a city is a folder with `city.toml` and CSV files, no code."""

from data.profile.city import (
    City,
    DeviceTarget,
    District,
    Format,
    Hospital,
    Limits,
    Place,
    Scene,
    Screen,
    Sea,
    Station,
    TileServer,
    Village,
    Way,
)
from data.profile.errors import CityError, CityErrors
from data.profile.load import load_city

__all__ = [
    "City", "CityError", "CityErrors", "DeviceTarget", "District", "Format", "Hospital", "Limits",
    "Place", "Scene", "Screen", "Sea", "Station", "TileServer", "Village", "Way", "load_city",
]  # fmt: skip
