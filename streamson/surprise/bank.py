"""How unusual values are, of many series at once."""

import sys
from enum import IntEnum
from math import exp, isfinite, log10
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamson.surprise import series
from streamson.surprise.kernel import kernels
from streamson.surprise.kinds import LEVEL, RATE, SEASON, SHAPE
from streamson.surprise.layout import (
    ACTIVE,
    BLOCKS,
    COUNT,
    DAYS,
    END,
    HERE,
    HIGHEST,
    HISTORY,
    INTERVAL,
    KIND,
    LOWEST,
    MAX_SURPRISE,
    NUMBERS,
    RARITY,
    ROOM,
    SEASON_NUMBERS,
    SIGN,
    SPREAD,
    STEP,
    STRETCH,
    SURPRISE,
    THEN,
    THRESHOLD,
    TIME_SLOTS,
    TOGETHER,
    UNIT,
)
from streamson.surprise.state import pack, unpack

MAX_SERIES: Final = 16_384
"""A bank follows no more unless it is asked to; 16 KB each, taken as they are used."""

MAX_FLOAT: Final = sys.float_info.max

NEAR: Final = 0.9
"""An hour may be unusual by a quarter of it alone; its mean is told as beyond what is usual."""

MAX_EXPONENT: Final = 140.0

USUAL_SHARE: Final = 0.98
"""Of the values before lie in what is called the usual band."""


class Change(IntEnum):
    """What a point changes."""

    NONE = series.NONE
    RAISED = series.RAISED
    OVER = series.OVER


class Kind(NamedTuple):
    """What was unusual: its name and sign.

    A "level" that is higher (1) or lower (-1) than nearly all before; else a "rate" at which values
    move that is faster (1) or slower (-1); else a "shape" like none before (0).
    Or a "season": an hour that was higher (1) or lower (-1) than that of other days.
    """

    name: str
    sign: int


class Told(NamedTuple):
    """What there is to tell of a value.

    Attributes
    ----------
    value
        The value itself. Of a fast series, of the last points that were taken in together, that
        which is farther from what is usual; of a "season" the mean of the last hour.
    low, high
        What is usual; of a "season" at that time of day.
    surprise
        log10 of how many values lie between such unusual ones.
    """

    value: float
    low: float
    high: float
    surprise: float


KINDS: Final = {LEVEL: "level", RATE: "rate", SHAPE: "shape", SEASON: "season"}


class SurpriseBank:
    """Follows many series of values; tells how unusual the last ones are, and when to alert.

    Points whose value or time isn't finite are left out. Times are in seconds, and may stand still,
    jump or be set back.

    Parameters
    ----------
    capacity
        Most series.

    Attributes
    ----------
    surprises
        float64, shape (capacity,): of each slot, as `surprise` has it; read only.
    rarities
        The same of how rare the last score is among all so far, in the same measure: known from 90
        values on, and comparable between streams of any age. `surprises` are exact where alerts are
        asked for, and 0 for the first 269 values.
    points
        The same of how many values were taken in: of a fast series some points are one value.
    points_together
        The same of how many points are one value.
    """

    def __init__(self, capacity: int = MAX_SERIES) -> None:
        # Zeros are memory only once they are written.
        self._numbers = np.zeros((capacity, NUMBERS))
        self._histories = np.zeros((capacity, ROOM))
        self._maxima = np.zeros((capacity, BLOCKS), np.float32)
        self._seasons = np.zeros((capacity, SEASON_NUMBERS))
        self._days = np.zeros((capacity, DAYS * TIME_SLOTS), np.float32)
        self._season_maxima = np.zeros((capacity, BLOCKS), np.float32)
        self._arrays: tuple[NDArray[Any], ...] = (
            *(self._numbers, self._histories, self._maxima),
            *(self._seasons, self._days, self._season_maxima),
        )
        self._kernels = kernels()
        self._free: list[int] = []
        self._used = 0
        self.capacity = capacity
        self.surprises: NDArray[np.float64] = self._numbers[:, SURPRISE]
        self.surprises.flags.writeable = False
        self.rarities: NDArray[np.float64] = self._numbers[:, RARITY]
        self.rarities.flags.writeable = False
        self.points: NDArray[np.float64] = self._numbers[:, COUNT]
        self.points.flags.writeable = False
        self.points_together: NDArray[np.float64] = self._numbers[:, TOGETHER]
        self.points_together.flags.writeable = False

    def __len__(self) -> int:
        return self._used - len(self._free)

    def add(self, interval_s: float) -> int:
        """Begin to follow a series.

        Parameters
        ----------
        interval_s
            The mean time between false alerts, in seconds.

        Returns
        -------
        int
            Its slot.

        Raises
        ------
        ValueError
            The interval isn't positive and finite, or there is no room for another series.
        """
        _check_interval(interval_s)
        if self._free:
            slot = self._free.pop()
        elif self._used < self.capacity:
            slot = self._used
            self._used += 1
            # Written, they are memory at once: it does not grow for hours as the pasts fill.
            self._histories[slot] = self._maxima[slot] = 0.0
        else:
            raise ValueError(f"no room for more than {self.capacity} series")
        self._kernels.reset(self._arrays, slot, interval_s)
        return slot

    def remove(self, slot: int) -> None:
        """Follow a series no longer; its slot may be another's from now on."""
        self._kernels.reset(self._arrays, slot, 1.0)
        self._free.append(slot)

    def update(self, slot: int, value: float, time: float) -> int:
        """Take in a value of that time (seconds); return what it changes, a `Change`."""
        if not 0 <= slot < self._used:
            self._check_slots(slot, slot)
        change: int = self._kernels.update(self._arrays, slot, value, time)
        return change

    def update_batch(self, slot: int, values: ArrayLike, times: ArrayLike) -> NDArray[np.int8]:
        """Take in points of one series, as `update` one after the other; return a `Change` each."""
        columns = np.ascontiguousarray(values, np.float64), np.ascontiguousarray(times, np.float64)
        changes = np.zeros(len(columns[0]), np.int8)
        begin = 0
        while begin < len(changes):
            begin, change = self.update_up_to_change(slot, *columns, begin)
            changes[begin - 1] = change
        return changes

    def update_up_to_change(
        self,
        slot: int,
        values: NDArray[np.float64],
        times: NDArray[np.float64],
        begin: int = 0,
    ) -> tuple[int, int]:
        """Take in points of one series up to the first that changes something, or all.

        Parameters
        ----------
        slot
            Its slot.
        values, times
            Of the points, shape (points,).
        begin
            The first that is to be taken in.

        Returns
        -------
        tuple
            Which one is the next, and what the one before it changed, a `Change`.
        """
        self._check_slots(slot, slot)
        _check_lengths(values, times)
        taken, change = self._kernels.update_batch(
            self._arrays, slot, values[begin:], times[begin:]
        )
        return begin + taken, change

    def update_many(
        self, slots: ArrayLike, values: ArrayLike, times: ArrayLike
    ) -> NDArray[np.int8]:
        """Take in points of many series, in that order; return a `Change` each."""
        where = np.ascontiguousarray(slots, np.int64)
        columns = np.ascontiguousarray(values, np.float64), np.ascontiguousarray(times, np.float64)
        _check_lengths(where, *columns)
        if len(where):
            self._check_slots(where.min(), where.max())
        changes: NDArray[np.int8] = self._kernels.update_many(self._arrays, where, *columns)
        return changes

    def surprise(self, slot: int) -> float:
        """Return log10 of how many values lie between such unusual ones as the last, in the mean.

        From 0, usual, to 15; 0 as well while the series is young. An alert is where that is beyond
        the asked interval.
        """
        return float(self._numbers[slot, SURPRISE])

    def return_time_s(self, slot: int) -> float:
        """Return the mean time between values as unusual as the last, in seconds."""
        return float(self._numbers[slot, STEP] * 10 ** self._numbers[slot, SURPRISE])

    def is_young(self, slot: int) -> bool:
        """Return whether too little is known of a series for an alert."""
        return not isfinite(self._numbers[slot, THRESHOLD])

    def is_active(self, slot: int) -> bool:
        """Return whether an alert was raised and is not over."""
        return bool(self._numbers[slot, ACTIVE])

    def kind(self, slot: int) -> Kind | None:
        """Return what was unusual when an alert was last raised; None where none was."""
        row = self._numbers[slot]
        return Kind(KINDS[int(row[KIND])], int(row[SIGN])) if row[KIND] else None

    def usual(self, slot: int) -> tuple[float, float]:
        """Return the band where nearly all values before the last stretch lie; NaN without one."""
        row = self._numbers[slot]
        end = int(row[END])
        if end == 0:
            return np.nan, np.nan
        before = max(1, end - STRETCH)
        values = self._histories[slot, max(0, end - HISTORY) : before]
        low, high = np.quantile(values, ((1 - USUAL_SHARE) / 2, (1 + USUAL_SHARE) / 2))
        spread = float(row[SPREAD])
        return self._value(slot, float(low) - spread), self._value(slot, float(high) + spread)

    def told(self, slot: int) -> Told:
        """Return what there is to tell of the last value, right after it changed something."""
        row, season = self._numbers[slot], self._seasons[slot]
        if row[KIND] != SEASON:
            low, high = self.usual(slot)
            lowest, highest = self._value(slot, row[LOWEST]), self._value(slot, row[HIGHEST])
            value = highest if highest - high >= low - lowest else lowest
            return Told(value, low, high, self.surprise(slot))
        # Of an hour, whose mean is told, and what it may be without being told.
        here, then = float(season[HERE]), float(season[THEN])
        width = min(exp(min(season[THRESHOLD], MAX_EXPONENT) / 2) / 2, NEAR * abs(here - then))
        surprise = season[SURPRISE] + log10(season[STEP] / row[STEP]) if row[STEP] > 0 else 0.0
        return Told(
            self._value(slot, here),
            self._value(slot, then - width),
            self._value(slot, then + width),
            min(max(float(surprise), 0.0), MAX_SURPRISE),
        )

    def _value(self, slot: int, scaled: float) -> float:
        """Return a value that is in units of a series."""
        return _finite(float(scaled) * (float(self._numbers[slot, UNIT]) or 1.0))

    def last_values(self, slot: int) -> NDArray[np.float64]:
        """Return the last values, a thousand at most, float64 of shape (values,)."""
        row = self._numbers[slot]
        end = int(row[END])
        values: NDArray[np.float64] = self._histories[slot, max(0, end - HISTORY) : end]
        with np.errstate(over="ignore"):
            return np.clip(values * (row[UNIT] or 1.0), -MAX_FLOAT, MAX_FLOAT)

    def step_s(self, slot: int) -> float:
        """Return the mean time between values, in seconds; 0 while nobody knows."""
        return float(self._numbers[slot, STEP])

    def state(self, slot: int) -> Any:
        """Return what `restore` wants, plain values only."""
        return pack(tuple(array[slot] for array in self._arrays))

    def restore(self, slot: int, state: Any) -> None:
        """Go on in a slot where another was.

        Raises
        ------
        ValueError
            It isn't the state of a series of the same interval; then nothing has changed.
        """
        parts: tuple[NDArray[Any], ...] = unpack(state, float(self._numbers[slot, INTERVAL]))
        for array, part in zip(self._arrays, parts, strict=True):
            array[slot, : len(part)] = part

    def _check_slots(self, lowest: int, highest: int) -> None:
        """Refuse what isn't a slot: the machine code writes wherever it is told to."""
        if lowest < 0 or highest >= self._used:
            raise IndexError(f"slots {lowest} to {highest}; {self._used} were added")


def _check_interval(interval_s: float) -> None:
    if not (isfinite(interval_s) and interval_s > 0):
        raise ValueError(f"an interval of {interval_s} s; it is positive and finite")


def _check_lengths(*columns: NDArray[Any]) -> None:
    if any(column.ndim != 1 or len(column) != len(columns[0]) for column in columns):
        raise ValueError("slots, values and times are columns of the same length")


def _finite(value: float) -> float:
    return float(min(max(value, -MAX_FLOAT), MAX_FLOAT))
