"""A limit to how many streams a producer has at a time, where names come from outside."""

import time
from collections import OrderedDict
from typing import Final

FORGET_S: Final = 600.0
"""A stream without points for so long counts no more."""


class StreamLimit:
    """Lets only so many streams through, those that were there first.

    Parameters
    ----------
    max_streams
        How many.

    Attributes
    ----------
    reason
        Why a point does not go, for `Unusable.add`.

    Examples
    --------
    >>> limit = StreamLimit(1)
    >>> limit.admits("boiler"), limit.admits("tank"), limit.admits("boiler")
    (True, False, True)
    """

    def __init__(self, max_streams: int) -> None:
        self.reason = f"of more than {max_streams} streams"
        self._max_streams = max_streams
        self._last: OrderedDict[str, float] = OrderedDict()

    def admits(self, stream: str, now: float | None = None) -> bool:
        """Return whether a stream's point may go, at a moment of `time.monotonic`."""
        now = time.monotonic() if now is None else now
        if stream not in self._last:
            while self._last and next(iter(self._last.values())) < now - FORGET_S:
                self._last.popitem(last=False)
            if len(self._last) >= self._max_streams:
                return False
        self._last[stream] = now
        self._last.move_to_end(stream)
        return True
