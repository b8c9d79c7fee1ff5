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

from math import ceil, frexp, inf, log, log1p, log10
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
    LONGEST_STILL,
    MAX_SURPRISE,
    MAXIMUM,
    MEDIAN,
    MIN_BLOCKS,
    MOVING,
    OLDEST,
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
    UNFITTED,
    UNIT,
)

_compiled: Final = cached(njit, nogil=True, error_model="numpy")

NONE: Final = 0
RAISED: Final = 1
OVER: Final = 2

LEVEL: Final = 1
RATE: Final = 2
SHAPE: Final = 3

LOWEST: Final = -1e3
"""The score of a stretch that has been before, value by value, where no step is known."""

GAP: Final = 8.0
"""A time between points counts for so many times the mean at most: a clock may be set."""

MAX_STEP_S: Final = 1e12
MAX_POINTS: Final = 1e15
"""Times and intervals beyond are taken for these."""

LN_2: Final = log(2)

WANTED_BLOCKS: Final = 100
"""Blocks are made longer while so many of them fit into the asked interval."""

LONGEST_BLOCK: Final = 10
"""Where fewer fit, for points come more seldom than they did, the blocks begin anew."""

FIT_EVERY: Final = 0.02
"""The threshold is found anew when so many more blocks are known."""

TAIL_INCIDENTS: Final = 20.0
"""A young series' tail is drawn from its so many greatest incidents, or 20 % of its blocks: some
of them may be what alerts are for, and must not move it far."""

KNOWN_INCIDENTS: Final = 5.0
"""A series that was followed for so many asked intervals needs no tail: its threshold is what so
many incidents surpassed."""

UNCERTAIN: Final = 0.5
"""A slope between few ranks may be too small by chance; so much is added, over the root of their
number."""

RARE: Final = 0.01
"""What is rarer than this among what was before is what an alert names."""


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
            row[STEP] += gain * (min(passed, MAX_STEP_S) - row[STEP])
    row[LAST_TIME] = time


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
        _follow_steps(row, abs(scaled - values[end - 1]))
    row[END] = end + 1
    row[COUNT] += 1.0
    return end + 1


@cached(njit, nogil=True, error_model="numpy", fastmath={"nnan"})
def nearest_distance(values: Any, end: int) -> float:
    """Return the squared distance of the last stretch to the nearest before; -1 without one.

    Written so that it is vectorised: 1.5 us, where an incremental join would hold 4 KB more and
    lose digits as it goes.
    """
    last = end - STRETCH
    before, stretch = values[max(0, end - HISTORY) : last], values[last:end]
    count = len(before) - STRETCH + 1
    if count < 1:
        return -1.0
    distances = np.empty(count)
    for i in range(count):
        distance = 0.0
        for j in range(STRETCH):
            difference = stretch[j] - before[i + j]
            distance += difference * difference
        distances[i] = distance
    while count > 1:
        half = (count + 1) // 2
        for i in range(count - half):
            distances[i] = min(distances[i], distances[half + i])
        count = half
    return distances[0]


@_compiled
def _follow_blocks(row: Any, maxima: Any, score: float) -> None:
    """Take a score into the maxima of blocks; find the threshold anew where they tell more."""
    if row[LENGTH] > BLOCK and LONGEST_BLOCK * row[LENGTH] * row[STEP] > row[INTERVAL]:
        row[LENGTH], row[HELD], row[OLDEST], row[THRESHOLD] = BLOCK, 0.0, 0.0, inf
    row[MAXIMUM] = max(row[MAXIMUM], score)
    row[FILLED] += 1.0
    if row[FILLED] < row[LENGTH]:
        return
    _end_block(row, maxima)
    row[UNFITTED] += 1.0
    if row[HELD] >= MIN_BLOCKS and row[UNFITTED] >= FIT_EVERY * row[HELD]:
        row[UNFITTED] = 0.0
        _set_threshold(row, maxima)


@_compiled
def _end_block(row: Any, maxima: Any) -> None:
    """Keep a block's maximum; make blocks longer where more of them are not needed."""
    place = int(row[HELD])
    if place < BLOCKS:
        row[HELD] += 1.0
    else:
        place = int(row[OLDEST])
        row[OLDEST] = (place + 1) % BLOCKS
    maxima[place] = row[MAXIMUM]
    row[FILLED], row[MAXIMUM] = 0.0, -inf
    longer = 2.0 * row[LENGTH]
    if place == BLOCKS - 1 and WANTED_BLOCKS * longer * row[STEP] <= row[INTERVAL]:
        for i in range(BLOCKS // 2):
            maxima[i] = max(maxima[2 * i], maxima[2 * i + 1])
        row[HELD], row[LENGTH] = BLOCKS // 2, longer


@_compiled
def _set_threshold(row: Any, maxima: Any) -> None:
    """Find the score that incidents surpass as seldom as it is asked."""
    row[THRESHOLD] = inf
    if row[STEP] <= 0.0:
        return
    held = int(row[HELD])
    lowest = _log(0.0, row[RESOLUTION])
    scores = np.empty(held)
    for i in range(held):
        scores[i] = max(maxima[(i + int(row[OLDEST])) % held], lowest)
    order = np.argsort(-scores)
    row[MEDIAN] = scores[order[held // 2]]
    expected = (held + 1) * min(0.5, row[LENGTH] / _asked_points(row))
    counted = min(0.2 * held, TAIL_INCIDENTS * max(0.0, 1.0 - expected / KNOWN_INCIDENTS))
    counted = min(max(counted, expected), 0.5 * held)
    rank, threshold = _surpassed_by(scores, order, counted, row[LENGTH])
    if expected < counted:
        threshold += _beyond(scores, order, rank, rank * expected / counted)
    plausible = int(expected + 1.0 + expected**0.5)
    row[THRESHOLD] = max(threshold, scores[order[min(plausible, held - 1)]])


@_compiled
def _surpassed_by(scores: Any, order: Any, incidents: float, length: float) -> tuple[float, float]:
    """Return the score that so many incidents surpass, and its rank among the blocks.

    Blocks that follow each other within the quiet time are one incident.
    """
    held = len(scores)
    apart = ceil(QUIET / length)
    begun = np.zeros(held, np.bool_)
    count, most, above = 0, 0, scores[order[0]]
    for rank in range(held // 2):
        block = order[rank]
        count += 1
        for i in range(max(0, block - apart), block):
            if begun[i]:
                count -= 1
                break
        for i in range(block + 1, min(block + apart + 1, held)):
            if begun[i]:
                # It was the first of its incident unless another came within the time before it.
                first = True
                for j in range(max(0, i - apart), i):
                    first = first and not begun[j]
                count -= first
                break
        begun[block] = True
        if count >= incidents:
            share = (incidents - most) / (count - most) if count > most else 1.0
            share = min(max(share, 0.0), 1.0)
            return max(rank + share, 1.0), above + share * (scores[block] - above)
        most, above = max(most, count), scores[block]
    return held / 2.0, above


@_compiled
def _beyond(scores: Any, order: Any, rank: float, aimed: float) -> float:
    """Return how far beyond the score of a rank that of a smaller one is, on Gumbel's line."""
    held = len(scores)
    lower = min(max(4.0 * rank, rank + 2.0), max(0.5 * held, rank + 1.0), held - 1.0)
    at, from_ = int(lower) - 1, int(rank) - 1
    low = scores[order[at]] + (lower - 1 - at) * (scores[order[at + 1]] - scores[order[at]])
    high = scores[order[from_]]
    high += (rank - 1 - from_) * (scores[order[from_ + 1]] - high)
    scale = (high - low) / (_reduced(rank / (held + 1)) - _reduced(lower / (held + 1)))
    scale *= 1.0 + UNCERTAIN / (lower - rank) ** 0.5
    return scale * (_reduced(aimed / (held + 1)) - _reduced(rank / (held + 1)))


@_compiled
def _reduced(share: float) -> float:
    """Return Gumbel's reduced variate of what a share of the maxima surpasses (Coles, 3.1.3)."""
    return -log(-log1p(-share))


@_compiled
def _log(distance: float, resolution: float) -> float:
    """Return the score of a squared distance: steps below the smallest are a tenth of it."""
    least = 0.0 if resolution == inf else (0.1 * resolution) ** 2
    return max(log(distance + least), LOWEST) if distance + least > 0.0 else LOWEST


@_compiled
def _asked_points(row: Any) -> float:
    """Return how many points lie between false alerts, as it was asked."""
    return min(row[INTERVAL] / row[STEP], MAX_POINTS)


@_compiled
def _surprise(row: Any, score: float) -> float:
    """Return log10 of how many points lie between such scores in the mean."""
    if row[THRESHOLD] == inf or row[STEP] <= 0.0:
        return 0.0
    usual = log10(row[LENGTH] / LN_2)
    alert = max(log10(_asked_points(row)), usual + 0.3)
    width = max(row[THRESHOLD] - row[MEDIAN], 1e-3)
    surprise = alert + (score - row[THRESHOLD]) * (alert - usual) / width
    if _is_stuck(row):
        surprise = max(surprise, alert)
    return min(max(surprise, 0.0), MAX_SURPRISE)


@_compiled
def _tell_kind(row: Any, values: Any, end: int) -> None:
    """Find out what is unusual about the last stretch."""
    first, last = max(0, end - HISTORY), end - STRETCH
    highest, lowest = values[first:last].max(), values[first:last].min()
    high = values[last:end].max() > highest
    low = values[last:end].min() < lowest
    if high != low:
        row[KIND], row[SIGN] = LEVEL, 1.0 if high else -1.0
        return
    moved = _moved(values, last, end)
    faster = slower = 0
    for i in range(first + 1, last - STRETCH + 1):
        before = _moved(values, i, i + STRETCH)
        faster += before >= moved
        slower += before <= moved
    few = RARE * (last - STRETCH - first)
    if min(faster, slower) <= few:
        row[KIND], row[SIGN] = RATE, 1.0 if faster <= few else -1.0
        return
    above = (values[first:last] >= values[end - 1]).sum()
    below = (values[first:last] <= values[end - 1]).sum()
    few = RARE * (last - first)
    if min(above, below) <= few:
        row[KIND], row[SIGN] = LEVEL, 1.0 if above <= few else -1.0
        return
    row[KIND], row[SIGN] = SHAPE, 0.0


@_compiled
def _moved(values: Any, start: int, end: int) -> float:
    """Return the way that values go."""
    way = 0.0
    for i in range(start, end):
        way += abs(values[i] - values[i - 1])
    return way


@_compiled
def _change(row: Any, values: Any, end: int, score: float) -> int:
    """Return whether an alert is raised or over."""
    stuck = _is_stuck(row)
    if stuck or score > row[THRESHOLD]:
        calm = row[CALM]
        row[CALM] = 0.0
        if row[ACTIVE] == 0.0 and calm >= QUIET:
            row[ACTIVE] = 1.0
            if stuck:
                row[KIND], row[SIGN] = RATE, -1.0
            else:
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
    """Take in a point of a series; one that isn't finite is none."""
    if not (abs(value) < inf and abs(time) < inf):
        return NONE
    numbers, histories, maxima = arrays
    row, values = numbers[slot], histories[slot]
    _follow_time(row, time)
    end = _append(row, values, value)
    distance = nearest_distance(values, end)
    if distance < 0.0:
        return NONE
    score = _log(distance, row[RESOLUTION])
    row[SCORE] = score
    row[SURPRISE] = _surprise(row, score)
    change = _change(row, values, end, score)
    _follow_blocks(row, maxima[slot], score)
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
