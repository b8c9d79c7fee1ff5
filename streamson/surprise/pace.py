"""How fast the values of a series come."""

from typing import Any, Final

from streamson._jit import inner
from streamson.surprise.layout import HISTORY, LAST_TIME, SEEN, SQUARE, STEP

_compiled: Final = inner(error_model="numpy")

GAP: Final = 8.0
"""A time between values counts for so many times what is usual at most: a clock may be set."""

MAX_STEP_S: Final = 1e12


@_compiled
def follow_time(row: Any, time: float) -> None:
    """Follow the mean time between values: of the last thousand or so.

    What is usual is the time between values as one finds it who looks at any moment, the mean
    square over the mean: of values that come in bursts it is that between bursts.
    """
    if row[SEEN] > 0.0:
        passed = time - row[LAST_TIME]
        if passed >= 0.0:
            step = row[STEP]
            if step > 0.0:
                passed = min(passed, GAP * max(step, row[SQUARE] / step))
            passed = min(passed, MAX_STEP_S)
            gain = max(1.0 / row[SEEN], 1.0 / HISTORY)
            row[STEP] += gain * (passed - step)
            row[SQUARE] += gain * (passed * passed - row[SQUARE])
    row[LAST_TIME] = time
    row[SEEN] += 1.0
