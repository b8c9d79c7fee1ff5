"""Counting what comes and is no point: bad lines, messages without numbers."""

import logging
from collections import Counter
from typing import Final

from streamson._printable import counted, printable
from streamson._rate_limited_log import RateLimitedLog

MAX_EXAMPLE_CHARS: Final = 80

_log = logging.getLogger(__name__)


class Unusable:
    """Counts what is left out, by kind, and shows one of each kind in the log now and then.

    Parameters
    ----------
    noun
        What is left out: "line", "message".

    Attributes
    ----------
    count
        How many, of all kinds.
    """

    def __init__(self, noun: str) -> None:
        self.count = 0
        self._noun = noun
        self._kinds: Counter[str] = Counter()
        self._unread_times = 0
        self._limited = RateLimitedLog(_log)

    def add(self, kind: str, example: str | bytes = "", number: int = 1) -> None:
        """Count one, or so many.

        Parameters
        ----------
        kind
            Why, in words of the code: "without numbers".
        example
            The one at hand.
        number
            How many.
        """
        self.count += number
        self._kinds[kind] += number
        text = example.decode(errors="replace") if isinstance(example, bytes) else example
        shown = printable(text[: 2 * MAX_EXAMPLE_CHARS])
        if len(text) > MAX_EXAMPLE_CHARS:
            shown = shown[:MAX_EXAMPLE_CHARS] + " ..."
        self._limited.warning(
            kind, "a %s %s left out%s", self._noun, kind, f": {shown}" if shown else ""
        )

    def add_time(self, unread: str) -> None:
        """Count a point whose time can't be read, if that is not empty; it is used without."""
        if unread:
            self._unread_times += 1
            shown = printable(unread[:MAX_EXAMPLE_CHARS])
            self._limited.warning("time", "a time that can't be read, now is taken: %s", shown)

    def lines(self) -> list[str]:
        """Return how many there were of each kind, in words."""
        found = [
            f"{counted(n, self._noun)} {kind if n == 1 else _of_several(kind)} left out"
            for kind, n in self._kinds.items()
        ]
        if self._unread_times:
            found.append(f"{counted(self._unread_times, 'time')} that can't be read")
        return found

    def tell(self) -> None:
        """Log how many there were; for the end."""
        for line in self.lines():
            _log.info("%s", line)


def _of_several(kind: str) -> str:
    return f"that are {kind[8:]}" if kind.startswith("that is ") else kind
