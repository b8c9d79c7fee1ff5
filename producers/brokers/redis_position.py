"""How far a stream of Redis was read, and how many entries were trimmed before that."""

import logging
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from streamson._printable import counted, printable
from streamson._rate_limited_log import RateLimitedLog

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

    Redis counts what was ever added to a stream (since version 7). What was added, and neither was
    heard nor is still there, was trimmed or deleted.

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
        self._newest = FIRST
        self._limited = RateLimitedLog(_log)
        self._added_before: int | None = None
        self._heard = 0
        self._lost = 0
        self._trimmed = 0

    @property
    def last(self) -> str:
        """After which entry to go on."""
        return str(self._last or FIRST)

    def heard(self, entry_id: bytes) -> None:
        """Take in that an entry was read."""
        self._last = parse_id(entry_id)
        self._heard += 1

    def see(self, info: Mapping[str, Any] | None) -> None:
        """Take in what the server says of the stream, at the beginning and now and then.

        Parameters
        ----------
        info
            The answer to ``XINFO STREAM``; None where there is no such stream.
        """
        if info is None:
            if self._last is None:
                _log.info("there is no stream %s yet; waiting for it", self._key)
            self._begin_anew()
            return
        newest = parse_id(info["last-generated-id"])
        if newest < self._newest:
            _log.info("the stream %s has begun anew", self._key)
            self._begin_anew()
        self._newest = newest
        if self._last is None:
            self._last = newest
        self._count_lost(info, self._last)

    def tell(self) -> None:
        """Log how many entries were trimmed; for the end."""
        if self._trimmed:
            _log.info("%s: %d trimmed before they could be heard", self._key, self._trimmed)

    def _begin_anew(self) -> None:
        self._last = self._newest = FIRST
        self._added_before, self._heard, self._lost = 0, 0, 0

    def _count_lost(self, info: Mapping[str, Any], last: EntryId) -> None:
        added, waiting = info.get("entries-added"), _waiting(info, last)
        if added is None or waiting is None:
            return
        if self._added_before is None:
            self._added_before = added - self._heard - waiting
        lost = added - self._added_before - self._heard - waiting
        if lost > self._lost:
            number, self._lost = lost - self._lost, lost
            self._trimmed += number
            self._limited.warning(
                "trimmed",
                "%s of %s trimmed before they could be heard",
                counted(number, "entry", "entries"),
                self._key,
            )


def _waiting(info: Mapping[str, Any], last: EntryId) -> int | None:
    """Return how many entries come after the last one that was heard; None if nobody knows."""
    if last >= parse_id(info["last-generated-id"]):
        return 0
    oldest = info["first-entry"]
    if oldest is None:
        return 0
    return int(info["length"]) if parse_id(oldest[0]) > last else None
