"""Losses on the way: what is missing between the sequence numbers of a stream.

Two relays may lead from a producer to the same listener. Then the faster one is heard, whichever
that is at the time, and what it has lost the slower one brings.
"""

from typing import Final

from streamson.wire.limits import MAX_POINTS_A_SECOND

MAX_GAPS: Final = 16
"""Of a stream, that are known: what is missing may come by another way."""


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
    following
        The number that is to follow.
    jumped
        Whether the last number was further from the one before than can have been sent.
    """

    __slots__ = ("_at", "_gaps", "_possible", "following", "jumped", "last", "time")

    def __init__(self, now: float) -> None:
        self.last: int | None = None
        self.time = 0.0
        self.jumped = False
        self.following = 0
        self._at = now
        # How many more can be missing: a source that says so is not believed without bounds.
        self._possible = float(MAX_POINTS_A_SECOND)
        self._gaps: list[tuple[int, int]] = []

    def take(self, number: int, size: int, time: float, now: float) -> int:
        """Take in a message, and return how many points are missing before it.

        What was missing and comes now is none, and is returned as a negative number.

        Parameters
        ----------
        number, size, time
            Number of its first point, how many it has, and the time that is told of its last one.
        now
            When it came, monotonic seconds.
        """
        end = number + size
        # A first number may be any: this listener may have come later than the producer.
        expected = number if self.last is None else self.following
        self.jumped = False
        if number < expected and self._fill(number, end):
            return -size
        self.last, self.time, self.following = end - 1, time, end
        if number < expected:
            self._gaps.clear()  # a producer that started again under the same name
        return self._missing(expected, number, now) if number > expected else 0

    def take_again(self, number: int, size: int) -> None:
        """Take in a message that came before: perhaps as the last point of a batch, by itself."""
        if number <= self.following < number + size:
            self.following = number + size

    def _missing(self, expected: int, number: int, now: float) -> int:
        """Take in that numbers are missing; return how many, or 0 where that can't be."""
        missing = number - expected
        self._possible += (now - self._at) * MAX_POINTS_A_SECOND
        self._at = now
        if missing > self._possible:
            self.jumped = True
            self._gaps.clear()
            return 0
        self._possible -= missing
        if len(self._gaps) >= MAX_GAPS:
            del self._gaps[0]
        self._gaps.append((expected, number))
        return missing

    def _fill(self, number: int, end: int) -> bool:
        """Return whether all of these numbers were missing, which they are no more."""
        for i, (first, after) in enumerate(self._gaps):
            if first <= number and end <= after:
                rest = [(first, number), (end, after)]
                self._gaps[i : i + 1] = [gap for gap in rest if gap[0] < gap[1]]
                del self._gaps[:-MAX_GAPS]
                return True
        return False
