"""What is unusual: the level of a stretch of values, its rate, its shape, or its time of day."""

from typing import Any, Final

from streamson._jit import inner
from streamson.surprise.layout import HISTORY, KIND, SIGN, STRETCH

_compiled: Final = inner(error_model="numpy")

LEVEL: Final = 1

RATE: Final = 2

SHAPE: Final = 3

SEASON: Final = 4

RARE: Final = 0.01
"""What is rarer than this among what was before is what an alert names."""


@_compiled
def tell_kind(row: Any, values: Any, end: int) -> None:
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
