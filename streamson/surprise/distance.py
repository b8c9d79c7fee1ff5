"""How far the last stretch of values is from all that was before.

The stretch is compared as it is with each earlier one, by squared Euclidean distance, and the
nearest counts: what was once before is usual. (Nearest neighbours as in KNN-CAD: Ishimtsev et al.,
"Conformal k-NN anomaly detector for univariate data streams", 2017; a series of such distances is
the left matrix profile of Yeh et al., "Matrix profile I", 2016.)
"""

from math import inf, log
from typing import Any, Final

import numpy as np

from streamson._jit import inner
from streamson.surprise.layout import HISTORY, STRETCH

_compiled: Final = inner(error_model="numpy")

LOWEST: Final = -1e3
"""The score of a stretch that has been before, value by value, where no step is known."""


@inner(error_model="numpy", fastmath={"nnan"})
def nearest_distance(values: Any, end: int) -> float:
    """Return the squared distance of the last stretch to the nearest before; -1 without one.

    Written so that it is vectorised: 1.5 us, where an incremental join would hold 4 KB more and
    lose digits as it goes.
    """
    if end < 2 * STRETCH:
        return -1.0
    last = end - STRETCH
    before, stretch = values[max(0, end - HISTORY) : last], values[last:end]
    count = len(before) - STRETCH + 1
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
def score_of(distance: float, resolution: float) -> float:
    """Return the logarithm of a squared distance, so that no unit of the values matters.

    What is nearer than a tenth of the smallest step is taken for that. Rounded to float32 as the
    maxima are: equal scores must not surpass each other.
    """
    least = 0.0 if resolution == inf else (0.1 * resolution) ** 2
    if distance + least <= 0.0:
        return LOWEST
    return float(np.float32(max(log(distance + least), LOWEST)))
