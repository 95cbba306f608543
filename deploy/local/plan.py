"""What runs on this machine, where, and in which order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from data.settings import Settings
from deploy.local import broker, ports, store
from deploy.local.child import Plan

WEB_PORT = 8050
WEB_AT_LATEST_S = 4.0


def choose_ports(settings: Settings) -> tuple[Settings, tuple[int, int]]:
    """The settings with every port, and the broker's two inner ones. Raises Cure."""
    taken: set[int] = set()
    chosen: dict[str, Any] = {}
    inner = (0, 0)
    if settings.embedded_store:
        chosen["redis_port"] = ports.choose(
            store.HOST, settings.redis_port, store.DEFAULT_PORT, "ROOM_REDIS_PORT", taken
        )
    if settings.embedded_broker:
        chosen["mqtt_port"] = ports.choose(
            broker.HOST, settings.mqtt_port, broker.DEFAULT_PORT, "ROOM_MQTT_PORT", taken
        )
    chosen["http_port"] = ports.choose(
        settings.http_host, settings.http_port, WEB_PORT, "ROOM_HTTP_PORT", taken
    )
    if settings.embedded_broker:
        inner = broker.choose_inner(taken)
    return settings.model_copy(update=chosen), inner


def plans(settings: Settings, inner: tuple[int, int], simulation: Sequence[str]) -> list[Plan]:
    """What runs, in the order of its first turns."""
    redis_url = settings.redis_url or f"redis://{store.HOST}:{settings.redis_port}/0"
    mqtt_url = settings.mqtt_url or f"mqtt://{broker.HOST}:{inner[1]}"
    values = {f"ROOM_{name.upper()}": getattr(settings, name) for name in type(settings).model_fields}
    base = {**os.environ, **{name: str(value) for name, value in values.items() if value is not None}}
    base["ROOM_SIMULATE"] = "on" if settings.simulating else "off"
    served = {**base, "ROOM_REDIS_URL": redis_url, "ROOM_MQTT_URL": mqtt_url}
    planned: list[Plan] = []
    before: list[str] = []
    if settings.embedded_store:
        planned.append(Plan("store", ["store"], base, end_s=12))
        before.append("store")
    if settings.embedded_broker:
        told = ["broker", "--inner", f"{inner[0]},{inner[1]}"]
        planned.append(Plan("broker", told, base, end_s=3))
        before.append("broker")
    planned.append(Plan("worker", ["feeds"], served, after=tuple(before), end_s=10))
    if settings.simulating:
        planned.append(Plan("simulator", ["simulate", *simulation], served, after=("worker",), end_s=3))
    # a screen that says what is missing is worth more than none: a dead broker must not hold up the pages
    planned.append(Plan("web", ["web"], served, after=("worker",), at_latest_s=WEB_AT_LATEST_S, end_s=5))
    return planned


def address(settings: Settings) -> str:
    """Where this machine's browser finds the room."""
    host = settings.http_host
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 shown, not bound
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.http_port}"
