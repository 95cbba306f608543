"""The arguments of `replay`; apart from the command, so that `--help` of any other word costs nothing."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments after `replay`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="recording: .rec (OwnTracks), .jsonl or .csv")
    parser.add_argument(
        "--as-recorded", action="store_true", help="keep the recorded times instead of moving them to now"
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="N",
        help="how much faster; 0: as fast as the broker takes",
    )
    parser.add_argument(
        "--expect", action="store_true", help="wait until all is counted; print the counts per format"
    )
    parser.add_argument("--topic", default="", help="where messages go whose recording names no topic")


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 <= speed <= 1e6:
        raise argparse.ArgumentTypeError("must be 0 (at once) or a factor, for example 10")
    return speed
