"""What a source may bring: so many messages, points and new streams a second."""

from typing import Final, Literal

from streamson.model.source_limits import SourceLimits

BURST_S: Final = 2.0
"""What a source may bring in this time may come at once: it waits while a listener is busy."""

Limit = Literal[
    "messages_per_second",
    "points_per_second",
    "new_streams_per_second",
    "streams_per_source",
    "streams",
]
"""A limit's name, which is its key in a session and what `SourceLimits` calls it."""

SENTENCES: Final[dict[Limit, str]] = {
    "messages_per_second": "%s sends more than the %.10g messages a second that a source may",
    "points_per_second": "%s sends more than the %.10g points a second that a source may",
    "new_streams_per_second": "%s begins more than the %.10g streams a second that a source may",
    "streams_per_source": "%s has more than the %.10g streams that a source may",
    "streams": "%s begins one more than the %.10g streams that all sources may have",
}
"""What goes beyond, by the source's name and what is allowed."""


class Spending:
    """What a source has brought lately.

    What goes beyond the limits is not let in until enough time has passed. Of a message the last
    point counts as the first: a batch that is larger than what may come at once is let in, and
    paid for before the next one.
    """

    __slots__ = ("_messages_until", "_points_until", "_streams_until")

    def __init__(self) -> None:
        # Until when it takes to bring what came, as fast as it may.
        self._messages_until = self._points_until = self._streams_until = 0.0

    def take(self, size: int, now: float, limits: SourceLimits) -> Limit | None:
        """Take in a message of so many points; return the limit that it goes beyond, if any."""
        latest = now + BURST_S
        if self._messages_until > latest:
            return "messages_per_second"
        if self._points_until > latest:
            return "points_per_second"
        # Twice max() would take longer than all the rest, for each message.
        if self._messages_until < now:  # noqa: PLR1730
            self._messages_until = now
        if self._points_until < now:  # noqa: PLR1730
            self._points_until = now
        self._messages_until += 1 / limits.messages_per_second
        self._points_until += size / limits.points_per_second
        return None

    def take_stream(self, now: float, limits: SourceLimits) -> Limit | None:
        """Take in that a stream begins; as many as a source may have may do so at once."""
        rate = limits.new_streams_per_second
        if self._streams_until > now + limits.streams_per_source / rate:
            return "new_streams_per_second"
        self._streams_until = max(self._streams_until, now) + 1 / rate
        return None
