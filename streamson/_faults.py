"""Faults of the program itself, which must not end a listener: survived, and each told once."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

MAX_LOGGED: Final = 100
"""So many different faults are told; of more there is no end."""

_log = logging.getLogger(__name__)


class Faults:
    """Survives exceptions that nobody foresaw.

    Attributes
    ----------
    survived
        How many.
    """

    def __init__(self) -> None:
        self.survived = 0
        self._logged: set[tuple[type[Exception], str, int]] = set()

    def survive(self, error: Exception, what: str) -> None:
        """Take in what went wrong with something; the first of its kind is told."""
        self.survived += 1
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = ("", 0) if trace is None else (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        kind = (type(error), *where)
        if kind in self._logged or len(self._logged) >= MAX_LOGGED:
            return
        self._logged.add(kind)
        _log.error(
            "%s is left out: %s: %s. This is a fault of streamson; all else goes on.",
            *(what, type(error).__name__, error),
        )
        _log.info("Where it was:", exc_info=error)

    @contextmanager
    def surviving(self, what: str) -> Iterator[None]:
        """Survive whatever goes wrong in the block."""
        try:
            yield
        except Exception as error:  # that is what it is for
            self.survive(error, what)
