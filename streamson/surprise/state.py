"""A series' state as plain values, checked before the machine code works with it again."""

from math import inf
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

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
    HELD,
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
    RESOLUTION,
    ROOM,
    SCORE,
    SIGN,
    STEP,
    STILL,
    SURPRISE,
    THRESHOLD,
    UNFITTED,
    UNIT,
)
from streamson.surprise.series import MAX_STEP_S

_COUNT_MAX: Final = 2.0**53
_SCORE_MAX: Final = 1e6
"""Logarithms of distances are below a thousand, thresholds beyond them not far."""

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
}
"""Columns that hold whole numbers, and from where to where."""

_RANGES: Final = {
    **_COUNTS,
    INTERVAL: (0, inf),
    UNIT: (0, 2.0**1023),
    RESOLUTION: (0, inf),
    STEP: (0, MAX_STEP_S),
    LAST_TIME: (-1.8e308, 1.8e308),
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
    _check(row[END] <= row[COUNT], "count")
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
