"""Telling news from what was published before, by the times that points have."""

from collections import OrderedDict
from typing import Final

MAX_TIMES: Final = 100_000
"""Remembered of all streams; the oldest are forgotten."""


class SeenTimes:
    """Remembers which times of which streams were seen.

    Examples
    --------
    >>> seen = SeenTimes()
    >>> seen.add("boiler", 1.0), seen.add("boiler", 1.0), seen.add("hall", 1.0)
    (True, False, True)
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, float], None] = OrderedDict()

    def __contains__(self, point: tuple[str, float]) -> bool:
        return point in self._seen

    def add(self, stream: str, time: float) -> bool:
        """Remember a time of a stream; return whether it is new."""
        key = stream, time
        is_new = key not in self._seen
        self._seen[key] = None
        self._seen.move_to_end(key)
        if len(self._seen) > MAX_TIMES:
            self._seen.popitem(last=False)
        return is_new
