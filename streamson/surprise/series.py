"""A series in machine code: what a point changes."""

from math import frexp, inf
from typing import Any, Final

from numba import njit

from streamson.surprise.distance import nearest_distance, score_of
from streamson.surprise.kinds import RATE, tell_kind
from streamson.surprise.layout import (
    ACTIVE,
    BLOCK,
    CALM,
    COUNT,
    END,
    HISTORY,
    HUGE,
    INTERVAL,
    KIND,
    LAST_TIME,
    LENGTH,
    LONGEST_STILL,
    MAXIMUM,
    MOVING,
    PEAK,
    QUIET,
    RESOLUTION,
    ROOM,
    SCORE,
    SIGN,
    STEP,
    STILL,
    STRETCH,
    SURPRISE,
    THRESHOLD,
    UNIT,
)
from streamson.surprise.tail import asked, follow_blocks, surprise

_compiled: Final = njit(nogil=True, error_model="numpy")

NONE: Final = 0

RAISED: Final = 1

OVER: Final = 2

GAP: Final = 8.0
"""A time between points counts for so many times the mean at most: a clock may be set."""

MAX_STEP_S: Final = 1e12


@_compiled
def reset(numbers: Any, slot: int, interval_s: float) -> None:
    """Begin a series."""
    row = numbers[slot]
    row[:] = 0.0
    row[INTERVAL] = interval_s
    row[RESOLUTION] = inf
    row[LENGTH] = BLOCK
    row[MAXIMUM] = -inf
    row[THRESHOLD] = inf
    row[CALM] = QUIET


@_compiled
def follow_time(row: Any, time: float) -> None:
    """Follow the mean time between points: of the last thousand or so."""
    if row[COUNT] > 0.0:
        passed = time - row[LAST_TIME]
        if passed >= 0.0:
            if row[STEP] > 0.0:
                passed = min(passed, GAP * row[STEP])
            gain = max(1.0 / row[COUNT], 1.0 / HISTORY)
            row[STEP] += gain * (min(passed, MAX_STEP_S) - row[STEP])
    row[LAST_TIME] = time


@_compiled
def append(row: Any, values: Any, value: float) -> int:
    """Put a value behind the history; return where that ends."""
    if row[UNIT] == 0.0 and value != 0.0:
        _, exponent = frexp(value)
        row[UNIT] = 2.0 ** max(-1022, min(exponent - 1, 1022))
    scaled = 0.0
    if value != 0.0:
        scaled = min(max(value / row[UNIT], -HUGE), HUGE)
    end = int(row[END])
    if end == ROOM:
        for i in range(HISTORY - 1):
            values[i] = values[ROOM - HISTORY + 1 + i]
        end = HISTORY - 1
    values[end] = scaled
    if row[COUNT] > 0.0:
        _follow_steps(row, abs(scaled - values[end - 1]))
    row[END] = end + 1
    row[COUNT] += 1.0
    return end + 1


@_compiled
def _follow_steps(row: Any, step: float) -> None:
    """Follow the smallest step, how often the values move, and for how long they stand still."""
    gain = max(1.0 / row[COUNT], 1.0 / HISTORY)
    if step > 0.0:
        row[RESOLUTION] = min(row[RESOLUTION], step)
        row[MOVING] += gain * (1.0 - row[MOVING])
        row[LONGEST_STILL] = max(row[LONGEST_STILL], row[STILL])
        row[STILL] = 0.0
    else:
        row[MOVING] -= gain * row[MOVING]
        row[STILL] += 1.0


@_compiled
def _is_stuck(row: Any) -> bool:
    """Return whether values that nearly always move stand still for twice as long as ever."""
    still = row[STILL]
    known = row[MOVING] > 0.5 and row[THRESHOLD] < inf
    return known and still >= max(STRETCH, 2.0 * row[LONGEST_STILL])


@_compiled
def _change(row: Any, values: Any, end: int, score: float) -> int:
    """Return whether an alert is raised or over."""
    stuck = _is_stuck(row)
    if stuck:
        row[SURPRISE] = max(row[SURPRISE], asked(row))
    if stuck or score > row[THRESHOLD]:
        calm, peak = row[CALM], row[PEAK]
        row[CALM], row[PEAK] = 0.0, max(peak, row[SURPRISE])
        if row[ACTIVE] == 0.0 and (calm >= QUIET or row[SURPRISE] >= peak + 1.0):
            row[ACTIVE], row[PEAK] = 1.0, row[SURPRISE]
            if stuck:
                row[KIND], row[SIGN] = RATE, -1.0
            else:
                tell_kind(row, values, end)
            return RAISED
        return NONE
    row[CALM] += 1.0
    if row[ACTIVE] == 1.0 and row[CALM] >= STRETCH:
        row[ACTIVE] = 0.0
        return OVER
    return NONE


@_compiled
def update(arrays: Any, slot: int, value: float, time: float) -> int:
    """Take in a point of a series; one that isn't finite is none."""
    if not (abs(value) < inf and abs(time) < inf):
        return NONE
    numbers, histories, maxima = arrays
    row, values = numbers[slot], histories[slot]
    follow_time(row, time)
    end = append(row, values, value)
    distance = nearest_distance(values, end)
    if distance < 0.0:
        return NONE
    score = score_of(distance, row[RESOLUTION])
    row[SCORE] = score
    row[SURPRISE] = surprise(row, score)
    change = _change(row, values, end, score)
    follow_blocks(row, maxima[slot], score)
    return change
