"""How seldom there is such a score: the threshold for a rate that is asked.

Maxima of the score over blocks of points are held (Coles, "An introduction to statistical modeling
of extreme values", 2001, chapter 3), and blocks that follow each other within the quiet time are
one incident (declustering, his chapter 5). A series that was followed for some asked intervals
needs no model: its threshold is what so many incidents surpassed as were asked for, whatever the
distribution (conformal: Laxhammar and Falkman, "Conformal prediction for distribution-independent
anomaly detection in streaming vessel data", 2010). Before, Gumbel's line is drawn on from the
greatest maxima.
"""

from math import ceil, inf, log, log1p, log10
from typing import Any, Final

import numpy as np

from streamson._jit import inner
from streamson.surprise.distance import score_of
from streamson.surprise.layout import (
    BLOCK,
    BLOCKS,
    FILLED,
    FINE_BLOCK,
    HELD,
    INTERVAL,
    LENGTH,
    MAX_SURPRISE,
    MAXIMUM,
    MEDIAN,
    MIN_BLOCKS,
    OLDEST,
    QUIET,
    RESOLUTION,
    STEP,
    THRESHOLD,
    UNFITTED,
)
from streamson.surprise.rarity import follow_tail

_compiled: Final = inner(error_model="numpy")

MAX_POINTS: Final = 1e15
"""An interval of more points is taken for so many."""

LN_2: Final = log(2)

WANTED_BLOCKS: Final = 40
"""Blocks are made longer while so many of them fit into the asked interval: then all that are held
span five to ten of them."""

FINE_IN_BLOCK: Final = BLOCK // FINE_BLOCK

LONGEST_BLOCK: Final = 10
"""Where fewer fit, for points come more seldom than they did, the blocks begin anew."""

FIT_EVERY: Final = 0.02
"""The threshold is found anew when so many more blocks are known."""

TAIL_INCIDENTS: Final = 20.0
TAIL_SHARE: Final = 0.5
"""A young series' tail begins at its so many greatest incidents, or at a share of its blocks: some
of them may be what alerts are for, and must not move it far."""

BODY_SHARE: Final = 0.75
"""The slope of the tail is that from there to at most this share of the blocks."""

KNOWN_INCIDENTS: Final = 5.0
"""A series that was followed for so many asked intervals needs no tail: its threshold is what so
many incidents surpassed."""

UNCERTAIN: Final = 0.5
"""A slope between few ranks may be too small by chance; so much is added, over the root of their
number."""

TIE: Final = 1e-6
"""A score is surpassed by an equal one where the threshold is less by this share; float32 tells a
tenth of it apart."""


@_compiled
def follow_blocks(row: Any, maxima: Any, score: float) -> None:
    """Take a score into the maxima of blocks; find the threshold anew where they tell more."""
    if row[LENGTH] > BLOCK and LONGEST_BLOCK * row[LENGTH] * row[STEP] > row[INTERVAL]:
        row[LENGTH], row[HELD], row[OLDEST], row[THRESHOLD] = BLOCK, 0.0, 0.0, inf
        row[FILLED], row[MAXIMUM] = 0.0, -inf
    row[MAXIMUM] = max(row[MAXIMUM], score)
    row[FILLED] += 1.0
    if row[FILLED] < row[LENGTH]:
        return
    _end_block(row, maxima)
    follow_tail(row, maxima)
    held = row[HELD]
    if row[LENGTH] == FINE_BLOCK:
        if held % FINE_IN_BLOCK > 0.0:
            return
        held /= FINE_IN_BLOCK
    row[UNFITTED] += 1.0
    if held >= MIN_BLOCKS and row[UNFITTED] >= FIT_EVERY * held:
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
    if place < BLOCKS - 1:
        return
    if row[LENGTH] == FINE_BLOCK:
        for i in range(BLOCKS // FINE_IN_BLOCK):
            maxima[i] = maxima[FINE_IN_BLOCK * i : FINE_IN_BLOCK * (i + 1)].max()
        row[HELD], row[LENGTH] = BLOCKS // FINE_IN_BLOCK, BLOCK
        return
    longer = 2.0 * row[LENGTH]
    if WANTED_BLOCKS * longer * row[STEP] <= row[INTERVAL]:
        for i in range(BLOCKS // 2):
            maxima[i] = max(maxima[2 * i], maxima[2 * i + 1])
        row[HELD], row[LENGTH] = BLOCKS // 2, longer


@_compiled
def _set_threshold(row: Any, maxima: Any) -> None:
    """Find the score that incidents surpass as seldom as it is asked."""
    row[THRESHOLD] = inf
    if row[STEP] <= 0.0:
        return
    scores = _scores(row, maxima)
    held, length = len(scores), _length(row)
    order = np.argsort(-scores)
    row[MEDIAN] = scores[order[held // 2]]
    expected = (held + 1) * min(0.5, length / _asked_points(row))
    wanted = max(expected, TAIL_INCIDENTS * (1.0 - expected / KNOWN_INCIDENTS))
    rank, incidents, threshold = _surpassed_by(scores, order, expected, wanted, length)
    if expected < incidents:
        threshold += _beyond(scores, order, rank, rank * expected / incidents)
    plausible = int(expected + 1.0 + expected**0.5)
    row[THRESHOLD] = max(threshold, scores[order[min(plausible, held - 1)]])


@_compiled
def _length(row: Any) -> float:
    """Return how many points a block has by which alerts are told."""
    return max(row[LENGTH], BLOCK)


@_compiled
def _scores(row: Any, maxima: Any) -> Any:
    """Return the maxima of such blocks, in their order."""
    lowest = score_of(0.0, row[RESOLUTION])
    held, together = int(row[HELD]), FINE_IN_BLOCK if row[LENGTH] == FINE_BLOCK else 1
    scores = np.full(held // together, lowest)
    for i in range(len(scores) * together):
        place = i // together
        scores[place] = max(scores[place], maxima[(i + int(row[OLDEST])) % held])
    return scores


@_compiled
def _surpassed_by(
    scores: Any, order: Any, least: float, wanted: float, length: float
) -> tuple[float, float, float]:
    """Return a score: its rank among the blocks, how many incidents surpass it, and itself.

    As many as wanted, or at least so many where those are too many of the blocks. Blocks that
    follow each other within the quiet time are one incident. Where scores are equal, of counts,
    either all of them surpass it or none, whichever is nearer to what is wanted.
    """
    held = len(scores)
    apart = ceil(QUIET / length)
    begun = np.zeros(held, np.bool_)
    count = most = equal = 0
    above = scores[order[0]]
    for rank in range((held + 1) // 2):
        block = order[rank]
        score = scores[block]
        count += _begin_block(begun, block, apart)
        equal += 1
        if score == scores[order[rank + 1]]:
            continue
        if rank + 1 >= TAIL_SHARE * held:
            wanted = max(least, min(wanted, count))
        if count >= wanted:
            if equal > 1:
                all_of_them = wanted * wanted > most * count
                below = score - all_of_them * TIE * max(abs(score), 1.0)
                return rank + 1.0, wanted, below
            share = min(max((wanted - most) / max(count - most, 1), 0.0), 1.0)
            return max(rank + share, 1.0), wanted, above + share * (score - above)
        most, above, equal = max(most, count), score, 0
    return held / 2.0, max(least, min(wanted, count)), scores[order[held // 2]]


@_compiled
def _begin_block(begun: Any, block: int, apart: int) -> int:
    """Put a block among those that surpass a score; return how many more incidents there are."""
    more = 1
    for i in range(max(0, block - apart), block):
        if begun[i]:
            more = 0
    for i in range(block + 1, min(block + apart + 1, len(begun))):
        if begun[i]:
            # It was the first of its incident unless another came within the time before it.
            first = True
            for j in range(max(0, i - apart), i):
                first = first and not begun[j]
            more -= first
            break
    begun[block] = True
    return more


@_compiled
def _beyond(scores: Any, order: Any, rank: float, aimed: float) -> float:
    """Return how far beyond the score of a rank that of a smaller one is, on Gumbel's line."""
    held = len(scores)
    lower = min(max(4.0 * rank, rank + 2.0), max(BODY_SHARE * held, rank + 1.0), held - 1.0)
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
def _asked_points(row: Any) -> float:
    """Return how many points lie between false alerts, as it was asked of them."""
    return min(row[INTERVAL] / row[STEP], MAX_POINTS)


@_compiled
def asked(row: Any) -> float:
    """Return the surprise of what is as seldom as was asked."""
    return log10(_asked_points(row))


@_compiled
def surprise(row: Any, score: float) -> float:
    """Return log10 of how many points lie between such scores in the mean."""
    if row[THRESHOLD] == inf or row[STEP] <= 0.0:
        return 0.0
    usual = log10(_length(row) / LN_2)
    alert = max(asked(row), usual + 0.3)
    width = max(row[THRESHOLD] - row[MEDIAN], 1e-3)
    found = alert + (score - row[THRESHOLD]) * (alert - usual) / width
    if score <= row[MEDIAN]:  # of a constant series, whose median is the threshold too
        found = min(found, usual)
    return min(max(found, 0.0), MAX_SURPRISE)
