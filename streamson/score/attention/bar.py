"""The bar: how surprising a stream must be to come forward, of ten streams or of ten thousand."""

from __future__ import annotations

from math import exp, log10
from typing import Final

CHANCE_AN_HOUR: Final = 15.0
"""So many points an hour may be notable by chance alone, of however many streams. They come in
runs, so that half as many streams come forward: one in ten minutes, which EEMUA 191 calls
manageable of alarms (measured: scripts/bench/plant_attention.py)."""

MIN_BAR_DECADES: Final = 3.5
MAX_BAR_DECADES: Final = 8.0
"""Between these lies what is notable: below, a single slow stream would come forward every day;
above, no estimate of a tail is to be trusted."""

POINTS_MEAN_S: Final = 60.0
"""How many points come is a mean that forgets in this time."""


class Bar:
    """Rises with the number of points that come.

    Attributes
    ----------
    points_a_second
        How many come, as of the last minute.
    """

    def __init__(self) -> None:
        self.points_a_second = 0.0

    @property
    def decades(self) -> float:
        """How surprising a stream must be: the more points come, the rarer."""
        expected = max(self.points_a_second * 3_600 / CHANCE_AN_HOUR, 1.0)
        return min(max(log10(expected), MIN_BAR_DECADES), MAX_BAR_DECADES)

    def follow(self, points: int, passed_s: float) -> None:
        """Take in how many points came in so many seconds."""
        if passed_s > 0:
            share = 1 - exp(-passed_s / POINTS_MEAN_S)
            self.points_a_second += share * (points / passed_s - self.points_a_second)
