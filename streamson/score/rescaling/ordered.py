"""The values of a window in order, and what is read from it: quantiles, and the rank of a value."""

import math
from collections import deque
from typing import Any, Final, Protocol

import msgspec

from streamson.score.rescaling.place import MAX_WINDOW_POINTS, Range, Window
from streamson.score.rescaling.sorted_window import SortedWindow

RESERVOIR_POINTS: Final = 16_384
"""Of all that was ever seen so many are kept, each as likely as any other: a quantile of 1 % then
lies between those of 0.85 and 1.15 %, twice in three times 0.92 and 1.08 %."""

FIRST_POINTS: Final = 1_024
"""Points that a window of time has room for at first; it grows."""

_64_BITS: Final = (1 << 64) - 1


class _Ordered(Protocol):
    """A window's values in order."""

    window: SortedWindow

    def take(self, value: float, time: float) -> None:
        """Take in a value, and forget what is no longer in the window."""

    def state(self) -> Any:
        """Return what `restore` wants."""

    def restore(self, state: Any) -> None:
        """Go on where another one of the same size was."""


class _Slots(msgspec.Struct):
    """State of a window that has a slot for each value."""

    seen: int
    values: list[float]


class OrderedPoints:
    """The last so many values.

    Attributes
    ----------
    window
        Holds them.
    """

    def __init__(self, points: int) -> None:
        self._seen = 0
        self.window = SortedWindow(points)

    def take(self, value: float, time: float) -> None:  # noqa: ARG002  # as _Ordered
        """Take in a value, and forget the oldest where there is no room."""
        self.window.put(self._seen % self.window.capacity, value)
        self._seen += 1

    def state(self) -> Any:
        """Return the values."""
        return msgspec.to_builtins(_Slots(self._seen, self.window.slots(len(self.window))))

    def restore(self, state: Any) -> None:
        """Take over values."""
        slots = msgspec.convert(state, _Slots)
        if len(slots.values) != min(max(slots.seen, 0), self.window.capacity):
            raise ValueError(f"{len(slots.values)} values after {slots.seen} points")
        self.window = SortedWindow(self.window.capacity, slots.values)
        self._seen = slots.seen


class _Sample(OrderedPoints):
    """A fair sample of all values.

    This is algorithm R of Vitter 1985, "Random sampling with a reservoir".
    """

    def take(self, value: float, time: float) -> None:  # noqa: ARG002  # as _Ordered
        seen, capacity = self._seen, self.window.capacity
        self._seen += 1
        slot = seen if seen < capacity else _scattered(seen) % (seen + 1)
        if slot < capacity:
            self.window.put(slot, value)


class _TimedValues(msgspec.Struct):
    """State of a window of time, the oldest first."""

    times: list[float]
    values: list[float]


class _LastSeconds:
    """The values of the last so many seconds, by the points' times.

    A point that comes late counts as one of the newest time. A clock that is set back by more than
    the window starts it afresh. At most `MAX_WINDOW_POINTS` values are held: beyond that the oldest
    goes early.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque()
        self._next = 0
        self.window = SortedWindow(FIRST_POINTS)

    def take(self, value: float, time: float) -> None:
        times = self._times
        newest = times[-1] if times else -math.inf
        if not math.isfinite(time) or newest - self._seconds <= time < newest:
            time = newest
        if time < newest:
            self._begin([], [], FIRST_POINTS)
            times = self._times
        while times and (times[0] < time - self._seconds or len(times) >= MAX_WINDOW_POINTS):
            self.window.drop((self._next - len(times)) % self.window.capacity)
            times.popleft()
        if len(times) == self.window.capacity:
            self._begin(list(times), self._oldest_first(), 2 * self.window.capacity)
        self.window.add(self._next, value)
        self._next = (self._next + 1) % self.window.capacity
        self._times.append(time)

    def state(self) -> Any:
        return msgspec.to_builtins(_TimedValues(list(self._times), self._oldest_first()))

    def restore(self, state: Any) -> None:
        held = msgspec.convert(state, _TimedValues)
        count = len(held.values)
        if len(held.times) != count or count > MAX_WINDOW_POINTS:
            raise ValueError(f"{count} values at {len(held.times)} times")
        if not all(map(math.isfinite, held.times)) or sorted(held.times) != held.times:
            raise ValueError("times that do not go on")
        self._begin(held.times, held.values, max(FIRST_POINTS, 1 << count.bit_length()))

    def _begin(self, times: list[float], values: list[float], capacity: int) -> None:
        self._times = deque(times)
        self._next = len(values) % capacity
        self.window = SortedWindow(capacity, values)

    def _oldest_first(self) -> list[float]:
        slots, capacity, count = (
            self.window.slots(self.window.capacity),
            self.window.capacity,
            len(self._times),
        )
        return [slots[(self._next - count + i) % capacity] for i in range(count)]


def _ordered(window: Window) -> _Ordered:
    if window.points is not None:
        return OrderedPoints(window.points)
    if window.seconds is not None:
        return _LastSeconds(window.seconds)
    return _Sample(RESERVOIR_POINTS)


class Quantiles:
    """Two quantiles of a window: exact, or of a fair sample where the window is all.

    Parameters
    ----------
    window
        How far back it looks.
    low, high
        The quantiles.
    """

    def __init__(self, window: Window, low: float, high: float) -> None:
        self._ordered = _ordered(window)
        self._low, self._high = low, high

    def range_with(self, value: float, time: float) -> Range:
        """Take in a value and return the range."""
        self._ordered.take(value, time)
        return self._ordered.window.quantiles(self._low, self._high)

    def state(self) -> Any:
        """Return the window's values."""
        return self._ordered.state()

    def restore(self, state: Any) -> None:
        """Take over a window's values."""
        self._ordered.restore(state)


class Rank:
    """The share of the window's other values that are lower, equal ones counted as halves."""

    def __init__(self, window: Window) -> None:
        self._ordered = _ordered(window)

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1."""
        self._ordered.take(value, time)
        return self._ordered.window.rank(value)

    def state(self) -> Any:
        """Return the window's values."""
        return self._ordered.state()

    def restore(self, state: Any) -> None:
        """Take over a window's values."""
        self._ordered.restore(state)


def _scattered(number: int) -> int:
    """Return 64 bits that look random, always the same for a number; "splitmix64", Vigna 2015."""
    z = (number * 0x9E3779B97F4A7C15) & _64_BITS
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _64_BITS
    return z ^ (z >> 31)
