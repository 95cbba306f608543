"""A worker that takes standard formats beside the native messages."""

from __future__ import annotations

from feeds.formats import owntracks
from tests.room import FEEDS, KPIS, WorkerThread

FORMATS = {owntracks.FORMAT.name: owntracks.FORMAT}


class Listening(WorkerThread):
    """The worker's own `main`, with the formats of this program."""

    def _run(self) -> None:
        try:
            from feeds.worker.run import main  # here, so that its failure too ends the wait at once

            main(self._settings, self._city, FEEDS, FORMATS, KPIS, self._lifeline, number=self._number)
        except BaseException as error:
            self.error = error
