"""Python's ends of the rings between it and the audio callback."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamson.synth.kernel.atomics import load_index, store_index
from streamson.synth.kernel.ring import READ, WRITTEN


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

    def __len__(self) -> int:
        """Return how many items wait."""
        return load_index(self._indices, WRITTEN) - int(self._indices[READ])

    def read(self) -> tuple[NDArray[Any], ...]:
        """Return copies of what waits, oldest first, at most up to the ring's end."""
        start = int(self._indices[READ])
        capacity = len(self._cells[0])
        first = start % capacity
        last = min(first + len(self), capacity)
        items = tuple(cells[first:last].copy() for cells in self._cells)
        store_index(self._indices, READ, start + last - first)
        return items
