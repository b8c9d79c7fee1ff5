"""A series' state as plain values, checked before the machine code works with it again."""

import sys
from math import inf, log2
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamson.surprise import layout
from streamson.surprise.distance import LOWEST
from streamson.surprise.kinds import SEASON
from streamson.surprise.layout import (
    ACTIVE,
    BLOCKS,
    CALM,
    COUNT,
    DAYS,
    END,
    FILLED,
    FINE_BLOCK,
    FIRST,
    GATHERED,
    HELD,
    HERE,
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
    RARITY,
    RESOLUTION,
    ROOM,
    SCORE,
    SEASON_NUMBERS,
    SEEN,
    SIGN,
    SPREAD,
    SQUARE,
    STEP,
    STILL,
    SUM,
    SURPRISE,
    TAIL_BEYOND,
    TAIL_FROM,
    TAIL_USUAL,
    TAIL_WIDTH,
    THEN,
    THRESHOLD,
    TIME_SLOT,
    TIME_SLOTS,
    TOGETHER,
    UNFITTED,
    UNIT,
    UNSEEN,
)
from streamson.surprise.pace import MAX_STEP_S
from streamson.surprise.rarity import MAX_BEYOND
from streamson.surprise.season import MAX_MEAN
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
    KIND: (0, SEASON),
    SIGN: (-1, 1),
    UNFITTED: (0, _COUNT_MAX),
    LENGTH: (FINE_BLOCK, _COUNT_MAX),
    STILL: (0, _COUNT_MAX),
    LONGEST_STILL: (0, _COUNT_MAX),
    SEEN: (0, _COUNT_MAX),
    TOGETHER: (1, MOST_TOGETHER),
    GATHERED: (0, MOST_TOGETHER - 1),
    TAIL_BEYOND: (0, MAX_BEYOND),
    UNSEEN: (0, _COUNT_MAX),
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
    RARITY: (0, MAX_SURPRISE),
    TAIL_FROM: (LOWEST, _SCORE_MAX),
    TAIL_WIDTH: (0, inf),
    TAIL_USUAL: (0, MAX_SURPRISE),
}

_SEASON_RANGES: Final = {
    **_RANGES,
    COUNT: (-_TIME_MAX, _TIME_MAX),
    TOGETHER: (0, 0),
    GATHERED: (0, _COUNT_MAX),
    SUM: (-_TIME_MAX, _TIME_MAX),
    FIRST: (0, 1),
    TIME_SLOT: (-_TIME_MAX, _TIME_MAX),
    HERE: (-2 * MAX_MEAN, 2 * MAX_MEAN),
    THEN: (-2 * MAX_MEAN, 2 * MAX_MEAN),
}
"""Of the numbers of a season."""

Row = NDArray[np.float64]
Singles = NDArray[np.float32]
Parts = tuple[Row, Row, Singles, Row, Singles, Singles]


def pack(parts: tuple[NDArray[Any], ...]) -> Any:
    """Return a series' rows as plain values: what is in use of them."""
    row, history, maxima, season, days, season_maxima = parts
    return (
        row.tolist(),
        history[: int(row[END])].tobytes(),
        maxima[: int(row[HELD])].tobytes(),
        season.tolist(),
        days.tobytes() if season[FIRST] else b"",
        season_maxima[: int(season[HELD])].tobytes(),
    )


def unpack(state: Any, interval_s: float) -> Parts:
    """Return the rows that `pack` was given, as far as they were in use.

    Raises
    ------
    ValueError
        It isn't the state of a series of that interval.
    """
    kind = tuple[list[float], bytes, bytes, list[float], bytes, bytes]
    numbers, history_bytes, maxima_bytes, season_numbers, *rest = msgspec.convert(state, kind)
    row = _row(numbers, NUMBERS, _RANGES)
    _check(row[INTERVAL] == interval_s, "interval")
    _check(row[END] <= row[COUNT] <= row[SEEN], "count")
    _check(row[TOGETHER] == 2.0 ** int(log2(row[TOGETHER])), "points together")
    _check(row[GATHERED] < row[TOGETHER], "points gathered")
    history = np.frombuffer(history_bytes, np.float64)
    _check(len(history) == row[END] and bool((np.abs(history) <= HUGE).all()), "history")
    season = _row(season_numbers, SEASON_NUMBERS, _SEASON_RANGES)
    days = np.frombuffer(rest[0], np.float32)
    _check(len(days) == DAYS * TIME_SLOTS * season[FIRST], "days")
    _check(not bool((np.abs(days) > 2 * MAX_MEAN).any()), "days")  # NaN where nothing is known
    return row, history, _maxima(row, maxima_bytes), season, days, _maxima(season, rest[1])


def _row(numbers: list[float], length: int, ranges: dict[int, tuple[float, float]]) -> Row:
    row = np.array(numbers, np.float64)
    _check(len(row) == length, "numbers")
    for column, (low, high) in ranges.items():
        _check(low <= row[column] <= high, f"number {column}")
    for column in _COUNTS:
        _check(row[column].is_integer(), f"number {column}")
    _check(row[OLDEST] == 0 or row[HELD] == BLOCKS, "oldest")
    _check(row[FILLED] < row[LENGTH], "block")
    return row


def _maxima(row: Row, held: bytes) -> Singles:
    maxima = np.frombuffer(held, np.float32)
    _check(len(maxima) == row[HELD] and bool((np.abs(maxima) <= _SCORE_MAX).all()), "maxima")
    return maxima


def _check(known: bool, what: str) -> None:
    if not known:
        raise ValueError(f"not the state of such a series: {what}")
