"""The values of a window of so many points, as they came, and how they are saved."""

import math
from array import array
from typing import Any

import msgspec


class _State(msgspec.Struct):
    """How many values came so far, and those in the slots."""

    seen: int
    values: list[float]


class WindowBuffer:
    """The last values, in so many slots: each is overwritten in its turn.

    Parameters
    ----------
    points
        How many slots.
    """

    def __init__(self, points: int) -> None:
        self._points = points
        self._begin(0, [])

    def _begin(self, seen: int, values: list[float]) -> None:
        """Hold these values in the first slots, and no others."""
        self._seen = seen
        self._ring = array("d", bytes(8 * self._points))
        self._ring[: len(values)] = array("d", values)

    def state(self) -> Any:
        """Return the values, by slot."""
        held = min(self._seen, self._points)
        return msgspec.to_builtins(_State(self._seen, self._ring[:held].tolist()))

    def restore(self, state: Any) -> None:
        """Take over values."""
        slots = msgspec.convert(state, _State)
        # Less than none would let more values in than the kernels have room for.
        if slots.seen < 0 or len(slots.values) != min(slots.seen, self._points):
            raise ValueError(f"{len(slots.values)} values after {slots.seen} points")
        if not all(map(math.isfinite, slots.values)):
            raise ValueError("values that are not finite")
        self._begin(slots.seen, slots.values)
