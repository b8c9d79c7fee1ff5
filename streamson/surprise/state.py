"""A series' state as plain values, checked before the machine code works with it again."""

import sys
from math import inf, log2
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamson.surprise import layout
from streamson.surprise.distance import LOWEST
from streamson.surprise.kinds import SHAPE
from streamson.surprise.layout import (
    ACTIVE,
    BLOCK,
    BLOCKS,
    CALM,
    COUNT,
    END,
    FILLED,
    GATHERED,
    HELD,
    HIGHEST,
    HUGE,
    INTERVAL,
    KIND,
    LAST_TIME,
    LENGTH,
    LONGEST_STILL,
    MAX_SURPRISE,
    MAXIMUM,
    MEDIAN,
    MOVING,
    NUMBERS,
    OLDEST,
    PEAK,
    PER_VALUE,
    RESOLUTION,
    ROOM,
    SCORE,
    SEEN,
    SIGN,
    SPREAD,
    SQUARE,
    STEP,
    STILL,
    SURPRISE,
    THRESHOLD,
    TOGETHER,
    UNFITTED,
    UNIT,
)
from streamson.surprise.pace import MAX_STEP_S
from streamson.surprise.thinning import MOST_TOGETHER

_COUNT_MAX: Final = 2.0**53
_SCORE_MAX: Final = 1e6
"""Logarithms of distances are below a thousand, thresholds beyond them not far."""

_TIME_MAX: Final = sys.float_info.max

_COUNTS: Final = {
    COUNT: (0, _COUNT_MAX),
    END: (0, ROOM),
    FILLED: (0, _COUNT_MAX),
    HELD: (0, BLOCKS),
    OLDEST: (0, BLOCKS - 1),
    CALM: (0, _COUNT_MAX),
    ACTIVE: (0, 1),
    KIND: (0, SHAPE),
    SIGN: (-1, 1),
    UNFITTED: (0, _COUNT_MAX),
    LENGTH: (BLOCK, _COUNT_MAX),
    STILL: (0, _COUNT_MAX),
    LONGEST_STILL: (0, _COUNT_MAX),
    SEEN: (0, _COUNT_MAX),
    TOGETHER: (1, MOST_TOGETHER),
    GATHERED: (0, MOST_TOGETHER - 1),
}
"""Columns that hold whole numbers, and from where to where."""

_RANGES: Final = {
    **_COUNTS,
    INTERVAL: (0, inf),
    UNIT: (0, 2.0**1023),
    RESOLUTION: (0, inf),
    STEP: (0, MOST_TOGETHER * MAX_STEP_S),
    LAST_TIME: (-_TIME_MAX, _TIME_MAX),
    SQUARE: (0, MOST_TOGETHER * MAX_STEP_S**2),
    PER_VALUE: (0, MOST_TOGETHER),
    layout.LOWEST: (-HUGE, HUGE),
    HIGHEST: (-HUGE, HUGE),
    SPREAD: (0, HUGE),
    MAXIMUM: (-inf, _SCORE_MAX),
    MEDIAN: (LOWEST, _SCORE_MAX),
    THRESHOLD: (LOWEST, inf),
    SCORE: (LOWEST, _SCORE_MAX),
    SURPRISE: (0, MAX_SURPRISE),
    MOVING: (0, 1),
    PEAK: (0, MAX_SURPRISE),
}

Row = NDArray[np.float64]
Maxima = NDArray[np.float32]


def pack(row: Row, history: Row, maxima: Maxima) -> Any:
    """Return a series' rows as plain values: what is in use of them."""
    return (
        row.tolist(),
        history[: int(row[END])].tobytes(),
        maxima[: int(row[HELD])].tobytes(),
    )


def unpack(state: Any, interval_s: float) -> tuple[Row, Row, Maxima]:
    """Return the rows that `pack` was given, as far as they were in use.

    Raises
    ------
    ValueError
        It isn't the state of a series of that interval.
    """
    numbers, history_bytes, maxima_bytes = msgspec.convert(state, tuple[list[float], bytes, bytes])
    row = np.array(numbers, np.float64)
    _check(len(row) == NUMBERS, "numbers")
    for column, (low, high) in _RANGES.items():
        _check(low <= row[column] <= high, f"number {column}")
    for column in _COUNTS:
        _check(row[column].is_integer(), f"number {column}")
    _check(row[INTERVAL] == interval_s, "interval")
    _check(row[END] <= row[COUNT] <= row[SEEN], "count")
    _check(row[TOGETHER] == 2.0 ** int(log2(row[TOGETHER])), "points together")
    _check(row[GATHERED] < row[TOGETHER], "points gathered")
    _check(row[OLDEST] == 0 or row[HELD] == BLOCKS, "oldest")
    _check(row[FILLED] < row[LENGTH], "block")
    _check(len(history_bytes) == 8 * row[END] and len(maxima_bytes) == 4 * row[HELD], "lengths")
    history = np.frombuffer(history_bytes, np.float64)
    maxima = np.frombuffer(maxima_bytes, np.float32)
    _check(bool((np.abs(history) <= HUGE).all()), "history")
    _check(bool((np.abs(maxima) <= _SCORE_MAX).all()), "maxima")
    return row, history, maxima


def _check(known: bool, what: str) -> None:
    if not known:
        raise ValueError(f"not the state of such a series: {what}")
