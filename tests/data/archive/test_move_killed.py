"""A mover killed with SIGKILL at any moment: every event in a file, each in one only."""

from __future__ import annotations

import random
import signal
import subprocess
import sys

from data.archive import move
from tests.data.archive.conftest import Kept
from tests.data.store.entries import status
from tests.servers import until

MAIN = """
import sys
from pathlib import Path
from data.archive import move
from data.clock import now_ms
from data.store.connect import connect
from data.store.keys import Keys
from tests.room import make_city
move.SEGMENT_EVENTS, move.CHUNK = 50, 25
city = make_city(sys.argv[2])
mover = move.Mover(connect(sys.argv[1]), Keys(city.id), city, Path(sys.argv[3]))
print("ready", flush=True)
while True:
    mover.turn(now_ms() + 2 * move.SEGMENT_MS)
    mover._looked_ms = 0
"""


def test_a_mover_that_is_killed_again_and_again_files_every_event_once(kept: Kept, one_store) -> None:
    dice, sent = random.Random(3), 0
    for _ in range(5):
        kept.writer.write(*(status("H-1", f"s{sent + n}", (sent + n) * 600_000) for n in range(400)))
        sent += 400
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, one_store.url, kept.city.id, str(kept.var)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        # killed once it is somewhere in its work, never after a fixed time
        goal = len(list(kept.folder.glob("**/*.parquet"))) + dice.randint(1, 12)
        until(lambda goal=goal: len(list(kept.folder.glob("**/*.parquet"))) >= goal, "some files")
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    while kept.move():
        pass
    assert sorted(int(r["value"][12:-2]) for r in kept.rows()) == list(range(sent))
    store, keys = kept.writer.store, kept.writer.keys
    assert move.cursor(store, keys) == store.xinfo_stream(keys.changes)["last-generated-id"]
