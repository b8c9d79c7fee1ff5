"""How rare a score is among all that its series had so far, from the first minutes on.

The greatest of the maxima that are held stand for the tail. Beyond the least of these scores fall
off exponentially, for they are logarithms: by the mean of the excesses, which is Hill's estimator
("A simple general approach to inference about the tail of a distribution", 1975). That mean is
itself uncertain, of few of them by much: how seldom a next one goes beyond it so far is what is
left when all means are weighed by how likely they are, (1 + x / (k mean))^-k of k excesses
(Lomax; Geisser, "Predictive inference", 1993, section 2.1.2). So a young series claims no more than
it knows, and needs no allowance.

(The threshold of `tail` is for what is asked for once a week, drawn on from half of the blocks of a
young series, so that an event within them moves it little: too far to say who is the least ordinary
of many streams. Compared on noise of eight kinds with a shift of eight deviations in it, at the
same rate of false ones: after ten minutes at a point a second this finds 43 % within a minute, that
one 11 %; after three hours both 70 %.)
"""

from math import inf, log1p, log10
from typing import Any, Final

import numpy as np

from streamson._jit import inner
from streamson.surprise.distance import score_of
from streamson.surprise.layout import (
    COUNT,
    HELD,
    LENGTH,
    MAX_SURPRISE,
    RESOLUTION,
    TAIL_BEYOND,
    TAIL_FROM,
    TAIL_USUAL,
    TAIL_WIDTH,
    UNSEEN,
)

_compiled: Final = inner(error_model="numpy")

LN_10: Final = 2.302585092994046

MIN_BLOCKS: Final = 14
"""With fewer maxima nothing is known: of 90 points."""

SHARE: Final = 0.20
MIN_BEYOND: Final = 8
MAX_BEYOND: Final = 40
"""The tail is that share of the maxima, and between so many of them."""

MIN_MOVED: Final = 5
"""Where fewer maxima than that are any distance at all, a series has stood still: nobody knows how
far it goes when it moves. That it does is as rare as it has been followed."""

LEAST_WIDTH: Final = 0.02
"""Scores that are nearly the same are not taken for more equal than this."""

AGAIN_EVERY: Final = 0.1
"""The tail is found anew when so many more maxima are known."""


@_compiled
def follow_tail(row: Any, maxima: Any) -> None:
    """Take in that a block ended; find the tail anew where there is enough that is new."""
    row[UNSEEN] += 1.0
    if row[HELD] < MIN_BLOCKS or row[UNSEEN] < AGAIN_EVERY * row[HELD]:
        return
    row[UNSEEN] = 0.0
    held = int(row[HELD])
    ordered = np.sort(maxima[:held])
    lowest = score_of(0.0, row[RESOLUTION])
    beyond = min(max(int(SHARE * held), MIN_BEYOND), MAX_BEYOND, held // 2)
    begin = max(ordered[held - beyond - 1], lowest)
    row[TAIL_FROM], row[TAIL_BEYOND] = begin, beyond
    row[TAIL_USUAL] = log10(held * row[LENGTH] / beyond)
    if begin <= lowest and ordered[held - MIN_MOVED] <= lowest:
        row[TAIL_WIDTH] = inf
        return
    excess = 0.0
    for i in range(held - beyond, held):
        excess += max(ordered[i] - begin, 0.0)
    row[TAIL_WIDTH] = max(excess / beyond, LEAST_WIDTH)


@_compiled
def rarity(row: Any, score: float) -> float:
    """Return log10 of how many points lie between such scores in the mean; 0 while unknown."""
    beyond = row[TAIL_BEYOND]
    if beyond == 0.0:
        return 0.0
    if row[TAIL_WIDTH] == inf:
        return log10(row[COUNT]) if score > row[TAIL_FROM] else 0.0
    excess = (score - row[TAIL_FROM]) / row[TAIL_WIDTH]
    if excess > 0.0:
        excess = beyond * log1p(excess / beyond)
    return min(max(row[TAIL_USUAL] + excess / LN_10, 0.0), MAX_SURPRISE)
