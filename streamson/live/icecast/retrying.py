"""Trying again: jittered, longer each time, and each reason said once."""

import logging
import random
import time
from typing import Final

FIRST_S: Final = 0.25
LONGEST_S: Final = 3.0
"""So that a server that is back is heard again within 5 s."""

STABLE_S: Final = 10.0
"""A connection that lasted for so long was one: what ends it is told anew."""

MAX_REASONS: Final = 10
"""That are said until it was there: a server may make up new ones for ever."""

_log = logging.getLogger(__name__)


class Retrying:
    """How long to wait before the next attempt, and what is said of it.

    Parameters
    ----------
    what
        What is tried, for messages.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._limit_s = FIRST_S
        self._said: set[str] = set()
        self._is_told = False
        self._connected_at: float | None = None

    def connected(self, told: str) -> None:
        """Take in that it is there, and say so where that is news."""
        self._connected_at = time.monotonic()
        if not self._is_told:
            self._is_told = True
            _log.info("%s", told)

    def failed(self, reason: str) -> float:
        """Take in why it is not there; return the seconds to wait."""
        began, self._connected_at = self._connected_at, None
        if began is not None and time.monotonic() - began > STABLE_S:
            self._limit_s = FIRST_S
            self._said.clear()
        if reason not in self._said and len(self._said) < MAX_REASONS:
            self._said.add(reason)
            self._is_told = False
            _log.warning("%s: %s. It is tried again until it can be heard", self._what, reason)
        # Many that lost one server do not come back at the same moment.
        wait_s = random.uniform(0.5, 1.0) * self._limit_s  # noqa: S311  (no secret)
        self._limit_s = min(2 * self._limit_s, LONGEST_S)
        return wait_s
