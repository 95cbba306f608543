"""Where the recordings lie. They are not part of this project; tests that use them are skipped without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.settings import PROJECT


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recordings: ROOM_RECORDINGS, or `../shared/data/recordings` beside the project."""
    folder = Path(os.environ.get("ROOM_RECORDINGS") or PROJECT.parent / "shared" / "data" / "recordings")
    if not folder.is_dir():
        pytest.skip("no recordings here; ROOM_RECORDINGS names their folder")
    return folder
