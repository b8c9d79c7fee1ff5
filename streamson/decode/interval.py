"""A number that is known to lie between two others."""

from typing import NamedTuple


class Interval(NamedTuple):
    """A number with its error bars.

    Attributes
    ----------
    low
        It is no less; minus infinity where nobody knows.
    value
        The best guess.
    high
        It is no more; infinity where nobody knows.
    """

    low: float
    value: float
    high: float

    @property
    def width(self) -> float:
        """How far apart the error bars are."""
        return self.high - self.low

    def holds(self, value: float) -> bool:
        """Return whether a number lies within."""
        return self.low <= value <= self.high
