"""Hosts and origins: what is no address is refused like a foreign one."""

from __future__ import annotations

import pytest

from callbacks.security import Origins

ODD = ("[", "[::1", "http://[", "]", "\x00", "//", "a" * 10_000, "127.0.0.1@evil.example")


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_a_host_that_is_no_address_is_refused(text: str) -> None:
    """It was an error of the server, with a traceback in the log."""
    assert not Origins((), any_host=False).host_allowed(text)


@pytest.mark.parametrize("text", [*ODD, "", "null", "http://127.0.0.1:8050@evil.example"], ids=ascii)
def test_an_origin_that_is_no_address_is_refused(text: str) -> None:
    assert not Origins((), any_host=True).allow(text, "127.0.0.1:8050")
