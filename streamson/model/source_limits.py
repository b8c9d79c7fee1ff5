"""What one source of points, and all of them together, may bring."""

from typing import Final

import msgspec

MAX_FOLLOWED_STREAMS: Final = 40_000
"""Streams of sources that are followed, at some 500 bytes each; no more can be allowed."""

MAX_MESSAGES_PER_SECOND: Final = 10_000_000
MAX_POINTS_PER_SECOND: Final = 1_000_000_000
"""More than anything can take in, which is no limit."""


class SourceLimits(msgspec.Struct, frozen=True):
    """What goes beyond is left out and counted. Each name is a key of a session's ``[limits]``.

    A source is what calls itself so, which a producer does; of a stream without one the stream
    itself is the source.

    Attributes
    ----------
    messages_per_second, points_per_second
        Of each source: half of what a listener can take in. What waited for two seconds may come
        at once.
    new_streams_per_second
        Of each source, after it brought as many as it may have at once.
    streams_per_source
        Of each source; those that are silent for a minute make room.
    streams
        Of all sources; likewise.
    """

    messages_per_second: float = 100_000
    points_per_second: float = 4_000_000
    new_streams_per_second: float = 100
    streams_per_source: int = 16_000
    streams: int = 32_000


RELAY_LIMITS: Final = SourceLimits(messages_per_second=10_000)
"""Behind a relay all comes by one connection, where calm sources wait for an eager one: so each may
send less than the smallest listener takes in. A source that has more sends batches."""
