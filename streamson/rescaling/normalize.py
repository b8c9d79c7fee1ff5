"""Where a value stands between two others, and how far back one looks to find those."""

import math
from typing import Final

import msgspec

MAX_WINDOW_POINTS: Final = 1_000_000
"""Points a window may hold. A rising series keeps them all, at about 80 bytes each."""

Range = tuple[float, float]
"""The lowest and the highest value."""


class Window(msgspec.Struct, frozen=True):
    """How far back a rescaling looks: so many points, so many seconds, or all (neither is given).

    Attributes
    ----------
    points
        Number of points, the newest included; at most `MAX_WINDOW_POINTS`.
    seconds
        Time before the newest point, by the points' own times.
    """

    points: int | None = None
    seconds: float | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing is ever forgotten."""
        return self.points is None and self.seconds is None


def normalize(value: float, low: float, high: float) -> float:
    """Return ``(value - low) / (high - low)``, clamped to [0, 1]; 0.5 where low equals high."""
    span = high - low
    if span == 0.0:
        return 0.5
    if span == math.inf:  # extremes near +-1.8e308: halves can be subtracted without overflow
        value, low, span = value / 2, low / 2, high / 2 - low / 2
    u = (value - low) / span
    return 0.0 if u < 0.0 else min(u, 1.0)


def place_in(value: float, found: Range) -> float:
    """Return a value's place in a range, clamped to [0, 1]; NaN in one that spans nothing."""
    low, high = found
    return normalize(value, low, high) if low < high else math.nan


def range_of(state: object) -> Range:
    """Return a range that was saved: none yet (infinity, -infinity), or two finite ends.

    Raises
    ------
    ValueError
        If it is neither.
    """
    low, high = msgspec.convert(state, Range)
    if (low, high) == (math.inf, -math.inf) or (-math.inf < low <= high < math.inf):
        return low, high
    raise ValueError(f"a range from {low} to {high}")


def lerp(first: float, second: float, share: float) -> float:
    """Return what lies so far on the way from the first to the second."""
    if first == second:  # not even rounding may part equal values
        return first
    # The difference of the two may be beyond the largest float.
    return first * (1 - share) + second * share
