"""A line that says where values stand, and which what was heard lately holds in its place.

A line that follows what came last would play an unchanged value ever anew. So each value that was
heard within the last points holds it: that value stands in the thirtieth of the range where it
stood, or in a neighbouring one. Elsewhere the line is free. Lower and upper bounds rise with the
values, as the line does, and so does what lies between them.
"""

from array import array
from typing import Any, Final

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from streamson._jit import cached, inner

HELD_POINTS: Final = 50
"""For so many points an unchanged value moves by one note at most."""

PARTS: Final = 30
"""As many as live parts have notes."""

_PER_PART: Final = 0.999 * PARTS  # as notes share the range: the article's formula
_EDGE: Final = 1e-9  # of the range: rounding shall not cross a part's end

FIRST_FREE: Final = 50
"""So many first values hold nothing: a line knows little then."""

_SLOTS: Final = HELD_POINTS + 1

_compiled: Final = cached(njit, nogil=True, error_model="numpy")
_inner: Final = inner(error_model="numpy")

Array = NDArray[Any]


class _State(msgspec.Struct):
    """How many values were heard, and the last of them with their parts, by slot."""

    heard: int
    values: list[float]
    parts: list[int]


class HeldLine:
    """A line that rises, drawn anew now and then, and the last values that were heard."""

    def __init__(self) -> None:
        self._line = np.zeros((2, 0))
        self._begin(0, [], [])

    def draw(self, line: NDArray[np.float64]) -> None:
        """Draw it anew: straight between points, level beyond them; values and places in rows."""
        self._line = line

    def place(self, value: float, wide: float = 0.5, doubt: float = 0.0) -> float:
        """Return where a value stands, from 0 to 1.

        Parameters
        ----------
        value
            Finite.
        wide, doubt
            Where it would stand on another line, and how much that counts, from 0 to 1. Alone where
            none was drawn.
        """
        return float(
            _place(self._line, self._at_values, self._at_parts, self._heard, value, wide, doubt)
        )

    def hear(self, value: float, place: float) -> None:
        """Take in a value that is heard at a place."""
        slot = self._heard % _SLOTS
        self._values[slot] = value
        self._parts[slot] = int(_PER_PART * place)
        self._heard += 1

    def state(self) -> Any:
        """Return what was heard last; not the line."""
        held = min(self._heard, _SLOTS)
        return msgspec.to_builtins(
            _State(self._heard, self._values[:held].tolist(), self._parts[:held].tolist())
        )

    def restore(self, state: Any) -> None:
        """Take over what was heard last."""
        held = msgspec.convert(state, _State)
        count = len(held.values)
        if held.heard < 0 or count != min(held.heard, _SLOTS) or count != len(held.parts):
            raise ValueError(f"{count} values in {len(held.parts)} parts of {held.heard} heard")
        if not np.isfinite(held.values).all() or not all(0 <= part < PARTS for part in held.parts):
            raise ValueError(f"values that are not finite, or not in one of {PARTS} parts")
        self._begin(held.heard, held.values, held.parts)

    def _begin(self, heard: int, values: list[float], parts: list[int]) -> None:
        rest = _SLOTS - len(values)
        self._heard = heard
        # Written one by one, which arrays of Python do faster; and read by machine code.
        self._values = array("d", [*values, *[0.0] * rest])
        self._parts = array("q", [*parts, *[0] * rest])
        self._at_values = np.frombuffer(self._values)
        self._at_parts = np.frombuffer(self._parts, np.int64)


@_compiled
def _place(  # noqa: PLR0917  # machine code
    line: Any, values: Any, parts: Any, heard: int, value: float, wide: float, doubt: float
) -> Any:
    place = wide
    if line.shape[1] > 0:
        place = _on(line[0], line[1], value)
        if doubt > 0.0:
            place = place * (1.0 - doubt) + wide * doubt
    low, high = 0.0, 1.0
    for number in range(max(heard - _SLOTS, FIRST_FREE), heard):
        slot = number % _SLOTS
        if values[slot] <= value:
            low = max(low, (parts[slot] - 1) / _PER_PART + _EDGE)
        if values[slot] >= value:
            high = min(high, (parts[slot] + 2) / _PER_PART - _EDGE)
    return max(low, min(place, high))


@_inner
def _on(values: Any, places: Any, value: float) -> Any:
    """Return where a value stands on the line itself; where it jumps, in the middle."""
    after = np.searchsorted(values, value)
    if after == len(values):
        return 1.0
    following = values[after]
    if following == value:
        last = after
        while last + 1 < len(values) and values[last + 1] == value:
            last += 1
        return (places[after] + places[last]) / 2.0
    if after == 0:
        return 0.0
    before, first, second = values[after - 1], places[after - 1], places[after]
    share = (value - before) / (following - before)
    return min(first + share * (second - first), second)
