"""The bar: how surprising a stream must be to come forward, of ten streams or of ten thousand."""

from __future__ import annotations

from math import exp, log10
from typing import Final

CHANCE_AN_HOUR: Final = 30.0
"""So many points an hour may be notable by chance alone, of however many streams. They come in
runs, so that a fifth as many streams come forward: six an hour, one in ten minutes, which EEMUA 191
calls manageable of alarms (measured: scripts/bench/plant_attention.py)."""

CAME_S: Final = 600.0
CAME_DECADES: Final = 0.3
"""Each that comes raises the bar by so much, and it sinks as much in ten minutes: whatever the
noise, no more come by chance than one in this time, for long. (As the level of an adaptive
conformal inference follows its errors: Gibbs and Candès, 2021.)"""

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
    raised
        By how many decades it is raised by those that came.
    """

    def __init__(self) -> None:
        self.points_a_second = 0.0
        self.raised = 0.0

    @property
    def decades(self) -> float:
        """How surprising a stream must be to stay: the more points come, the rarer."""
        expected = max(self.points_a_second * 3_600 / CHANCE_AN_HOUR, 1.0)
        return min(max(log10(expected), MIN_BAR_DECADES), MAX_BAR_DECADES)

    @property
    def decades_to_come(self) -> float:
        """How surprising a stream must be to come: the rarer, the more came of late."""
        return min(self.decades + self.raised, MAX_BAR_DECADES)

    def came(self) -> None:
        """Take in that a stream came forward."""
        self.raised = min(self.raised + CAME_DECADES, MAX_BAR_DECADES)

    def follow(self, points: int, passed_s: float) -> None:
        """Take in how many points came in so many seconds."""
        self.raised = max(self.raised - CAME_DECADES * passed_s / CAME_S, 0.0)
        if passed_s > 0:
            share = 1 - exp(-passed_s / POINTS_MEAN_S)
            self.points_a_second += share * (points / passed_s - self.points_a_second)
