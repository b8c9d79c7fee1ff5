"""Values in order, in machine code: chunks of some cache lines, and a directory of them.

Each chunk is sorted, and the directory lists the chunks in order. To find a place is a binary
search among the chunks' largest values and one look at a chunk; to make room moves part of one
chunk, and rarely a part of the directory, the shorter one. How many values lie before a chunk is
told by sums over groups of the directory. A value then costs little more among a million than among
ten: most of the difference is the wait for memory.

All kernels take the same two arrays: ``values``, with the chunks' blocks, each chunk's largest
value and a limit; and ``places``, whole numbers as named here.
"""

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streamson._jit import cached, inner

CHUNK: Final = 64
"""Values a chunk holds at most: half a KiB."""

_GROUP: Final = 64
"""Entries of the directory that are summed up."""

_LINE: Final = 8  # values of a cache line

# Places in the whole numbers.
_SIZE: Final = 0  # values held
_BLOCKS: Final = 1  # most chunks
_FIRST: Final = 2  # entry of the first chunk in the directory
_END: Final = 3  # entry after the last chunk
LEAST: Final = 4  # fewer values are too few
MOST: Final = 5  # so many are too many
_HEAD: Final = 6
# Here follow, by entry: number of the block it lies in, and its size; sums of the sizes by group;
# and numbers of blocks that are not used.

LIMIT: Final = -1  # the last of the values

_compiled: Final = cached(njit, nogil=True, error_model="numpy")
_inner: Final = inner(error_model="numpy")


@_inner
def _entries(blocks: int) -> Any:
    """Return the length of the directory: with room on both sides, in whole groups."""
    return (2 * blocks // _GROUP + 1) * _GROUP


def allocate(capacity: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the two arrays for so many values; `spread` is to begin with them."""
    # A chunk that is full becomes two halves, and one that is empty is taken out: so if all are
    # held most are at least a quarter full, but the fewest values may be spread thin.
    blocks = 4 * (capacity // CHUNK) + 8
    length = _entries.py_func(blocks)
    values = np.zeros(blocks * CHUNK + length + 1)
    places = np.zeros(_HEAD + 2 * length + length // _GROUP + blocks, np.int64)
    places[_BLOCKS] = blocks
    return values, places


def size(places: NDArray[np.int64]) -> int:
    """Return how many values there are."""
    return int(places[_SIZE])


@_inner
def _largest(places: Any) -> Any:
    """Return where the chunks' largest values begin."""
    return places[_BLOCKS] * CHUNK


@_inner
def _sizes(places: Any) -> Any:
    """Return where the chunks' sizes begin."""
    return _HEAD + _entries(places[_BLOCKS])


@_inner
def _sums(places: Any) -> Any:
    """Return where the sums of sizes begin."""
    return _HEAD + 2 * _entries(places[_BLOCKS])


@_inner
def _unused(places: Any) -> Any:
    """Return where the numbers of unused blocks begin."""
    length = _entries(places[_BLOCKS])
    return _HEAD + 2 * length + length // _GROUP


@_inner
def _block(places: Any, entry: int) -> Any:
    """Return where a chunk begins."""
    return places[_HEAD + entry] * CHUNK


@_compiled
def replace(values: Any, places: Any, old: float, new: float) -> None:
    """Remove a value that is held, and add another."""
    remove(values, places, old)
    insert(values, places, new)


@_inner
def _entry_of(values: Any, places: Any, value: float) -> Any:
    """Return the first chunk whose largest value is not below a value, or the last one."""
    low, count = _largest(places) + places[_FIRST], places[_END] - places[_FIRST] - 1
    # Without a branch that the processor could guess wrong, which it would half the time.
    while count > 0:
        half = (count + 1) // 2
        low += half * (values[low + half - 1] < value)
        count -= half
    return low - _largest(places)


@_inner
def _below(values: Any, start: int, count: int, value: float) -> Any:
    """Return how many of a chunk's values are below a value."""
    below = 0
    # The chunk's cache lines are asked for all at once: a binary search would wait for one after
    # the other.
    for k in range(_LINE - 1, count, _LINE):
        below += _LINE * (values[start + k] < value)
    for k in range(below, min(below + _LINE, count)):
        below += values[start + k] < value
    return below


@_compiled
def insert(values: Any, places: Any, value: float) -> None:
    """Add a value; there must be room."""
    entry = _entry_of(values, places, value)
    sizes = _sizes(places)
    if places[sizes + entry] == CHUNK:
        if places[_END] - places[_FIRST] == places[_BLOCKS]:
            _pack(values, places)
        else:
            _split(values, places, entry)
        entry = _entry_of(values, places, value)
    start, size = _block(places, entry), places[sizes + entry]
    at = _below(values, start, size, value)
    for k in range(size, at, -1):
        values[start + k] = values[start + k - 1]
    values[start + at] = value
    values[_largest(places) + entry] = values[start + size]
    places[sizes + entry] = size + 1
    places[_sums(places) + entry // _GROUP] += 1
    places[_SIZE] += 1


@_compiled
def remove(values: Any, places: Any, value: float) -> None:
    """Remove a value that is held."""
    entry = _entry_of(values, places, value)
    sizes = _sizes(places)
    start, size = _block(places, entry), places[sizes + entry]
    for k in range(_below(values, start, size, value), size - 1):
        values[start + k] = values[start + k + 1]
    places[sizes + entry] = size - 1
    places[_sums(places) + entry // _GROUP] -= 1
    places[_SIZE] -= 1
    if size > 1:
        values[_largest(places) + entry] = values[start + size - 2]
    elif places[_END] - places[_FIRST] > 1:
        _close(values, places, entry)


@_inner
def _close(values: Any, places: Any, entry: int) -> None:
    """Take an empty chunk out of the directory."""
    block, first, end = places[_HEAD + entry], places[_FIRST], places[_END]
    if entry - first < end - entry:
        _shift(values, places, first, entry, 1)
        places[_FIRST] = first + 1
    else:
        _shift(values, places, entry + 1, end, -1)
        places[_END] = end - 1
    places[_unused(places) + places[_BLOCKS] - (end - first)] = block


@_inner
def _open(values: Any, places: Any, entry: int) -> Any:
    """Let an empty chunk follow one in the directory; return where that one is now."""
    length = _entries(places[_BLOCKS])
    if places[_FIRST] == 0 or places[_END] == length:
        middle = (length - (places[_END] - places[_FIRST])) // 2
        by = middle - places[_FIRST]
        _shift(values, places, places[_FIRST], places[_END], by)
        places[_FIRST] += by
        places[_END] += by
        entry += by
    first, end = places[_FIRST], places[_END]
    if entry - first < end - entry:
        _shift(values, places, first, entry + 1, -1)
        places[_FIRST] = first - 1
        entry -= 1
    else:
        _shift(values, places, entry + 1, end, 1)
        places[_END] = end + 1
    places[_HEAD + entry + 1] = places[_unused(places) + places[_BLOCKS] - (end - first) - 1]
    return entry


@_inner
def _shift(values: Any, places: Any, first: int, end: int, by: int) -> None:
    """Move a part of the directory; where it was, there is nothing more."""
    sizes, sums, largest = _sizes(places), _sums(places), _largest(places)
    for i in range(end - first):
        source = first + i if by < 0 else end - 1 - i
        target = source + by
        size = places[sizes + source]
        places[_HEAD + target] = places[_HEAD + source]
        values[largest + target] = values[largest + source]
        places[sums + source // _GROUP] -= size
        places[sums + target // _GROUP] += size - places[sizes + target]
        places[sizes + target] = size
        places[sizes + source] = 0


@_inner
def _split(values: Any, places: Any, entry: int) -> None:
    """Make two chunks of a full one."""
    sizes, sums, largest = _sizes(places), _sums(places), _largest(places)
    entry = _open(values, places, entry)
    start, new, half = _block(places, entry), _block(places, entry + 1), CHUNK // 2
    for k in range(half):
        values[new + k] = values[start + half + k]
    places[sizes + entry] = places[sizes + entry + 1] = half
    places[sums + entry // _GROUP] -= half
    places[sums + (entry + 1) // _GROUP] += half
    values[largest + entry + 1] = values[largest + entry]
    values[largest + entry] = values[start + half - 1]


@_inner
def _pack(values: Any, places: Any) -> None:
    """Write all values into chunks that are half full: so rarely that its cost does not matter."""
    spread(values, places, in_order(values, places))


@_compiled
def in_order(values: Any, places: Any) -> Any:
    """Return the values, going up."""
    sizes = _sizes(places)
    ordered = np.empty(places[_SIZE])
    count = 0
    for entry in range(places[_FIRST], places[_END]):
        start = _block(places, entry)
        for k in range(places[sizes + entry]):
            ordered[count] = values[start + k]
            count += 1
    return ordered


@_compiled
def spread(values: Any, places: Any, ordered: Any) -> None:
    """Hold these values and no others, in chunks that are half full."""
    count, half = len(ordered), CHUNK // 2
    sizes, sums, largest = _sizes(places), _sums(places), _largest(places)
    chunks = max(-(-count // half), 1)
    first = (_entries(places[_BLOCKS]) - chunks) // 2
    places[_SIZE], places[_FIRST], places[_END] = count, first, first + chunks
    places[sizes : _unused(places)] = 0
    for i in range(chunks):
        entry, size = first + i, min(half, count - i * half)
        places[_HEAD + entry] = i
        places[sizes + entry] = size
        places[sums + entry // _GROUP] += size
        start = _block(places, entry)
        for k in range(size):
            values[start + k] = ordered[i * half + k]
        if size:
            values[largest + entry] = values[start + size - 1]
    for i in range(places[_BLOCKS] - chunks):
        places[_unused(places) + i] = chunks + i


@_inner
def _before(places: Any, entry: int) -> Any:
    """Return how many values lie in the chunks before one."""
    sizes, sums = _sizes(places), _sums(places)
    count = 0
    for group in range(places[_FIRST] // _GROUP, entry // _GROUP):
        count += places[sums + group]
    for k in range(max(entry // _GROUP * _GROUP, places[_FIRST]), entry):
        count += places[sizes + k]
    return count


@_inner
def _entry_at(places: Any, index: int) -> Any:
    """Return the chunk of the value that has so many before it, and its number there."""
    sizes, sums = _sizes(places), _sums(places)
    if index < places[_SIZE] // 2:
        group = places[_FIRST] // _GROUP
        while index >= places[sums + group]:
            index -= places[sums + group]
            group += 1
        entry = max(group * _GROUP, places[_FIRST])
        while index >= places[sizes + entry]:
            index -= places[sizes + entry]
            entry += 1
        return entry, index
    after = places[_SIZE] - 1 - index  # counted from the nearer end
    group = (places[_END] - 1) // _GROUP
    while after >= places[sums + group]:
        after -= places[sums + group]
        group -= 1
    entry = min((group + 1) * _GROUP, places[_END]) - 1
    while after >= places[sizes + entry]:
        after -= places[sizes + entry]
        entry -= 1
    return entry, places[sizes + entry] - 1 - after


@_inner
def _value_at(values: Any, places: Any, exact: float) -> Any:
    """Return what lies at a place counted from 0, between two values on a straight line."""
    below = int(exact)
    entry, number = _entry_at(places, below)
    first = values[_block(places, entry) + number]
    if below == exact:
        return first
    sizes = _sizes(places)
    number += 1
    while number >= places[sizes + entry]:
        number -= places[sizes + entry]
        entry += 1
    second = values[_block(places, entry) + number]
    if first == second:  # not even rounding may part equal values
        return first
    weight = exact - below
    # Not first + weight * (second - first): that difference may be beyond the largest float.
    return first * (1 - weight) + second * weight


@_compiled
def quantiles(values: Any, places: Any, low: float, high: float) -> Any:
    """Return two quantiles; see `SortedValues.quantiles`."""
    last = places[_SIZE] - 1
    return _value_at(values, places, low * last), _value_at(values, places, high * last)


@_compiled
def quantiles_at(values: Any, places: Any, shares: Any, found: Any) -> None:
    """Write the quantiles of some shares."""
    last = places[_SIZE] - 1
    for i in range(len(shares)):
        found[i] = _value_at(values, places, shares[i] * last)


@_compiled
def is_consistent(places: Any) -> Any:
    """Return whether there are neither too few nor too many values."""
    return places[LEAST] <= places[_SIZE] < places[MOST]


@_inner
def _exchange(values: Any, places: Any, old: float, new: float) -> None:
    """Exchange a value among the lowest, where it belongs there; NaN is none."""
    limit, greatest = values[LIMIT], _largest(places) + places[_END] - 1
    if old < limit or (old == limit and places[_SIZE] > 0 and values[greatest] == old):
        remove(values, places, old)
    if new < limit:
        insert(values, places, new)


@_compiled
def exchange_at_ends(  # noqa: PLR0917  # machine code
    lowest: Any,
    low_places: Any,
    highest: Any,
    high_places: Any,
    old: float,
    new: float,
    low: float,
    high: float,
) -> Any:
    """Exchange a value at both ends and read both: in one, for a call costs more than its work.

    Parameters
    ----------
    lowest, low_places, highest, high_places
        Arrays of the `LowestValues`, and of the same with all signs turned.
    old, new
        What is removed and what is added; NaN is none.
    low, high
        Places counted from the ends; fractions lie between values on a straight line.

    Returns
    -------
    tuple
        What lies at the two places, and whether both ends are still well.
    """
    _exchange(lowest, low_places, old, new)
    _exchange(highest, high_places, -old, -new)
    at_low, at_high = _value_at(lowest, low_places, low), _value_at(highest, high_places, high)
    return at_low, -at_high, is_consistent(low_places) and is_consistent(high_places)


@_compiled
def turn(values: Any, places: Any, ring: Any, slot: int, new: Any) -> None:
    """Replace values of a ring by new ones, from a slot on."""
    for i in range(len(new)):
        at = (slot + i) % len(ring)
        replace(values, places, ring[at], new[i])
        ring[at] = new[i]


@_compiled
def rank(values: Any, places: Any, value: float) -> Any:
    """Return the rank of a value; see `SortedValues.rank`."""
    entry = _entry_of(values, places, value)
    sizes, largest = _sizes(places), _largest(places)
    start, size = _block(places, entry), places[sizes + entry]
    before = _before(places, entry)
    below = before + _below(values, start, size, value)
    while entry < places[_END] and values[largest + entry] <= value:  # equal ones may fill some
        before += places[sizes + entry]
        entry += 1
    if entry < places[_END]:
        start, size = _block(places, entry), places[sizes + entry]
        before += _not_above(values, start, size, value)
    return (below + before) / (2.0 * places[_SIZE])


@_compiled
def ranked_at(values: Any, places: Any, shares: Any, found: Any, ranks: Any) -> None:
    """Write the values next to the quantiles of some shares, and their ranks."""
    count, sizes = places[_SIZE], _sizes(places)
    for i in range(len(shares)):
        index = int(shares[i] * (count - 1) + 0.5)
        entry, number = _entry_at(places, index)
        at = _block(places, entry) + number
        found[i] = values[at]
        within = 0 < number < places[sizes + entry] - 1
        if within and values[at - 1] < found[i] < values[at + 1]:  # no other is equal
            ranks[i] = (index + 0.5) / count
        else:
            ranks[i] = rank(values, places, found[i])


@_inner
def _not_above(values: Any, start: int, count: int, value: float) -> Any:
    """Return how many of a chunk's values are not above a value."""
    not_above = _below(values, start, count, value)
    while not_above < count and values[start + not_above] == value:
        not_above += 1
    return not_above
