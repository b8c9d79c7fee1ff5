"""How far a stream of Redis was read, and how many entries were trimmed before that."""

import logging
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from streamson._printable import counted, printable

_log = logging.getLogger(__name__)


class EntryId(NamedTuple):
    """An entry's: when it was added, and which of that millisecond it is."""

    milliseconds: int
    number: int

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.number}"


FIRST: Final = EntryId(0, 0)
"""Before every entry."""


def parse_id(text: bytes) -> EntryId:
    """Return an entry's ID.

    >>> parse_id(b"1700000000000-3")
    EntryId(milliseconds=1700000000000, number=3)
    """
    milliseconds, _, number = text.partition(b"-")
    return EntryId(int(milliseconds), int(number or 0))


class StreamPosition:
    """How far a stream was read.

    Redis counts what was added to a stream (since version 7). From one look at that to the next,
    what was added and neither heard nor is still there was trimmed or deleted.

    Parameters
    ----------
    key
        The stream's.
    since
        From when on it is to be read, in seconds since 1970; None for now.
    """

    def __init__(self, key: str, since: float | None) -> None:
        self._key = printable(key)
        self._last = None if since is None else EntryId(max(0, int(since * 1e3) - 1), 0)
        self._added: int | None = None
        self._seen = FIRST
        self._heard = 0
        self._trimmed = 0

    @property
    def last(self) -> str:
        """After which entry to go on."""
        return str(self._last or FIRST)

    def heard(self, entry_id: bytes) -> None:
        """Take in that an entry was read."""
        self._last = parse_id(entry_id)
        self._heard += self._last > self._seen

    def see(self, info: Mapping[str, Any] | None) -> None:
        """Take in what the server says of the stream, at the beginning of a connection.

        Parameters
        ----------
        info
            The answer to ``XINFO STREAM``; None where there is no such stream.
        """
        if info is None:
            if self._last is None:
                _log.info("there is no stream %s yet; waiting for it", self._key)
            self._last, self._added, self._seen, self._heard = FIRST, 0, FIRST, 0
            return
        newest = parse_id(info["last-generated-id"])
        if self._last is None:
            self._last = newest
        elif self._last > newest and self._added is not None:
            _log.info("the stream %s has begun anew", self._key)
            self._last, self._added, self._heard = FIRST, 0, 0
        self._count_trimmed(info)
        self._added, self._seen, self._heard = info.get("entries-added"), newest, 0

    def _count_trimmed(self, info: Mapping[str, Any]) -> None:
        added, oldest = info.get("entries-added"), info["first-entry"]
        if added is None or self._added is None or self._last is None:
            return
        if oldest is not None and parse_id(oldest[0]) <= self._last:
            return
        trimmed = added - self._added - self._heard - info["length"]
        if trimmed > 0:
            self._trimmed += trimmed
            entries = counted(trimmed, "entry").replace("entrys", "entries")
            _log.warning("%s of %s trimmed before they could be heard", entries, self._key)

    def tell(self) -> None:
        """Log how many entries were trimmed; for the end."""
        if self._trimmed:
            _log.info("%s: %d trimmed before they could be heard", self._key, self._trimmed)
