"""Notes that wait for their onset: a binary heap, ordered by onset, then by number.

The order by number makes the order in which simultaneous notes start, and so their sum to the last
bit, independent of when they arrived.
"""

from typing import Any

from streamson._jit import inner
from streamson.synth.kernel import memory


@inner
def _earlier(a: Any, b: Any) -> bool:
    return a.onset < b.onset or (a.onset == b.onset and a.id < b.id)


@inner
def push(engine: int, note: Any) -> None:
    """Add a note; there must be room."""
    state = memory.state(engine)[0]
    heap = memory.note_heap(engine)
    child = state.pending
    while child > 0:
        parent = (child - 1) // 2
        if not _earlier(note, heap[parent]):
            break
        heap[child] = heap[parent]
        child = parent
    heap[child] = note
    state.pending += 1


@inner
def pop(engine: int) -> None:
    """Take the earliest note, ``pending[0]``, off the heap."""
    state = memory.state(engine)[0]
    heap = memory.note_heap(engine)
    size = state.pending - 1
    last = heap[size]
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        if child + 1 < size and _earlier(heap[child + 1], heap[child]):
            child += 1
        if not _earlier(heap[child], last):
            break
        heap[hole] = heap[child]
        hole = child
    heap[hole] = last
    state.pending = size


@inner
def delay_first(engine: int, frames: int) -> None:
    """Let the earliest note begin so much later, and end when it would have ended."""
    state = memory.state(engine)[0]
    heap = memory.note_heap(engine)
    heap[state.pending] = heap[0]
    later = heap[state.pending]
    later.onset += frames
    later.duration -= frames
    later.rest = frames
    state.pending += 1
    pop(engine)
