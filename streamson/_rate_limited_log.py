"""A log that nobody can flood: at most a line a minute of each kind, and how many were left out."""

import logging
import threading
import time
from typing import Final

INTERVAL_S: Final = 60.0
"""Time between two lines of one kind: a person who reads the log sees that it goes on."""


class RateLimitedLog:
    """Warn at most once a minute for each kind of message. Threads may share one.

    A kind is a word in the code, never one from outside: so there are only a few of them.

    Parameters
    ----------
    log
        Where the lines go.
    interval_s
        Time between two lines of one kind.

    Examples
    --------
    >>> limited = RateLimitedLog(logging.getLogger("streamson"))
    >>> limited.warning("lost", "%s: %d points lost", "boiler", 3)
    """

    def __init__(self, log: logging.Logger, *, interval_s: float = INTERVAL_S) -> None:
        self._log = log
        self._interval_s = interval_s
        self._due: dict[str, float] = {}
        self._left_out: dict[str, int] = {}
        self._last: dict[str, tuple[str, tuple[object, ...]]] = {}
        self._lock = threading.Lock()

    def warning(self, kind: str, message: str, *arguments: object) -> None:
        """Write a line, or count it where one of its kind was written within the last minute."""
        now = time.monotonic()
        with self._lock:
            if now < self._due.get(kind, 0.0):
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                self._last[kind] = message, arguments
                return
            self._due[kind] = now + self._interval_s
            left_out = self._left_out.pop(kind, 0)
            self._last.pop(kind, None)
        self._write(message, arguments, left_out)

    def flush(self) -> None:
        """Write the last line of each kind of which some were left out; for the end."""
        with self._lock:
            waiting = [(*self._last[kind], count - 1) for kind, count in self._left_out.items()]
            self._left_out.clear()
            self._last.clear()
        for message, arguments, left_out in waiting:
            self._write(message, arguments, left_out)

    def _write(self, message: str, arguments: tuple[object, ...], left_out: int) -> None:
        if left_out:
            message, arguments = f"{message} (%d more like it left out)", (*arguments, left_out)
        self._log.warning(message, *arguments)
