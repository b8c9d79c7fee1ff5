"""A series in machine code: what a point changes."""

from math import frexp, inf
from typing import Any, Final

from streamson._jit import inner
from streamson.surprise.distance import nearest_distance, score_of
from streamson.surprise.kinds import RATE, SEASON, tell_kind
from streamson.surprise.layout import (
    ACTIVE,
    CALM,
    COUNT,
    END,
    HERE,
    HISTORY,
    HUGE,
    INTERVAL,
    KIND,
    LONGEST_STILL,
    MOVING,
    PEAK,
    QUIET,
    RARITY,
    RESOLUTION,
    ROOM,
    SCORE,
    SEASON_INTERVAL_S,
    SEASON_SHARE,
    SIGN,
    STILL,
    STRETCH,
    SURPRISE,
    THEN,
    THRESHOLD,
    TOGETHER,
    UNIT,
)
from streamson.surprise.rarity import rarity
from streamson.surprise.season import follow_season, reset_season
from streamson.surprise.tail import asked, follow_blocks, surprise
from streamson.surprise.thinning import begin_again, middle, take

_compiled: Final = inner(error_model="numpy")

NONE: Final = 0

RAISED: Final = 1

OVER: Final = 2


@_compiled
def reset(arrays: Any, slot: int, interval_s: float) -> None:
    """Begin a series."""
    row = arrays[0][slot]
    row[:] = 0.0
    # Of all alerts that are asked for, a share is about the time of day.
    seasonal = interval_s >= SEASON_INTERVAL_S
    row[INTERVAL] = interval_s / (1.0 - SEASON_SHARE * seasonal)
    row[CALM] = QUIET
    row[TOGETHER] = 1.0
    begin_again(row)
    reset_season(arrays[3][slot], interval_s)


@_compiled
def _scaled(row: Any, value: float) -> float:
    """Return a value in the series' unit."""
    if value == 0.0:
        return 0.0
    if row[UNIT] == 0.0:
        _, exponent = frexp(value)
        row[UNIT] = 2.0 ** max(-1022, min(exponent - 1, 1022))
    return min(max(value / row[UNIT], -HUGE), HUGE)


@_compiled
def _append(row: Any, values: Any, value: float) -> int:
    """Put a value, in its unit, behind the history; return where that ends."""
    end = int(row[END])
    if end == ROOM:
        for i in range(HISTORY - 1):
            values[i] = values[ROOM - HISTORY + 1 + i]
        end = HISTORY - 1
    values[end] = value
    if row[COUNT] > 0.0:
        _follow_steps(row, abs(value - values[end - 1]))
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
def _change(row: Any, values: Any, end: int, score: float, season: Any) -> int:
    """Return whether an alert is raised or over."""
    stuck = _is_stuck(row)
    if stuck:
        row[SURPRISE] = max(row[SURPRISE], asked(row))
        row[RARITY] = max(row[RARITY], asked(row))
    is_season = row[ACTIVE] == 1.0 and row[KIND] == SEASON
    if stuck or score > row[THRESHOLD]:
        if is_season:  # the next point raises another alert
            row[ACTIVE] = 0.0
            return OVER
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
    is_calm = season[ACTIVE] == 0.0 if is_season else row[CALM] >= STRETCH
    if row[ACTIVE] == 1.0 and is_calm:
        row[ACTIVE] = 0.0
        return OVER
    return NONE


@_compiled
def update(arrays: Any, slot: int, value: float, time: float) -> int:
    """Take in a point of a series; one that isn't finite is none."""
    if not (abs(value) < inf and abs(time) < inf):
        return NONE
    numbers, histories, maxima, seasons, days, season_maxima = arrays
    row, values, season = numbers[slot], histories[slot], seasons[slot]
    if not take(row, _scaled(row, value), time):
        return NONE
    end = _append(row, values, middle(row))
    began = follow_season(season, days[slot], season_maxima[slot], middle(row), time)
    distance = nearest_distance(values, end)
    if distance < 0.0:
        return NONE
    score = score_of(distance, row[RESOLUTION])
    row[SCORE] = score
    row[SURPRISE], row[RARITY] = surprise(row, score), rarity(row, score)
    change = _change(row, values, end, score, season)
    follow_blocks(row, maxima[slot], score)
    if began and row[ACTIVE] == 0.0 and change == NONE:
        row[ACTIVE], row[KIND] = 1.0, SEASON
        row[SIGN] = 1.0 if season[HERE] >= season[THEN] else -1.0
        return RAISED
    return change
