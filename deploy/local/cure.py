"""What a person can put right: said in one line, with what to do, instead of a traceback."""

from __future__ import annotations


class Cure(Exception):
    """Something outside the program is wrong; the text says what, where, and what to do.

    Commands print it on stderr and end with exit code 2.
    """


MISSING = 'the package "{name}" is missing: run `make run`, or `.venv/bin/pip install -r requirements.txt`'


def from_error(error: BaseException) -> Cure | None:
    """The cure that an error of our own layers stands for, None if it is a fault of the program."""
    if isinstance(error, Cure):
        return error
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.partition(".")[0]
        if top not in ("app", "data", "feeds", "layouts", "callbacks", "deploy"):
            return Cure(MISSING.format(name=top))
    # these say themselves what to do; by name, so that nothing is imported only to compare with it
    if type(error).__name__ in ("CityErrors", "StoreError"):
        return Cure(str(error))
    return None
