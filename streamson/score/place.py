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


def place(value: float, low: float, high: float) -> float:
    """Return ``(value - low) / (high - low)``, clamped to [0, 1]; 0.5 where low equals high."""
    span = high - low
    if span == 0.0:
        return 0.5
    if span == math.inf:  # extremes near +-1.8e308: halves can be subtracted without overflow
        value, low, span = value / 2, low / 2, high / 2 - low / 2
    u = (value - low) / span
    return 0.0 if u < 0.0 else min(u, 1.0)
