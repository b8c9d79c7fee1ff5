"""Quantiles near the ends of a long window, for which only the ends are kept in order.

A window of a million points has no room in a processor's cache, and to keep all of it in order
would be to wait for memory. But 1 % and 99 % lie near its ends: only values there are kept in
order. Each end holds some times as many as are needed; when too few are left, the window is looked
through once.
"""

from array import array
from math import ceil, inf, nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.rescaling.normalize import Range
from streamson.rescaling.sorted_chunks import exchange_at_ends
from streamson.rescaling.sorted_values import LowestValues
from streamson.rescaling.window_buffer import WindowBuffer

MAX_SHARE: Final = 0.05
"""Of the window's values that lie beyond a quantile at most; more would be no end."""

_SPARE: Final = 12
"""An end holds so many times what is needed when it was filled, and up to twice that."""


class TailQuantiles(WindowBuffer):
    """Two quantiles of the last so many values.

    Parameters
    ----------
    points
        So many values.
    low, high
        The quantiles: at most `MAX_SHARE`, and at least 1 - `MAX_SHARE`.
    """

    def __init__(self, points: int, low: float, high: float) -> None:
        self._low, self._high = low, 1 - high
        super().__init__(points)

    def update(self, value: float, time: float) -> Range:  # noqa: ARG002  # as RangeEstimator
        """Take in a value and return the quantiles, as `SortedValues.quantiles` does."""
        seen, points = self._seen, self._points
        self._seen = seen + 1
        slot = seen % points
        if seen < points:
            old, last = nan, seen
        else:
            old, last = self._ring[slot], points - 1
        self._ring[slot] = value
        low, high, is_consistent = exchange_at_ends(
            *self._arrays, old, value, self._low * last, self._high * last
        )
        if not is_consistent:
            self._begin_again()
        return low, high

    def _begin(self, seen: int, values: list[float]) -> None:
        super()._begin(seen, values)
        self._lowest = _End(self._ring, self._low, sign=1)
        self._highest = _End(self._ring, self._high, sign=-1)
        self._begin_again()

    def _begin_again(self) -> None:
        for end in (self._lowest, self._highest):
            end.begin_again(min(self._seen, self._points))
        self._arrays = *self._lowest.values.arrays, *self._highest.values.arrays


class _End:
    """The lowest values of a ring, or with a negative sign its negated highest."""

    def __init__(self, ring: "array[float]", share: float, *, sign: int) -> None:
        self._ring = np.frombuffer(ring)
        self._sign = sign
        # A quantile hangs on two values; and one may go before others are looked for.
        self._least = ceil(share * len(ring)) + 3
        self._some = min(_SPARE * self._least, len(ring))
        self.values = self._lowest(np.zeros(0), 0)

    def begin_again(self, count: int) -> None:
        """Hold neither too few nor too many of the ring's first so many values."""
        held = len(self.values)
        if held == self.values.capacity:
            self.values = self._lowest(self.values.in_order()[: self._some], count)
        elif held < count and not self.values.is_consistent:
            values = self._sign * self._ring[:count]
            if count > self._some:
                values = np.partition(values, self._some - 1)[: self._some]
            self.values = self._lowest(values, count)

    def _lowest(self, values: NDArray[np.float64], count: int) -> LowestValues:
        limit = inf if len(values) == count else float(values.max())
        return LowestValues(2 * self._some, values, limit=limit, least=self._least)
