"""What is unusual at its time of day, however many points a day has.

The last thousand points of a series of one a second are a quarter of an hour. So the mean of each
quarter of an hour is kept for eight days, and the last hour is compared with the same hour of each
of the seven days before: by squared Euclidean distance, and the nearest counts. A day like one of
the last week is usual, also a Sunday, and the day after an unusual one. (It is the nearest
neighbour of `distance`, among the days alone: how often such a distance is surpassed is found
in the same way.)
"""

from math import floor, inf, isnan, log, nan
from typing import Any, Final

import numpy as np

from streamson._jit import inner
from streamson.surprise.distance import LOWEST
from streamson.surprise.layout import (
    ACTIVE,
    BLOCK,
    CALM,
    COUNT,
    DAYS,
    FILLED,
    FIRST,
    GATHERED,
    HELD,
    HERE,
    INTERVAL,
    LENGTH,
    MAXIMUM,
    OLDEST,
    QUIET,
    RESOLUTION,
    SCORE,
    SEASON_INTERVAL_S,
    SEASON_SHARE,
    SUM,
    SURPRISE,
    THEN,
    THRESHOLD,
    TIME_SLOT,
    TIME_SLOT_S,
    TIME_SLOTS,
    UNFITTED,
)
from streamson.surprise.pace import follow_time
from streamson.surprise.tail import follow_blocks, surprise

_compiled: Final = inner(error_model="numpy")

HOUR_SLOTS: Final = 4
"""So many means are compared: one alone would be told for each job that began ten minutes late."""

MIN_DAYS: Final = 2
"""With fewer days before, nothing is told."""

SAME: Final = 1e-5
"""Means that differ by a smaller share of themselves are the same: float32 is as exact as that."""

MAX_MEAN: Final = 1e30
"""Means beyond are taken for it, in units of the first value."""


@_compiled
def reset_season(season: Any, interval_s: float) -> None:
    """Begin a series."""
    season[:] = 0.0
    season[INTERVAL] = interval_s / SEASON_SHARE
    season[LENGTH], season[MAXIMUM] = BLOCK, -inf
    season[RESOLUTION] = season[THRESHOLD] = inf
    season[CALM] = QUIET


@_compiled
def follow_season(season: Any, days: Any, maxima: Any, value: float, time: float) -> bool:
    """Take in a value; return whether the last hour has just become unusual for its time."""
    if season[INTERVAL] * SEASON_SHARE < SEASON_INTERVAL_S:
        return False
    slot = floor(time / TIME_SLOT_S)
    began = False
    if slot != season[TIME_SLOT] and season[GATHERED] > 0.0:
        began = _end_slot(season, days, maxima)
        season[SUM] = season[GATHERED] = 0.0
    season[TIME_SLOT] = slot
    season[SUM] += min(max(value, -MAX_MEAN), MAX_MEAN)
    season[GATHERED] += 1.0
    return began


@_compiled
def _end_slot(season: Any, days: Any, maxima: Any) -> bool:
    """Keep the mean of a quarter of an hour, and see how unusual the last hour is."""
    slot = season[TIME_SLOT]
    _skip_to(season, days, slot)
    days[int(slot % (DAYS * TIME_SLOTS))] = season[SUM] / season[GATHERED]
    follow_time(season, slot * TIME_SLOT_S)
    distance = _nearest_day(season, days, slot)
    if isnan(distance):
        return False
    score = LOWEST
    if distance > 0.0:
        score = float(np.float32(max(log(distance), LOWEST)))
    season[SCORE] = score
    season[SURPRISE] = surprise(season, score)
    began = False
    if score > season[THRESHOLD]:
        began = season[CALM] >= QUIET
        season[CALM], season[ACTIVE] = 0.0, 1.0
    else:
        season[CALM] += 1.0
        if season[CALM] >= HOUR_SLOTS:
            season[ACTIVE] = 0.0
    follow_blocks(season, maxima, score)
    return began


@_compiled
def _skip_to(season: Any, days: Any, slot: float) -> None:
    """Know nothing of the time since the last slot; where that is long, begin with this one."""
    passed = slot - season[COUNT]
    if season[FIRST] == 0.0 or not -TIME_SLOTS <= passed < DAYS * TIME_SLOTS:
        days[:] = nan
        # Fewer days are less near: what was usual among seven is not told by two.
        season[HELD] = season[OLDEST] = season[FILLED] = season[UNFITTED] = 0.0
        season[LENGTH], season[MAXIMUM], season[THRESHOLD] = BLOCK, -inf, inf
    else:
        for i in range(1, int(passed)):
            days[int((season[COUNT] + i) % (DAYS * TIME_SLOTS))] = nan
    season[FIRST], season[COUNT] = 1.0, slot


@_compiled
def _nearest_day(season: Any, days: Any, slot: float) -> float:
    """Return the squared distance of the last hour to that of the nearest day; NaN without one."""
    nearest, known, size = nan, 0, 0.0
    for day in range(1, DAYS):
        distance = here = then = 0.0
        for i in range(HOUR_SLOTS):
            last = np.float64(days[int((slot - i) % (DAYS * TIME_SLOTS))])
            before = np.float64(days[int((slot - i - day * TIME_SLOTS) % (DAYS * TIME_SLOTS))])
            distance += (last - before) ** 2
            here += last / HOUR_SLOTS
            then += before / HOUR_SLOTS
        if isnan(distance):
            continue
        known += 1
        if not distance >= nearest:
            nearest, size = distance, max(abs(here), abs(then))
            season[HERE], season[THEN] = here, then
    if known < MIN_DAYS:
        return nan
    return nearest if nearest > HOUR_SLOTS * (SAME * size) ** 2 else 0.0
