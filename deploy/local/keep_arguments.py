"""What `export`, `backup` and `restore` are told; imports nothing, so that no other command pays for it."""

from __future__ import annotations

import argparse
from pathlib import Path

WHEN = "a day of the city (2026-11-24), or a moment (2026-11-24T13:00:00+07:00)"


def export(parser: argparse.ArgumentParser) -> None:
    """Arguments of `export`."""
    parser.add_argument("feed", help="name of the feed")
    parser.add_argument("--from", dest="from_", required=True, metavar="WHEN", help=f"begin: {WHEN}")
    parser.add_argument("--to", required=True, metavar="WHEN", help="end: a day, which counts, or a moment")
    parser.add_argument("--format", choices=("jsonl", "csv", "parquet"), default="jsonl")
    parser.add_argument("--out", type=Path, help="file to write; else standard output")


def backup(parser: argparse.ArgumentParser) -> None:
    """Arguments of `backup`."""
    parser.add_argument("file", type=Path, help="zip file to write")


def restore(parser: argparse.ArgumentParser) -> None:
    """Arguments of `restore`."""
    parser.add_argument("file", type=Path, help="zip file that `backup` has written")
    parser.add_argument("--replace", action="store_true", help="lose the city's data that is there")
