"""Losses on the way: what is missing between the sequence numbers of a stream."""

from streamson.wire.limits import MAX_POINTS_A_SECOND


class Sequence:
    """Follows the numbers of a stream's points, as one source gives them.

    Parameters
    ----------
    now
        Monotonic seconds.

    Attributes
    ----------
    last, time
        Number of the last point, None before any, and the time that the source told of it.
    jumped
        Whether the last number was further from the one before than can have been sent.
    """

    __slots__ = ("_at", "_next", "_possible", "jumped", "last", "time")

    def __init__(self, now: float) -> None:
        self.last: int | None = None
        self.time = 0.0
        self.jumped = False
        self._next = 0
        self._at = now
        # How many more can be missing: a source that says so is not believed without bounds.
        self._possible = float(MAX_POINTS_A_SECOND)

    def take(self, number: int, size: int, time: float, now: float) -> int:
        """Take in a message, and return how many points are missing before it.

        Parameters
        ----------
        number, size, time
            Number of its first point, how many it has, and the time that is told of its last one.
        now
            When it came, monotonic seconds.
        """
        # A first number may be any: this listener may have come later than the producer. A lower
        # one than expected is a producer that started again under the same name.
        missing = 0 if self.last is None else max(number - self._next, 0)
        self.last, self.time, self._next = number + size - 1, time, number + size
        self.jumped = False
        if not missing:
            return 0
        self._possible += (now - self._at) * MAX_POINTS_A_SECOND
        self._at = now
        if missing > self._possible:
            self.jumped = True
            return 0
        self._possible -= missing
        return missing
