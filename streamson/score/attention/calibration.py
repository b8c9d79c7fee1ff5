"""What a claim of surprise is worth: it is held against what the same stream claimed before.

How rare a score is, is told as if the tail of its series fell off exponentially, and as if scores
did not hang together. Where claims are right, a peak beyond two decades goes further by 0.43
decades in the mean, exponentially (each decade is ten times as seldom). Where the peaks of a stream
go further than that, its claims are shrunk by as much. (Peaks over a threshold: Coles, "An
introduction to statistical modeling of extreme values", 2001, chapter 4; that mean is Hill's
estimator, 1975. What all streams of that age did stands for a stream that has few peaks: an
empirical prior.)
"""

from __future__ import annotations

from math import log
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

NOTED_DECADES: Final = 2.0
"""Peaks beyond are held against one another: a series has some after a few hundred points."""

RIGHT_DECADES: Final = 1 / log(10)
"""The mean of how far peaks go beyond it where claims are right."""

MOST_DECADES: Final = 3.0
"""Of how far a peak goes so much counts: what is surprising indeed is to move it little."""

APART_POINTS: Final = 30
"""Peaks have so many points between them: a surprise is of ten values, which slide."""

PRIOR_PEAKS: Final = 16.0
"""What others did counts for so many of a stream's own peaks."""

MEMORY_PEAKS: Final = 100.0
AGE_MEMORY_PEAKS: Final = 300.0
"""Of a stream, and of all streams of an age, so many peaks are remembered."""

FIRST_PEAKS: Final = 20.0
FIRST_DECADES: Final = 0.8
"""Of an age of which nobody knows it is supposed that so many peaks went so far: twice what is
right, for heavy tails claim most while they are young."""

YOUNGEST_POINTS: Final = 256
AGES: Final = 9
"""A stream has an age for each doubling of its points, up to some 65,000."""


Claims: TypeAlias = tuple[float, float, float, float]
"""What a stream claimed: the peak that is not over, the count of points by which it was last beyond
what is noted, and of the peaks before their number and sum."""


class Calibration:
    """Learns how far the peaks of streams go, each in a slot; says what a surprise is worth.

    Parameters
    ----------
    capacity
        Slots are below this number.
    """

    def __init__(self, capacity: int) -> None:
        self._peak = np.zeros(capacity)
        self._last = np.zeros(capacity)
        self._peaks = np.zeros(capacity)
        self._sums = np.zeros(capacity)
        self._of_slots = self._peak, self._last, self._peaks, self._sums
        self._age_peaks = np.full(AGES, FIRST_PEAKS)
        self._age_sums = np.full(AGES, FIRST_PEAKS * FIRST_DECADES)

    def begin(self, slot: int) -> None:
        """Know nothing of the stream of a slot: it appears, or has gone."""
        for known in self._of_slots:
            known[slot] = 0.0

    def believed(
        self, surprises: NDArray[np.float64], points: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Take in surprises; return what each is worth.

        Parameters
        ----------
        surprises
            By slot, in decades, shape (capacity,).
        points
            How many points each series had.
        """
        believed = surprises.copy()
        beyond = np.flatnonzero(believed > NOTED_DECADES)
        above = believed[beyond] - NOTED_DECADES
        believed[beyond] = NOTED_DECADES + above * self._worth(beyond, points[beyond])
        self._peak[beyond] = np.maximum(self._peak[beyond], above)
        self._last[beyond] = points[beyond]
        self._count(points)
        return believed

    def state_of(self, slot: int) -> Claims:
        """Return what `restore_of` wants for a stream."""
        peak, last, peaks, sums = (float(known[slot]) for known in self._of_slots)
        return peak, last, peaks, sums

    def restore_of(self, slot: int, state: Claims) -> None:
        """Go on in a slot where another was."""
        for known, value in zip(self._of_slots, state, strict=True):
            known[slot] = value

    def state(self) -> Any:
        """Return what `restore` wants for the ages."""
        return self._age_peaks.tolist(), self._age_sums.tolist()

    def restore(self, state: Any) -> None:
        """Go on where another one was, whose state was checked."""
        self._age_peaks[:], self._age_sums[:] = state

    def _worth(self, slots: NDArray[np.int64], points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return by which share claims of some streams count beyond what is noted."""
        ages = _ages(points)
        sums = self._sums[slots] + PRIOR_PEAKS * self._age_sums[ages] / self._age_peaks[ages]
        means = sums / (self._peaks[slots] + PRIOR_PEAKS)
        share: NDArray[np.float64] = RIGHT_DECADES / np.maximum(means, RIGHT_DECADES)
        return share

    def _count(self, points: NDArray[np.float64]) -> None:
        """Count the peaks that are over.

        Of one that went as far as counts, nobody knows how far it would go: it adds to the sum
        alone, as of an exponential distribution of which some values are censored. A series that
        began again, at another pace, has fewer points than it had.
        """
        apart = (points - self._last >= APART_POINTS) | (points < self._last)
        over = np.flatnonzero((self._peak > 0.0) & apart)
        over = over[np.argsort(self._peak[over])]  # whatever the order of slots
        for slot, age in zip(over.tolist(), _ages(points[over]).tolist(), strict=True):
            peak, self._peak[slot] = float(self._peak[slot]), 0.0
            _add(self._peaks, self._sums, slot, peak, MEMORY_PEAKS)
            _add(self._age_peaks, self._age_sums, age, peak, AGE_MEMORY_PEAKS)


def _ages(points: NDArray[np.float64]) -> NDArray[np.int64]:
    doublings = np.log2(np.maximum(points, YOUNGEST_POINTS) / YOUNGEST_POINTS)
    return np.minimum(doublings, AGES - 1).astype(np.int64)


def _add(
    peaks: NDArray[np.float64], sums: NDArray[np.float64], at: int, peak: float, memory: float
) -> None:
    if peaks[at] >= memory:
        peaks[at] *= 1 - 1 / memory
        sums[at] *= 1 - 1 / memory
    peaks[at] += peak < MOST_DECADES
    sums[at] += min(peak, MOST_DECADES)
