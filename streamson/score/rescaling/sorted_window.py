"""The values of a window in order: machine code, for windows of a million points.

The values lie in chunks, each sorted, and the chunks in order. To find a place is a binary search
among the chunks and one within a chunk; to make room moves part of one chunk. With chunks of about
the square root of the window's size all of it is small.
"""

from collections.abc import Iterable
from math import isqrt
from typing import Any, Final

import numpy as np
from numba import njit

from streamson.keeping import kept

_MIN_CHUNK: Final = 64

# Places in the whole numbers.
_SIZE: Final = 0  # values held
_CHUNKS: Final = 1  # chunks in use
_CAPACITY: Final = 2  # slots
_CHUNK: Final = 3  # most values of a chunk
_MOST_CHUNKS: Final = 4
_HEAD: Final = 5  # here follow, by chunk: number of the block it lies in, and its size

_compiled: Final = kept(njit, nogil=True, error_model="numpy")


class SortedWindow:
    """Values in numbered slots, and at the same time in order.

    Parameters
    ----------
    capacity
        Number of slots.
    values
        For the first slots.

    Raises
    ------
    ValueError
        If there are more values than slots, or one is not finite.
    """

    def __init__(self, capacity: int, values: Iterable[float] = ()) -> None:
        chunk = max(_MIN_CHUNK, isqrt(capacity) // 2)
        # A chunk that is full becomes two halves, and one that is empty is taken out: so with the
        # slots all full most are at least a quarter full, but the fewest values may be spread thin.
        most = 4 * (capacity // chunk) + 8
        self.capacity = capacity
        # The slots, the chunks' blocks, and each chunk's largest value.
        self._values = np.zeros(capacity + most * chunk + most)
        self._places = np.zeros(_HEAD + 2 * most, np.int64)
        self._places[[_CAPACITY, _CHUNK, _MOST_CHUNKS]] = capacity, chunk, most
        self._places[_HEAD : _HEAD + most] = np.arange(most)
        first = np.array(list(values), np.float64)
        if len(first) > capacity or not np.isfinite(first).all():
            raise ValueError(f"{len(first)} values for {capacity} slots, or some not finite")
        self._values[: len(first)] = first
        _spread(self._values, self._places, np.sort(first))

    def __len__(self) -> int:
        return int(self._places[_SIZE])

    def put(self, slot: int, value: float) -> None:
        """Put a value in a slot: the next that is free, or one whose value goes."""
        _put(self._values, self._places, slot, value)

    def add(self, slot: int, value: float) -> None:
        """Put a value in a slot whose value was dropped, or that never had one."""
        self._values[slot] = value
        _insert(self._values, self._places, value)

    def drop(self, slot: int) -> None:
        """Take the value of a slot out of the order."""
        _drop(self._values, self._places, self._values[slot])

    def quantiles(self, low: float, high: float) -> tuple[float, float]:
        """Return two quantiles, between values on a straight line; there must be a value.

        This is type 7 of Hyndman and Fan 1996, "Sample quantiles in statistical packages", numpy's.
        """
        first, second = _quantiles(self._values, self._places, low, high)
        return first, second

    def rank(self, value: float) -> float:
        """Return the share of values below a value, those that are equal counted as halves."""
        return float(_rank(self._values, self._places, value))

    def slots(self, count: int) -> list[float]:
        """Return the values of the first slots."""
        return [float(value) for value in self._values[:count]]


@_compiled
def _put(values: Any, places: Any, slot: int, value: float) -> None:
    if slot < places[_SIZE]:
        _drop(values, places, values[slot])
    values[slot] = value
    _insert(values, places, value)


@_compiled
def _chunk_of(values: Any, places: Any, value: float) -> Any:
    """Return the first chunk whose largest value is not below a value, or the last one."""
    largest = places[_CAPACITY] + places[_MOST_CHUNKS] * places[_CHUNK]
    low, high = 0, places[_CHUNKS] - 1
    while low < high:
        middle = (low + high) // 2
        if values[largest + middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@_compiled
def _below(values: Any, start: int, size: int, value: float) -> Any:
    """Return how many of a block's values are below a value."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if values[start + middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@_compiled
def _block(places: Any, chunk: int) -> Any:
    return places[_CAPACITY] + places[_HEAD + chunk] * places[_CHUNK]


@_compiled
def _insert(values: Any, places: Any, value: float) -> None:
    most = places[_MOST_CHUNKS]
    largest = places[_CAPACITY] + most * places[_CHUNK]
    sizes = _HEAD + most
    if places[_CHUNKS] == 0:
        places[_CHUNKS] = 1
        places[sizes] = 0
    chunk = _chunk_of(values, places, value)
    if places[sizes + chunk] == places[_CHUNK]:
        if places[_CHUNKS] == most:
            _pack(values, places)
        else:
            _split(values, places, chunk)
        chunk = _chunk_of(values, places, value)
    start, size = _block(places, chunk), places[sizes + chunk]
    at = _below(values, start, size, value)
    for k in range(size, at, -1):
        values[start + k] = values[start + k - 1]
    values[start + at] = value
    places[sizes + chunk] = size + 1
    values[largest + chunk] = values[start + size]
    places[_SIZE] += 1


@_compiled
def _drop(values: Any, places: Any, value: float) -> None:
    most = places[_MOST_CHUNKS]
    largest = places[_CAPACITY] + most * places[_CHUNK]
    sizes = _HEAD + most
    chunk = _chunk_of(values, places, value)
    start, size = _block(places, chunk), places[sizes + chunk]
    for k in range(_below(values, start, size, value), size - 1):
        values[start + k] = values[start + k + 1]
    places[sizes + chunk] = size - 1
    places[_SIZE] -= 1
    if size > 1:
        values[largest + chunk] = values[start + size - 2]
        return
    # The chunk is empty: its block goes behind those that are used.
    block = places[_HEAD + chunk]
    for k in range(chunk, places[_CHUNKS] - 1):
        places[_HEAD + k] = places[_HEAD + k + 1]
        places[sizes + k] = places[sizes + k + 1]
        values[largest + k] = values[largest + k + 1]
    places[_CHUNKS] -= 1
    places[_HEAD + places[_CHUNKS]] = block


@_compiled
def _split(values: Any, places: Any, chunk: int) -> None:
    """Make two chunks of a full one."""
    most = places[_MOST_CHUNKS]
    largest = places[_CAPACITY] + most * places[_CHUNK]
    sizes = _HEAD + most
    block = places[_HEAD + places[_CHUNKS]]
    for k in range(places[_CHUNKS], chunk + 1, -1):
        places[_HEAD + k] = places[_HEAD + k - 1]
        places[sizes + k] = places[sizes + k - 1]
        values[largest + k] = values[largest + k - 1]
    places[_CHUNKS] += 1
    places[_HEAD + chunk + 1] = block
    start, new, size = _block(places, chunk), _block(places, chunk + 1), places[sizes + chunk]
    half = size // 2
    for k in range(half, size):
        values[new + k - half] = values[start + k]
    places[sizes + chunk] = half
    places[sizes + chunk + 1] = size - half
    values[largest + chunk] = values[start + half - 1]
    values[largest + chunk + 1] = values[new + size - half - 1]


@_compiled
def _pack(values: Any, places: Any) -> None:
    """Write all values into chunks that are half full: so rarely that its cost does not matter."""
    sizes = _HEAD + places[_MOST_CHUNKS]
    ordered = np.empty(places[_SIZE])
    count = 0
    for i in range(places[_CHUNKS]):
        start = _block(places, i)
        for k in range(places[sizes + i]):
            ordered[count] = values[start + k]
            count += 1
    _spread(values, places, ordered)


@_compiled
def _spread(values: Any, places: Any, ordered: Any) -> None:
    """Hold these values and no others, in chunks that are half full."""
    most = places[_MOST_CHUNKS]
    largest = places[_CAPACITY] + most * places[_CHUNK]
    sizes = _HEAD + most
    half = places[_CHUNK] // 2
    count = len(ordered)
    places[_SIZE] = count
    places[_CHUNKS] = -(-count // half)
    for i in range(places[_CHUNKS]):
        places[_HEAD + i] = i
        start = _block(places, i)
        size = min(half, count - i * half)
        for k in range(size):
            values[start + k] = ordered[i * half + k]
        places[sizes + i] = size
        values[largest + i] = ordered[i * half + size - 1]
    for i in range(places[_CHUNKS], most):
        places[_HEAD + i] = i


@_compiled
def _at(values: Any, places: Any, index: int) -> Any:
    """Return the value that has so many before it, counted from the nearer end."""
    sizes = _HEAD + places[_MOST_CHUNKS]
    if index < places[_SIZE] // 2:
        chunk = 0
        while index >= places[sizes + chunk]:
            index -= places[sizes + chunk]
            chunk += 1
        return values[_block(places, chunk) + index]
    after = places[_SIZE] - 1 - index
    chunk = places[_CHUNKS] - 1
    while after >= places[sizes + chunk]:
        after -= places[sizes + chunk]
        chunk -= 1
    return values[_block(places, chunk) + places[sizes + chunk] - 1 - after]


@_compiled
def _quantile(values: Any, places: Any, share: float) -> Any:
    exact = share * (places[_SIZE] - 1)
    below = int(exact)
    first = _at(values, places, below)
    if below == exact:
        return first
    second = _at(values, places, below + 1)
    if first == second:  # not even rounding may part equal values
        return first
    weight = exact - below
    # Not first + weight * (second - first): that difference may be beyond the largest float.
    return first * (1 - weight) + second * weight


@_compiled
def _quantiles(values: Any, places: Any, low: float, high: float) -> Any:
    return _quantile(values, places, low), _quantile(values, places, high)


@_compiled
def _rank(values: Any, places: Any, value: float) -> Any:
    most = places[_MOST_CHUNKS]
    largest, sizes = places[_CAPACITY] + most * places[_CHUNK], _HEAD + most
    chunk = _chunk_of(values, places, value)
    before = places[sizes : sizes + chunk].sum()
    below = before + _below(values, _block(places, chunk), places[sizes + chunk], value)
    not_above = before
    while chunk < places[_CHUNKS] and values[largest + chunk] <= value:  # equal ones may fill some
        not_above += places[sizes + chunk]
        chunk += 1
    if chunk < places[_CHUNKS]:
        not_above += _not_above(values, _block(places, chunk), places[sizes + chunk], value)
    return (below + not_above) / (2.0 * places[_SIZE])


@_compiled
def _not_above(values: Any, start: int, size: int, value: float) -> Any:
    """Return how many of a block's values are not above a value."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if values[start + middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low
