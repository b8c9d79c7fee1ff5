"""What came lately, to know it when it comes again by another way."""

from typing import Final

MAX_KNOWN: Final = 100_000
"""Messages of all sources, and up to twice as many: some 20 MB, and 2 s of 50,000 a second that
one way may be behind the other."""

KNOWN_S: Final = 5.0
"""So long they are known, and up to twice as long. What is sent again under the same name, with the
same numbers and times, is heard after that."""


class LatelyCame:
    """Messages that came lately, of all sources: bounded in number and in time."""

    def __init__(self) -> None:
        self._since = 0.0
        self._latest: set[int] = set()
        self._before: set[int] = set()

    def __contains__(self, identity: int) -> bool:
        """Return whether a message came."""
        return identity in self._latest or identity in self._before

    def add(self, identity: int, now: float) -> None:
        """Take in that one came.

        Parameters
        ----------
        identity
            The hash of all that it is known by.
        now
            When, monotonic seconds.
        """
        if len(self._latest) >= MAX_KNOWN or now > self._since + KNOWN_S:
            self._before, self._latest, self._since = self._latest, set(), now
        self._latest.add(identity)
