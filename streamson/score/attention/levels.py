"""How surprising each of many streams is of late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

FADE_S: Final = 10.0
"""A surprise fades by a decade in this time, so that a stream whose unusual values come a few
seconds apart stays in front without a break, and a single spike of one in a million is past after a
minute: as long as somebody needs to look."""

MAX_DECADES: Final = 12.0
"""Beyond one in so many decades all is as surprising: two minutes later it is past."""


class Levels:
    """Follows the surprise of streams, each in a slot: it rises at once, and fades.

    Parameters
    ----------
    capacity
        Slots are below this number.

    Attributes
    ----------
    decades
        By slot: how surprising a stream is of late, shape (capacity,).
    live
        Whether a slot has a stream that did not end.
    fading
        Whether its last value no longer counts, for it is silent.
    stuck
        Whether its values stand still.
    """

    def __init__(self, capacity: int) -> None:
        self.decades = np.zeros(capacity)
        self.live = np.zeros(capacity, bool)
        self.fading = np.zeros(capacity, bool)
        self.stuck = np.zeros(capacity, bool)
        self._noticed = np.zeros(capacity)

    def begin(self, slot: int) -> None:
        """Take in a stream that appears."""
        self.live[slot], self.fading[slot], self.stuck[slot] = True, False, False
        self.decades[slot] = self._noticed[slot] = 0.0

    def end(self, slot: int) -> None:
        """Take in that a stream is no more."""
        self.live[slot] = False
        self.decades[slot] = self._noticed[slot] = 0.0

    def wake(self, slot: int) -> None:
        """Take in that a point came of a stream that was silent, or had ended."""
        self.live[slot], self.fading[slot] = True, False

    def move(self, before: int, slot: int) -> None:
        """Take in that a stream has another slot from now on."""
        for known in (self.decades, self._noticed, self.live, self.fading, self.stuck):
            known[slot], known[before] = known[before], 0

    def notice(self, slot: int, decades: float) -> None:
        """Take in that something of a stream is surprising, beside its values."""
        self._noticed[slot] = max(self._noticed[slot], decades)

    def stick(self, slots: Sequence[int]) -> list[int]:
        """Take in whose values stand still; return those of live streams that moved before."""
        before, self.stuck = self.stuck, np.zeros(len(self.stuck), bool)
        self.stuck[slots] = True
        return np.flatnonzero(self.stuck & ~before & self.live).tolist()

    def claims(self, surprises: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the surprises of streams whose last value counts, and 0 for others."""
        return np.where(self.live & ~self.fading, np.nan_to_num(surprises), 0.0)

    def follow(self, surprises: NDArray[np.float64], passed_s: float) -> None:
        """Let what was surprising fade, and take in what is.

        Parameters
        ----------
        surprises
            By slot: of how many decades of points the last value of each is the most unusual, shape
            (capacity,).
        passed_s
            Since the last time.
        """
        self.decades -= passed_s / FADE_S
        for known in (surprises, self._noticed):
            np.maximum(self.decades, known, out=self.decades)
        np.minimum(self.decades, MAX_DECADES, out=self.decades)
        self._noticed[:] = 0.0
