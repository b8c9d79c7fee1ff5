"""Losses on the way: what is missing between the sequence numbers of each stream and source."""

from collections import OrderedDict

from streamson._printable import counted
from streamson._rate_limited_log import RateLimitedLog
from streamson.model.point import Batch, DataPoint
from streamson.wire.limits import MAX_POINTS_A_SECOND, MAX_TRACKED_SOURCES


class Sequences:
    """Follows sequence numbers.

    Parameters
    ----------
    log
        Where losses are said.
    """

    def __init__(self, log: RateLimitedLog) -> None:
        self._log = log
        # Of each pair: the next number, when the last one came, and how many more can be missing.
        self._next: OrderedDict[tuple[str, str], tuple[int, float, float]] = OrderedDict()

    def lost(self, message: DataPoint | Batch, sequence: int, size: int, now: float) -> int:
        """Return how many points are missing before a message.

        Parameters
        ----------
        message, sequence, size
            The message, the number of its first point, and how many points it has.
        now
            When it came, monotonic seconds.
        """
        key = message.stream, message.source
        # A first number may be any: this listener may have come later than the producer.
        expected, before, possible = self._next.get(key, (sequence, now, MAX_POINTS_A_SECOND))
        possible += (now - before) * MAX_POINTS_A_SECOND
        missing = sequence - expected
        if missing > possible:
            self._log.warning(
                "restarted",
                "%s: numbers jump by %d, more than can have been sent; its source began anew",
                message.stream,
                missing,
            )
        # A lower number than expected is a producer that started again under the same name.
        if not 0 <= missing <= possible:
            missing = 0
        if missing:
            self._log.warning("lost", "%s: %s lost", message.stream, counted(missing, "point"))
        self._next[key] = sequence + size, now, possible - missing
        self._next.move_to_end(key)
        if len(self._next) > MAX_TRACKED_SOURCES:
            self._next.popitem(last=False)
        return missing
