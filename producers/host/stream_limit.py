"""A limit to how many streams a machine has: containers and programs come and go."""

import time
from collections import OrderedDict
from typing import Final

MAX_STREAMS: Final = 2_000
FORGET_S: Final = 600.0
"""A stream without points for so long counts no more."""


class StreamLimit:
    """Lets only so many streams be published at a time, those that were there first.

    Attributes
    ----------
    refused
        Points left out so far.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._last: OrderedDict[str, float] = OrderedDict()

    def admits(self, stream: str, now: float | None = None) -> bool:
        """Return whether a stream's point may go, at a moment of `time.monotonic`."""
        now = time.monotonic() if now is None else now
        if stream not in self._last:
            while self._last and next(iter(self._last.values())) < now - FORGET_S:
                self._last.popitem(last=False)
            if len(self._last) >= MAX_STREAMS:
                self.refused += 1
                return False
        self._last[stream] = now
        self._last.move_to_end(stream)
        return True
