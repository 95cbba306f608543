"""What a figure was measured on: without it a figure says nothing."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path


def cpu_model() -> str:
    """The processor's name."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        return str(re.findall(r"model name\s*:\s*(.+)", text)[0]).strip()
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def package(name: str) -> str:
    """`name version` of an installed package."""
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"{name} (not installed)"


def program(name: str, *arguments: str) -> str:
    """The first line with a version that a program prints."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not path:
        return f"{name} (not installed)"
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+[\w.]*", done.stdout + done.stderr)
    return f"{name} {found[0] if found else '?'}"


def describe(versions: Sequence[str]) -> str:
    """One line for below a table: when, on what, with which versions."""
    load = f", load before the start {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {cores()} cores, {cpu_model()}, {platform.system()} "
        f"{platform.release()}{load}; Python {platform.python_version()}; {', '.join(versions)}."
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; the first column to the left, figures to the right."""
    cells = [[str(c) for c in row] for row in [head, *rows]]
    widths = [max(len(row[n]) for row in cells) for n in range(len(head))]
    lines = [
        "| "
        + " | ".join(
            c.ljust(w) if n == 0 else c.rjust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in cells
    ]
    rule = (
        "|"
        + "|".join(":" + "-" * (w + 1) if n == 0 else "-" * (w + 1) + ":" for n, w in enumerate(widths))
        + "|"
    )
    return "\n".join([lines[0], rule, *lines[1:]])


def spread(values: Sequence[float], form: str = "{:,.0f}") -> str:
    """`median (least to most)` of several runs, the bare figure of one."""
    ordered = sorted(values)
    if not ordered:
        return "–"
    middle = form.format(median(ordered))
    if len(ordered) == 1:
        return middle
    return f"{middle} ({form.format(ordered[0])} to {form.format(ordered[-1])})"


def median(values: Sequence[float]) -> float:
    """The middle value."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies; nan for none."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
