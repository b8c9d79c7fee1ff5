"""Warnings that would come again and again are told once a minute."""

import logging
import time
from typing import Final

INTERVAL_S: Final = 60.0


class Seldom:
    """Warns of each kind of thing at most once a minute.

    Parameters
    ----------
    log
        Where to.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._due: dict[str, float] = {}

    def warn(self, kind: str, message: str, *values: object) -> None:
        """Warn, if that wasn't done a moment ago."""
        now = time.monotonic()
        if now >= self._due.get(kind, 0.0):
            self._due[kind] = now + INTERVAL_S
            self._log.warning(message, *values)
