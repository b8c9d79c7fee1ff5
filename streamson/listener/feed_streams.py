"""Streams in the feed: those that changed, and now and then each."""

import time
from math import inf
from typing import Final

from streamson.listener.report import Reporter, version_of
from streamson.model.feed import STREAMS, StreamRow, Streams
from streamson.wire.feed.portions import in_portions
from streamson.wire.feed.publisher import FeedPublisher

STREAMS_S: Final = 0.25
"""How often they are told; where nothing changed that is a message without rows."""

REFRESH_S: Final = 10.0
"""In this time each stream is told again, so that who missed something knows it again."""

STREAMS_SHARE: Final = 0.03
"""Telling takes at most this share of the time: of ten thousand it is done every five seconds."""


class StreamsTeller:
    """Tells of streams.

    Parameters
    ----------
    reporter
        Knows them.
    publisher
        Where they are told.
    """

    def __init__(self, reporter: Reporter, publisher: FeedPublisher) -> None:
        self._reporter = reporter
        self._publisher = publisher
        self._told: dict[str, tuple[object, ...]] = {}
        self._told_at: dict[str, float] = {}
        self._due = self._soonest = -inf

    def refresh(self) -> None:
        """Tell of all again, with what they play: for who knows of none, or where that changed."""
        self._told_at.clear()
        self._due = self._soonest

    def tell(self, now: float) -> None:
        """Tell what is to be told by now."""
        if now < self._due:
            return
        frame = self._reporter.frame
        rows = self._reporter.rows()
        names = {row.name for row in rows}
        gone = tuple(name for name in self._told if name not in names)
        for name in gone:
            del self._told[name]
            self._told_at.pop(name, None)
        changed = [row for row in (self._changed(row, now) for row in rows) if row is not None]
        for some in in_portions(changed):
            self._publisher.send(
                STREAMS, Streams(frame=frame, count=len(rows), rows=some, gone=gone)
            )
            gone = ()
        self._soonest = now + (time.monotonic() - now) / STREAMS_SHARE
        self._due = max(now + STREAMS_S, self._soonest)

    def _changed(self, row: StreamRow, now: float) -> StreamRow | None:
        """Return a row as it is to be told; None for one that is as it was."""
        version = version_of(row)
        is_due = now >= self._told_at.get(row.name, -inf) + REFRESH_S
        if not is_due and self._told.get(row.name) == version:
            return None
        self._told[row.name] = version
        if is_due:
            self._told_at[row.name] = now
            return self._reporter.with_legend(row)
        return row
