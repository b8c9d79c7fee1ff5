"""The machine code: a point's distance to what was before, and how seldom there is such a distance.

1. *Distance*: the last `STRETCH` values against each earlier stretch of the history, squared
   Euclidean, mean of the `NEIGHBOURS` nearest (KNN-CAD: Ishimtsev, Nazarov, Bernstein and Burnaev,
   "Conformal k-NN anomaly detector for univariate data streams", 2017; the join is the left matrix
   profile of Yeh et al., "Matrix profile I", 2016). Its logarithm is the score, so that no unit of
   the values matters.
2. *How seldom*: maxima of the score over blocks of points (Coles, "An introduction to statistical
   modeling of extreme values", 2001, chapter 3).
3. *Alert*: beyond the threshold that a block surpasses with the probability block / asked interval.
"""

from math import frexp, inf, log, log10
from typing import Any, Final

import numpy as np
from numba import njit

from streamson._jit import cached
from streamson.surprise.layout import (
    ACTIVE,
    BLOCK,
    BLOCKS,
    CALM,
    COUNT,
    END,
    FILLED,
    HELD,
    HISTORY,
    HUGE,
    INTERVAL,
    KIND,
    LAST_TIME,
    LENGTH,
    MAX_SURPRISE,
    MAXIMUM,
    MEDIAN,
    MIN_BLOCKS,
    NEIGHBOURS,
    OLDEST,
    QUIET,
    RESOLUTION,
    ROOM,
    SCORE,
    SIGN,
    STEP,
    STRETCH,
    SURPRISE,
    THRESHOLD,
    UNIT,
)

_compiled: Final = cached(njit, nogil=True, error_model="numpy")

NONE: Final = 0
RAISED: Final = 1
OVER: Final = 2

LEVEL: Final = 1
RATE: Final = 2
SHAPE: Final = 3

LOWEST: Final = -1e4
"""The score of a stretch that has been before, value by value, where no step is known."""

GAP: Final = 8.0
"""A time between points counts for so many times the mean at most: a clock may be set."""

LN_2: Final = log(2)

HIGH_SHARE: Final = 0.8
LOW_SHARE: Final = 0.5
"""The quantiles of the maxima that the tail is drawn from: an anomaly among them moves neither."""


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
def _follow_time(row: Any, time: float) -> None:
    """Follow the mean time between points: of the last thousand or so."""
    if row[COUNT] > 0.0:
        passed = time - row[LAST_TIME]
        if passed >= 0.0:
            if row[STEP] > 0.0:
                passed = min(passed, GAP * row[STEP])
            gain = max(1.0 / row[COUNT], 1.0 / HISTORY)
            row[STEP] += gain * (min(passed, 1e12) - row[STEP])
    row[LAST_TIME] = time


@_compiled
def _append(row: Any, values: Any, value: float) -> int:
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
        step = abs(scaled - values[end - 1])
        if 0.0 < step < row[RESOLUTION]:
            row[RESOLUTION] = step
    row[END] = end + 1
    row[COUNT] += 1.0
    return end + 1


@_compiled
def _distance(values: Any, end: int) -> float:
    """Return the mean squared distance of the last stretch to the nearest of those before."""
    first = max(0, end - HISTORY)
    last = end - STRETCH
    count = last - STRETCH - first + 1
    if count < NEIGHBOURS:
        return -1.0
    distances = np.zeros(count)
    for i in range(STRETCH):
        value = values[last + i]
        for j in range(count):
            difference = value - values[first + i + j]
            distances[j] += difference * difference
    nearest = np.full(NEIGHBOURS, inf)
    for j in range(count):
        distance = distances[j]
        if distance < nearest[NEIGHBOURS - 1]:
            place = NEIGHBOURS - 1
            while place > 0 and nearest[place - 1] > distance:
                nearest[place] = nearest[place - 1]
                place -= 1
            nearest[place] = distance
    return nearest.mean()


@_compiled
def _quantile(ordered: Any, share: float) -> float:
    """Return a quantile between values on a straight line (type 7 of Hyndman and Fan, 1996)."""
    at = share * (len(ordered) - 1)
    below = int(at)
    if below + 1 >= len(ordered):
        return ordered[len(ordered) - 1]
    return ordered[below] + (at - below) * (ordered[below + 1] - ordered[below])


@_compiled
def _end_block(row: Any, maxima: Any) -> None:
    """Keep a block's maximum; make blocks longer while there are more than wanted."""
    held = int(row[HELD])
    if held < BLOCKS:
        maxima[held] = row[MAXIMUM]
        held += 1
    else:
        oldest = int(row[OLDEST])
        maxima[oldest] = row[MAXIMUM]
        row[OLDEST] = (oldest + 1) % BLOCKS
    if held == BLOCKS and row[OLDEST] == 0.0:
        asked = row[INTERVAL] / row[STEP] if row[STEP] > 0.0 else inf
        if 2.0 * row[LENGTH] <= asked / 100.0:
            for i in range(BLOCKS // 2):
                maxima[i] = max(maxima[2 * i], maxima[2 * i + 1])
            held = BLOCKS // 2
            row[LENGTH] *= 2.0
    row[HELD] = held
    row[FILLED] = 0.0
    row[MAXIMUM] = -inf


@_compiled
def _set_threshold(row: Any, maxima: Any) -> None:
    """Find the threshold that a block surpasses as seldom as it is asked."""
    held = int(row[HELD])
    if held < MIN_BLOCKS:
        return
    ordered = np.sort(maxima[:held])
    share = min(0.5, row[LENGTH] * row[STEP] / row[INTERVAL])
    high, low = _quantile(ordered, HIGH_SHARE), _quantile(ordered, LOW_SHARE)
    scale = (high - low) / (log(-log(LOW_SHARE)) - log(-log(HIGH_SHARE)))
    fitted = high + scale * (log(-log(HIGH_SHARE)) - log(-log(1.0 - share)))
    expected = held * share
    most = int(expected + 1.0 + expected**0.5)
    least = int(expected - expected**0.5)
    threshold = max(fitted, ordered[max(held - 1 - most, 0)])
    if least >= 1:
        threshold = min(threshold, ordered[held - least])
    row[MEDIAN] = low
    row[THRESHOLD] = threshold


@_compiled
def _surprise(row: Any, score: float) -> float:
    """Return log10 of how many points lie between such scores in the mean."""
    if row[THRESHOLD] == inf or row[STEP] <= 0.0:
        return 0.0
    usual = log10(row[LENGTH] / LN_2)
    alert = max(log10(row[INTERVAL] / row[STEP]), usual + 0.3)
    width = max(row[THRESHOLD] - row[MEDIAN], 1e-3)
    surprise = alert + (score - row[THRESHOLD]) * (alert - usual) / width
    return min(max(surprise, 0.0), MAX_SURPRISE)


@_compiled
def _tell_kind(row: Any, values: Any, end: int) -> None:
    """Find out what is unusual about the last stretch."""
    first = max(0, end - HISTORY)
    last = end - STRETCH
    before = last - first
    value = values[end - 1]
    above = below = 0
    for i in range(first, last):
        above += values[i] >= value
        below += values[i] <= value
    if min(above, below) <= 0.01 * before:
        row[KIND], row[SIGN] = LEVEL, 1.0 if above <= below else -1.0
        return
    moved = 0.0
    for i in range(last, end):
        moved += abs(values[i] - values[i - 1])
    more = less = 0
    sliding = 0.0
    for i in range(first + 1, last):
        sliding += abs(values[i] - values[i - 1])
        if i > first + STRETCH:
            sliding -= abs(values[i - STRETCH] - values[i - STRETCH - 1])
        if i >= first + STRETCH:
            more += sliding >= moved
            less += sliding <= moved
    if min(more, less) <= 0.01 * (more + less):
        row[KIND], row[SIGN] = RATE, 1.0 if more <= less else -1.0
        return
    row[KIND], row[SIGN] = SHAPE, 0.0


@_compiled
def _change(row: Any, values: Any, end: int, score: float) -> int:
    """Return whether an alert is raised or over."""
    if score > row[THRESHOLD]:
        calm = row[CALM]
        row[CALM] = 0.0
        if row[ACTIVE] == 0.0 and calm >= QUIET:
            row[ACTIVE] = 1.0
            _tell_kind(row, values, end)
            return RAISED
        return NONE
    row[CALM] += 1.0
    if row[ACTIVE] == 1.0 and row[CALM] >= STRETCH:
        row[ACTIVE] = 0.0
        return OVER
    return NONE


@_compiled
def update(arrays: Any, slot: int, value: float, time: float) -> int:
    """Take in a point of a series."""
    numbers, histories, maxima = arrays
    row, values = numbers[slot], histories[slot]
    _follow_time(row, time)
    end = _append(row, values, value)
    distance = _distance(values, end)
    if distance < 0.0:
        return NONE
    least = 0.0 if row[RESOLUTION] == inf else (0.1 * row[RESOLUTION]) ** 2
    score = log(distance + least) if distance + least > 0.0 else LOWEST
    row[SCORE] = score
    row[SURPRISE] = _surprise(row, score)
    change = _change(row, values, end, score)
    row[MAXIMUM] = max(row[MAXIMUM], score)
    row[FILLED] += 1.0
    if row[FILLED] >= row[LENGTH]:
        _end_block(row, maxima[slot])
        _set_threshold(row, maxima[slot])
    return change


@_compiled
def update_batch(arrays: Any, slot: int, values: Any, times: Any) -> Any:
    """Take in points of a series, one after the other."""
    changes = np.zeros(len(values), np.int8)
    for i in range(len(values)):
        changes[i] = update(arrays, slot, values[i], times[i])
    return changes


@_compiled
def update_many(arrays: Any, slots: Any, values: Any, times: Any) -> Any:
    """Take in points of many series."""
    changes = np.zeros(len(values), np.int8)
    for i in range(len(values)):
        changes[i] = update(arrays, slots[i], values[i], times[i])
    return changes
