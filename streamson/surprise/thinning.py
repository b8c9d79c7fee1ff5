"""Which values of a series are looked at, where points come faster than anybody needs.

Ten values of a thousand points a second are a hundredth of a second: not a course that anybody
asks about, gone before it can be told, and a microsecond each. So of a fast series the points of
a slot are taken in together, some tens of slots a second, as one value: the middle between the
lowest and the highest. Noise moves it little, so that one point far outside is seen as plainly as
all of them, and where points stand still, so does it.
"""

from math import inf
from typing import Any, Final

from streamson._jit import inner
from streamson.surprise.layout import (
    COUNT,
    END,
    FILLED,
    FINE_BLOCK,
    GATHERED,
    HELD,
    HIGHEST,
    HISTORY,
    LAST_TIME,
    LENGTH,
    LONGEST_STILL,
    LOWEST,
    MAXIMUM,
    MEDIAN,
    MOVING,
    OLDEST,
    PER_VALUE,
    RARITY,
    RESOLUTION,
    SCORE,
    SEEN,
    SPREAD,
    SQUARE,
    STEP,
    STILL,
    SURPRISE,
    TAIL_BEYOND,
    THRESHOLD,
    TOGETHER,
    UNFITTED,
    UNSEEN,
)
from streamson.surprise.pace import follow_time

_compiled: Final = inner(error_model="numpy")

SLOT_S: Final = 0.025
"""A slot is so long at least, where points come faster than forty a second. A stretch of ten values
then lasts for a quarter of a second at least, in which it is seen who is to come forward."""

LONGEST_SLOT_S: Final = 4 * SLOT_S
"""After so long a slot ends, however few points came: a series that was fast may have stopped. And
where the points of a slot take longer than that, slots have fewer."""

MOST_TOGETHER: Final = 1_024.0
"""More are not needed: a value costs a microsecond, so many points a hundred."""

KNOWN_VALUES: Final = 100.0
"""After so many it is known how fast they come."""


@_compiled
def take(row: Any, value: float, time: float) -> bool:
    """Take in a point; return whether it is the last of its slot."""
    first = row[GATHERED] == 0.0
    row[LOWEST] = value if first else min(value, row[LOWEST])
    row[HIGHEST] = value if first else max(value, row[HIGHEST])
    row[GATHERED] += 1.0
    if row[GATHERED] < row[TOGETHER] and 0.0 <= time - row[LAST_TIME] < LONGEST_SLOT_S:
        return False
    follow_time(row, time)
    gain = max(1.0 / row[SEEN], 1.0 / HISTORY)
    row[PER_VALUE] += gain * (row[GATHERED] - row[PER_VALUE])
    row[SPREAD] += gain * (0.5 * (row[HIGHEST] - row[LOWEST]) - row[SPREAD])
    row[GATHERED] = 0.0
    _follow_pace(row)
    return True


@_compiled
def middle(row: Any) -> float:
    """Return the value of a slot."""
    return 0.5 * (row[LOWEST] + row[HIGHEST])


@_compiled
def _follow_pace(row: Any) -> None:
    """Let slots have more points, or fewer, where these come faster or slower than before."""
    if row[SEEN] < KNOWN_VALUES or row[STEP] <= 0.0:
        return
    period, together = row[STEP] / row[PER_VALUE], row[TOGETHER]
    while together < MOST_TOGETHER and together * period < SLOT_S:
        together *= 2.0
    while together > 1.0 and together * period > LONGEST_SLOT_S:
        together /= 2.0
    if together != row[TOGETHER]:
        row[SQUARE] *= together / row[PER_VALUE]
        row[STEP] = together * period
        row[TOGETHER] = row[PER_VALUE] = together
        begin_again(row)


@_compiled
def begin_again(row: Any) -> None:
    """Forget what was usual, but not that an alert lasts: the values are other ones from now on."""
    row[COUNT] = row[END] = row[FILLED] = row[HELD] = row[OLDEST] = row[UNFITTED] = 0.0
    row[MEDIAN] = row[SCORE] = row[SURPRISE] = 0.0
    row[MOVING] = row[STILL] = row[LONGEST_STILL] = 0.0
    row[RARITY] = row[TAIL_BEYOND] = row[UNSEEN] = 0.0
    row[LENGTH], row[MAXIMUM] = FINE_BLOCK, -inf
    row[RESOLUTION] = row[THRESHOLD] = inf
