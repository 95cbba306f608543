"""All benches in turn: `python -m bench [NAME ...]`."""

from __future__ import annotations

import argparse
import importlib
import sys
import time

BENCHES = ("ingest", "live", "fanout")


def main() -> int:
    """Run the chosen benches with their defaults; 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"only these, of: {', '.join(BENCHES)} (part of a name is enough)",
    )
    given = parser.parse_args()
    chosen = [b for b in BENCHES if not given.names or any(n in b for n in given.names)]
    if not chosen:
        parser.error(f"no bench is called {' or '.join(given.names)}; there are {', '.join(BENCHES)}")
    failed = []
    for name in chosen:
        began = time.monotonic()
        try:
            code = importlib.import_module(f"bench.{name}").main([])
        except Exception as error:
            print(f"bench {name}: {type(error).__name__}: {error}", file=sys.stderr)
            code = 1
        print(f"\n({name}: {time.monotonic() - began:.0f} s)\n", flush=True)
        if code:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
