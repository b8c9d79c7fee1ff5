"""Waiting for what is not there: jittered, longer each time, and said once."""

import logging
import math
import random
import time
from typing import Final

from streamson._printable import printable

FIRST_S: Final = 0.25
LONGEST_S: Final = 3.0
"""So that what is back is heard again within 5 s."""

STABLE_S: Final = 2.0
"""What is gone again sooner was hardly there: waits go on growing."""

MAX_SAID: Final = 3
"""So often in a row it is said of a server that is hardly there; after that it is left unsaid."""

MAX_REASON_CHARS: Final = 200

_log = logging.getLogger(__name__)


class Backoff:
    """How long to wait before the next attempt to connect.

    Each wait is a random part, at least half, of one that doubles until `LONGEST_S`: many that lost
    the same server do not come back at the same moment. That something is gone is logged once, and
    so it is that it is back.

    Parameters
    ----------
    what
        What is connected to, for messages: "mqtt://127.0.0.1:1883".
    longest_s
        The longest wait, in seconds.

    Attributes
    ----------
    what
        As above.
    """

    def __init__(self, what: str, *, longest_s: float = LONGEST_S) -> None:
        self.what = what
        self._longest_s = longest_s
        self._limit_s = FIRST_S
        self._gone_at: float | None = None
        self._connected_at = -math.inf
        self._is_said = True
        self._short = 0

    @property
    def is_waiting(self) -> bool:
        """Whether what is connected to is gone."""
        return self._gone_at is not None

    def failed(self, reason: object) -> float:
        """Take in that an attempt failed, or a connection ended; return the seconds to wait."""
        now = time.monotonic()
        if self._gone_at is None:
            self._gone_at = now
            if now - self._connected_at < STABLE_S:
                self._short += 1
            else:
                self._short, self._limit_s = 0, FIRST_S
            self._is_said = self._short <= MAX_SAID
            if self._is_said:
                text = printable(str(reason))[:MAX_REASON_CHARS]
                _log.warning("%s: %s; trying until it is there", self.what, text)
        wait_s = random.uniform(0.5, 1.0) * self._limit_s  # noqa: S311  (no secret)
        self._limit_s = min(2 * self._limit_s, self._longest_s)
        return wait_s

    def connected(self) -> None:
        """Take in that it is there."""
        self._connected_at = time.monotonic()
        if self._gone_at is not None and self._is_said:
            away_s = self._connected_at - self._gone_at
            _log.info("%s: there again after %.1f s", self.what, away_s)
        self._gone_at = None
