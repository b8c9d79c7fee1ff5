"""The first field of each stream: its pitch follows that one, where no session says otherwise.

A point without it is not heard. So where nobody but a producer names the streams, such points are
streams of their own; elsewhere it is told.
"""

import logging
from collections.abc import Collection
from typing import Final

from streamson._printable import counted, printable
from streamson._rate_limited_log import RateLimitedLog
from streamson.producers.base.shortened import shortened
from streamson.producers.base.stream_template import clean_name

MAX_STREAMS: Final = 10_000
"""Whose first field is remembered; of further ones nothing is told."""

MAX_PARTS: Final = 8
"""Streams that one may be parted into: what prose counts is at another place in each line."""

MAX_SHOWN_CHARS: Final = 100

_log = logging.getLogger(__name__)


class PartedStreams:
    """Names a stream of its own for points that lack the first field of their stream.

    Parameters
    ----------
    remedy
        The option that keeps them in one, for the log.

    Examples
    --------
    >>> parted = PartedStreams("--stream '{file}'")
    >>> parted.name("app", {"ms": 3}), parted.name("app", {"n": 1}), parted.name("app", {"ms": 4})
    ('app', 'app/n', 'app')
    """

    def __init__(self, remedy: str) -> None:
        self._remedy = remedy
        self._first: dict[str, str] = {}
        self._parts: dict[str, set[str]] = {}
        self._told = False

    def name(self, stream: str, fields: Collection[str]) -> str:
        """Return the name for a point that has these fields, in their order."""
        first = self._first.get(stream)
        if first is None:
            if fields and len(self._first) < MAX_STREAMS:
                self._first[stream] = next(iter(fields))
            return stream
        if first in fields or not fields:
            return stream
        parts = self._parts.setdefault(stream, set())
        field = next(iter(fields))
        if field not in parts:
            if len(parts) >= MAX_PARTS:
                return stream
            parts.add(field)
            self._tell(stream, first, field)
        return clean_name(f"{stream}/{field}")

    def _tell(self, stream: str, first: str, field: str) -> None:
        if not self._told:
            self._told = True
            _log.info(
                "%s: what has no %s is a stream of its own, such as %s/%s, so that it is heard; %s "
                "keeps all in one",
                *(printable(stream), printable(first), printable(stream), printable(field)),
                self._remedy,
            )


class FirstFields:
    """Tells which streams have points without their first field."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._told: set[str] = set()
        self._lacking = 0
        self._limited = RateLimitedLog(_log)

    def look_at(self, stream: str, fields: Collection[str], points: int = 1) -> None:
        """Take in the fields of a point, or of so many."""
        first = self._first.get(stream)
        if first is None:
            if fields and len(self._first) < MAX_STREAMS:
                self._first[stream] = next(iter(fields))
        elif first not in fields:
            self._lacking += points
            if stream not in self._told:
                self._told.add(stream)
                self._limited.warning(
                    "first field",
                    "%s: a point has no %s, which came first: it is not heard, unless a session "
                    "has a part for %s",
                    printable(stream),
                    printable(first),
                    printable(shortened(", ".join(fields), MAX_SHOWN_CHARS)),
                )

    def tell(self) -> None:
        """Log how many points there were, for the end."""
        self._limited.flush()
        if self._lacking:
            lack = "lacks" if self._lacking == 1 else "lack"
            points = counted(self._lacking, "point")
            _log.info("%s %s the first field of the stream", points, lack)
