"""All settings, from environment variables with the prefix `ROOM_`. Printed by `app.py config`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SCHEMES = {"mqtt_url": ("mqtt://", "mqtts://"), "redis_url": ("redis://", "rediss://", "unix://")}


class Settings(BaseSettings):
    """The room's settings. An unset port means: the default if it is free, else the next free one."""

    model_config = SettingsConfigDict(env_prefix="ROOM_", extra="ignore", frozen=True)

    city: str = Field("semarang", description="Id of the city profile to run.")
    cities_path: str = Field("", description="More folders with city profiles, separated by ':'.")
    http_host: str = Field("127.0.0.1", description="Address the web process listens on.")
    http_port: int | None = Field(None, ge=1, le=65535, description="Web port (8050 if unset and free).")
    origins: str = Field("", description="Further origins that may open /live and POST, separated by commas.")
    mqtt_url: str = Field("", description="mqtt://user:password@host:port of a real broker; unset: embedded.")
    redis_url: str = Field("", description="redis://… of a real server; unset: embedded Valkey.")
    mqtt_port: int | None = Field(None, ge=1, le=65535, description="Port of the embedded broker (1883).")
    redis_port: int | None = Field(None, ge=1, le=65535, description="Port of the embedded store (6379).")
    var: Path = Field(PROJECT / "var", description="Folder for data, caches and logs.")
    simulate: Literal["auto", "on", "off"] = Field(
        "auto", description="Run the simulated city: auto means only if both servers are embedded."
    )
    open: Literal["yes", "no"] = Field(
        "no", description="yes allows a non-loopback web address although there is no sign-in yet."
    )
    frame_ms: int = Field(200, ge=50, le=10_000, description="Shortest time between two frames of /live.")
    log: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")

    @field_validator("var")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("mqtt_url", "redis_url")
    @classmethod
    def _address(cls, value: str, info: ValidationInfo) -> str:
        known = SCHEMES[info.field_name or ""]
        if value and not value.startswith(known):
            raise PydanticCustomError("address", "{text}", {"text": f"begin with {' or '.join(known)}"})
        return value

    @property
    def city_folders(self) -> list[Path]:
        """Folders that hold city profiles, in the order they are searched."""
        extra = [Path(p).expanduser() for p in self.cities_path.split(":") if p]
        return [*extra, PROJECT / "data" / "cities"]

    @property
    def embedded_store(self) -> bool:
        """True when no real Redis server is named."""
        return not self.redis_url

    @property
    def embedded_broker(self) -> bool:
        """True when no real MQTT broker is named."""
        return not self.mqtt_url

    @property
    def simulating(self) -> bool:
        """True when the simulated city runs."""
        if self.simulate == "auto":
            return self.embedded_store and self.embedded_broker
        return self.simulate == "on"

    @property
    def loopback_only(self) -> bool:
        """True when only this machine can reach the web process."""
        return self.http_host in LOOPBACK

    def masked(self) -> dict[str, str]:
        """Every setting as text, passwords in addresses replaced by ***."""
        return {name: masked_url(str(getattr(self, name))) for name in type(self).model_fields}


def masked_url(text: str) -> str:
    """The address with its password replaced; any other text unchanged."""
    if "://" not in text:
        return text
    parts = urlsplit(text)
    if "@" not in parts.netloc:
        return text
    user = parts.netloc.rsplit("@", 1)[0].split(":", 1)[0]
    return urlunsplit(parts._replace(netloc=f"{user}:***@{parts.netloc.rsplit('@', 1)[1]}"))
