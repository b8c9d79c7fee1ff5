"""Rings between Python and the audio callback: one writer, one reader, no lock.

Each ring has a pair of ever-growing counts, of items written and of items read. Only the writer
moves the first and only the reader the second, so neither ever waits for the other.
"""

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streamson.synth.kernel.atomics import load_acquire, load_index, store_index, store_release

WRITTEN: Final = 0
READ: Final = 8  # a cache line further on, so that the two sides do not slow each other down
INDICES: Final = 16


@njit(nogil=True)
def readable(indices: Any) -> int:
    """Return how many items wait; for the reader."""
    count: int = load_acquire(indices, WRITTEN) - indices[READ]
    return count


@njit(nogil=True)
def writable(indices: Any, capacity: int) -> int:
    """Return how many items fit; for the writer."""
    count: int = capacity - (indices[WRITTEN] - load_acquire(indices, READ))
    return count


@njit(nogil=True)
def advance(indices: Any, side: int) -> None:
    """Hand one item over: written if `side` is `WRITTEN`, given back if it is `READ`."""
    store_release(indices, side, indices[side] + 1)


class RingWriter:
    """Python's end of a ring that the callback reads.

    Parameters
    ----------
    cells
        The items, shape (capacity,).
    indices
        The two counts, shape (`INDICES`,).
    """

    def __init__(self, cells: NDArray[Any], indices: NDArray[np.int64]) -> None:
        self._cells = cells
        self._indices = indices

    def free(self) -> int:
        """Return how many items fit at this moment, at least."""
        waiting = int(self._indices[WRITTEN]) - load_index(self._indices, READ)
        return len(self._cells) - waiting

    def write(self, item: tuple[Any, ...]) -> bool:
        """Append an item; return False, and do nothing, when the ring is full."""
        if not self.free():
            return False
        written = int(self._indices[WRITTEN])
        self._cells[written % len(self._cells)] = item
        store_index(self._indices, WRITTEN, written + 1)
        return True


class RingReader:
    """Python's end of a ring that the callback writes.

    Parameters
    ----------
    cells
        The items, any number of arrays of shape (capacity, ...).
    indices
        The two counts, shape (`INDICES`,).
    """

    def __init__(self, cells: tuple[NDArray[Any], ...], indices: NDArray[np.int64]) -> None:
        self._cells = cells
        self._indices = indices

    def read(self) -> tuple[NDArray[Any], ...]:
        """Return copies of what waits, oldest first, at most up to the ring's end."""
        start = int(self._indices[READ])
        waiting = load_index(self._indices, WRITTEN) - start
        capacity = len(self._cells[0])
        first = start % capacity
        last = min(first + waiting, capacity)
        items = tuple(cells[first:last].copy() for cells in self._cells)
        store_index(self._indices, READ, start + last - first)
        return items
