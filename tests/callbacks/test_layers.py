"""Layers as they stood: many who ask for the past hold up nobody else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from callbacks.api import v1
from tests.callbacks.conftest import Web, unit


def test_many_looks_at_the_past_leave_the_probes_alone(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """30 of them took every thread: /readyz answered after 21 s."""
    go, busy, most = threading.Event(), [0], [0]

    def slow(*_: Any) -> dict[str, Any]:
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        go.wait(30)
        busy[0] -= 1
        return {}

    monkeypatch.setattr(v1, "_past", slow)
    web.show(unit("AMB-01"))
    url = f"{web.url}/api/v1/layers/ambulances"
    with ThreadPoolExecutor(64) as crowd:
        at = datetime.now(UTC).isoformat()
        asked = [crowd.submit(httpx.get, url, params={"at": at}, timeout=60) for _ in range(64)]
        try:
            assert httpx.get(f"{web.url}/readyz", timeout=20).status_code in (200, 503)
        finally:
            go.set()
        assert {a.result().status_code for a in asked} == {200}
    assert most[0] <= v1.PAST_AT_ONCE
