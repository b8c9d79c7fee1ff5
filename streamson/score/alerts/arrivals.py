"""Arrivals: when the points of streams come, and how long is usual from one to the next."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streamson._jit import cached

BLOCK: Final = 64
BLOCKS: Final = 15
"""Of so many blocks of intervals, and of the one that comes, the two longest are known. The second
longest of all is what is usual, so that a single outage does not count; what happens twice in a
thousand is usual. Of the last 64 alone it told four times as many silences of the tables of the
Numenta Anomaly Benchmark, 0.10 instead of 0.024 a day and stream."""

MIN_INTERVALS: Final = 8
"""Of fewer nobody knows what is usual."""

UNKNOWN: Final = -1
"""An interval that is not known."""

MAX_WAITING: Final = 2_048
"""Points that wait to be counted together."""

_FIRST_SLOTS: Final = 16

# Of a slot: when the last point came, and when its turn ends; the longest interval of this turn,
# and the two longest of this block; its intervals, and how many blocks there were; whether the next
# point begins anew; of the last blocks the two longest each.
_LAST, _TURN_END, _LONGEST, _MOST, _SECOND, _IN_BLOCK, _PAST_BLOCKS, _BEGINS, _BLOCKS = range(9)
_NUMBERS: Final = _BLOCKS + 2 * BLOCKS

_compiled: Final = cached(njit, nogil=True, error_model="numpy")

Frames = NDArray[np.int64]


class Arrivals:
    """Takes in when points come, each of a stream in a slot; thousands at once.

    Of the intervals between a stream's points only the longest of each turn counts: points may come
    in bursts.

    Parameters
    ----------
    turn_frames
        How long a turn is.
    """

    def __init__(self, turn_frames: int) -> None:
        self._turn_frames = turn_frames
        self._numbers = np.zeros((_FIRST_SLOTS, _NUMBERS), np.int64)
        self._slots: list[int] = []
        self._frames: list[int] = []

    def begin(self, slot: int) -> None:
        """Let a slot be another stream's from now on."""
        self._settle()
        if slot >= len(self._numbers):
            self._numbers = np.concatenate((self._numbers, np.zeros_like(self._numbers)))
        self._numbers[slot] = 0
        self._numbers[slot, _BEGINS] = True

    def pause(self, slot: int) -> None:
        """Take in that a stream ended: the interval until it is back tells nothing."""
        self._settle()
        self._numbers[slot, _BEGINS] = True

    def add(self, slot: int, frame: int) -> None:
        """Take in that a point came; those of a while are counted together."""
        self._slots.append(slot)
        self._frames.append(frame)
        if len(self._slots) >= MAX_WAITING:
            self._settle()

    def last_frames(self) -> Frames:
        """Return when the last point of each slot came, shape (slots,); 0 before any."""
        self._settle()
        last: Frames = self._numbers[:, _LAST]
        return last

    def usual_frames(self, slots: Frames) -> Frames:
        """Return the usual interval of streams, shape (slots,); `UNKNOWN` while nobody knows."""
        self._settle()
        usual: Frames = _usual(self._numbers, slots)
        return usual

    def _settle(self) -> None:
        if self._slots:
            slots, frames = np.array(self._slots, np.int64), np.array(self._frames, np.int64)
            self._slots, self._frames = [], []
            _add(self._numbers, slots, frames, self._turn_frames)


def load_kernels() -> None:
    """Call each kernel once, before the first point comes, which would wait for it."""
    arrivals = Arrivals(1)
    arrivals.add(0, 0)
    arrivals.usual_frames(np.zeros(1, np.int64))


@_compiled
def _add(numbers, slots, frames, turn_frames):  # type: ignore[no-untyped-def]
    for i in range(len(slots)):
        one, frame = numbers[slots[i]], frames[i]
        interval = frame - one[_LAST]
        one[_LAST] = frame
        if one[_BEGINS]:
            one[_BEGINS] = 0
            continue
        if one[_IN_BLOCK] and frame < one[_TURN_END]:
            one[_LONGEST] = max(one[_LONGEST], interval)
            continue
        # The turn before is over, and perhaps its block.
        if one[_LONGEST] > one[_MOST]:
            one[_MOST], one[_SECOND] = one[_LONGEST], one[_MOST]
        elif one[_LONGEST] > one[_SECOND]:
            one[_SECOND] = one[_LONGEST]
        if one[_IN_BLOCK] == BLOCK:
            place = _BLOCKS + 2 * (one[_PAST_BLOCKS] % BLOCKS)
            one[place], one[place + 1] = one[_MOST], one[_SECOND]
            one[_PAST_BLOCKS] += 1
            one[_IN_BLOCK] = one[_MOST] = one[_SECOND] = 0
        one[_LONGEST] = interval
        one[_IN_BLOCK] += 1
        one[_TURN_END] = frame + turn_frames


@_compiled
def _usual(numbers, slots):  # type: ignore[no-untyped-def]
    usual = np.empty(len(slots), np.int64)
    for i in range(len(slots)):
        one = numbers[slots[i]]
        if not one[_PAST_BLOCKS] and one[_IN_BLOCK] < MIN_INTERVALS:
            usual[i] = UNKNOWN
            continue
        most = second = 0
        for place in range(_LONGEST, _NUMBERS):
            if _SECOND < place < _BLOCKS:  # no intervals
                continue
            if one[place] > most:
                most, second = one[place], most
            elif one[place] > second:
                second = one[place]
        usual[i] = second
    return usual
