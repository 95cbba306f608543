"""Waiting for conditions with a deadline."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page


def until(page: Page, condition: Callable[[], object], what: str, timeout_s: float = 10.0) -> None:
    """Keep the page running until the condition holds; it says what did not come when time is up."""
    for _ in range(int(timeout_s / 0.05)):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"within {timeout_s:g} s: {what}")
