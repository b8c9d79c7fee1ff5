"""Values in order, a million of them: all of them, or only the lowest of more."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamson.rescaling import sorted_chunks as chunks


class SortedValues:
    """Values in order, equal ones as often as they were put in.

    Parameters
    ----------
    capacity
        Most values.
    values
        To begin with.

    Raises
    ------
    ValueError
        If there are more values than there is room for, or one is not finite.
    """

    def __init__(self, capacity: int, values: NDArray[np.float64] | Sequence[float] = ()) -> None:
        self.capacity = capacity
        self._values, self._places = chunks.allocate(capacity)
        first = np.array(values, np.float64)
        if len(first) > capacity or not np.isfinite(first).all():
            raise ValueError(f"{len(first)} values where {capacity} have room, or not all finite")
        chunks.spread(self._values, self._places, np.sort(first))

    def __len__(self) -> int:
        return chunks.size(self._places)

    def add(self, value: float) -> None:
        """Add a finite value; there must be room."""
        chunks.insert(self._values, self._places, value)

    def remove(self, value: float) -> None:
        """Remove a value that is held."""
        chunks.remove(self._values, self._places, value)

    def replace(self, old: float, new: float) -> None:
        """Remove a value that is held, and add a finite one."""
        chunks.replace(self._values, self._places, old, new)

    def turn(self, ring: NDArray[np.float64], slot: int, new: NDArray[np.float64]) -> None:
        """Write values into a ring, from a slot on, and hold them for those that were there."""
        chunks.turn(self._values, self._places, ring, slot, new)

    def quantiles(self, low: float, high: float) -> tuple[float, float]:
        """Return two quantiles, between values on a straight line; there must be a value.

        This is type 7 of Hyndman and Fan 1996, "Sample quantiles in statistical packages", numpy's.
        """
        first, second = chunks.quantiles(self._values, self._places, low, high)
        return first, second

    def quantiles_at(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the quantiles of some shares, as `quantiles` does for two."""
        found = np.empty(len(shares))
        chunks.quantiles_at(self._values, self._places, shares, found)
        return found

    def ranked_at(
        self, shares: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the values next to the quantiles of some shares, and their ranks."""
        found, ranks = np.empty(len(shares)), np.empty(len(shares))
        chunks.ranked_at(self._values, self._places, shares, found, ranks)
        return found, ranks

    def rank(self, value: float) -> float:
        """Return the share of values below a value, those that are equal counted as halves."""
        return float(chunks.rank(self._values, self._places, value))

    def in_order(self) -> NDArray[np.float64]:
        """Return the values, going up."""
        ordered: NDArray[np.float64] = chunks.in_order(self._values, self._places)
        return ordered


class LowestValues(SortedValues):
    """The lowest of more values, in order: all below a limit, and some that are equal to it.

    Parameters
    ----------
    capacity, values
        As for `SortedValues`.
    limit
        Infinity where all are held.
    least
        Fewer than so many are too few, and as many as there is room for are too many.
    """

    def __init__(
        self, capacity: int, values: NDArray[np.float64], *, limit: float, least: int
    ) -> None:
        super().__init__(capacity, values)
        self._values[chunks.LIMIT] = limit
        self._places[chunks.LEAST], self._places[chunks.MOST] = least, capacity
        self.arrays = self._values, self._places
        """What `exchange_at_ends` takes."""

    @property
    def is_consistent(self) -> bool:
        """Whether it holds neither too few nor too many."""
        return bool(chunks.is_consistent(self._places))
