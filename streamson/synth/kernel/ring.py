"""Rings in machine code: one writer, one reader, no lock.

Each ring has a pair of ever-growing counts, of items written and of items read. Only the writer
moves the first and only the reader the second, so neither ever waits for the other.
"""

from typing import Any, Final

from streamson._jit import inner
from streamson.synth.kernel.atomics import load_acquire, store_release

WRITTEN: Final = 0
READ: Final = 8  # a cache line further on, so that the two sides do not slow each other down
INDICES: Final = 16


@inner
def readable(indices: Any) -> int:
    """Return how many items wait; for the reader."""
    count: int = load_acquire(indices, WRITTEN) - indices[READ]
    return count


@inner
def writable(indices: Any, capacity: int) -> int:
    """Return how many items fit; for the writer."""
    count: int = capacity - (indices[WRITTEN] - load_acquire(indices, READ))
    return count


@inner
def advance(indices: Any, side: int) -> None:
    """Hand one item over: written if `side` is `WRITTEN`, given back if it is `READ`."""
    store_release(indices, side, indices[side] + 1)
