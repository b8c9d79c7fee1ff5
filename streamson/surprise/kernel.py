"""The machine code that a bank calls: compiled once, and anew where a file of this room changes."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit, types

from streamson._jit import cached, source_digest, stage
from streamson.surprise import series

_NUMBERS: Final = types.Array(types.float64, 2, "C")
_SINGLES: Final = types.Array(types.float32, 2, "C")
_ARRAYS: Final = types.Tuple((_NUMBERS, _NUMBERS, _SINGLES, _NUMBERS, _SINGLES, _SINGLES))
"""Of all slots: numbers, history, maxima; of the season numbers, days, maxima; see `layout`."""

_COLUMN: Final = types.Array(types.float64, 1, "C", readonly=True)
_SLOTS: Final = types.Array(types.int64, 1, "C", readonly=True)
_CHANGES: Final = types.Array(types.int8, 1, "C")

_POINT: Final = types.int64(_ARRAYS, types.int64, types.float64, types.float64)
_BATCH: Final = types.UniTuple(types.int64, 2)(_ARRAYS, types.int64, _COLUMN, _COLUMN)
_MANY: Final = _CHANGES(_ARRAYS, _SLOTS, _COLUMN, _COLUMN)
_RESET: Final = types.void(_ARRAYS, types.int64, types.float64)


class Kernels(NamedTuple):
    """What takes in a point, points of one series, a point of each of many; and begins a series.

    Points of one series are taken in up to one that changes something: what is told is of then.
    """

    update: Callable[..., Any]
    update_batch: Callable[..., Any]
    update_many: Callable[..., Any]
    reset: Callable[..., Any]


@cache
def kernels() -> Kernels:
    """Return the machine code; compiles at the very first call on a machine."""
    sources = source_digest(__package__)

    def update(arrays, slot, value, time):  # type: ignore[no-untyped-def]
        sources  # noqa: B018  # a part of the closure, so that any change compiles anew
        return series.update(arrays, slot, value, time)

    def update_batch(arrays, slot, values, times):  # type: ignore[no-untyped-def]
        sources  # noqa: B018
        for i in range(len(values)):
            change = series.update(arrays, slot, values[i], times[i])
            if change != series.NONE:
                return i + 1, change
        return len(values), series.NONE

    def update_many(arrays, slots, values, times):  # type: ignore[no-untyped-def]
        sources  # noqa: B018
        changes = np.zeros(len(values), np.int8)
        for i in range(len(values)):
            changes[i] = series.update(arrays, slots[i], values[i], times[i])
        return changes

    def reset(arrays, slot, interval_s):  # type: ignore[no-untyped-def]
        sources  # noqa: B018
        series.reset(arrays, slot, interval_s)

    with stage("surprise"):
        return Kernels(
            _cached(_POINT)(update),
            _cached(_BATCH)(update_batch),
            _cached(_MANY)(update_many),
            _cached(_RESET)(reset),
        )


def _cached(signature: Any) -> Callable[[Any], Any]:
    return cached(njit, signature, nogil=True, error_model="numpy")
