"""The values of a window in order, and what is read from it: quantiles, and the rank of a value."""

import math
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
import numpy as np

from streamson.model.stateful import Stateful
from streamson.rescaling.normalize import MAX_WINDOW_POINTS, Range, Window
from streamson.rescaling.reservoir import SAMPLE_POINTS, scattered
from streamson.rescaling.sorted_values import SortedValues
from streamson.rescaling.tail_quantiles import MAX_SHARE, TailQuantiles
from streamson.rescaling.window_buffer import WindowBuffer

FIRST_POINTS: Final = 1_024
"""Points that a window of time has room for at first; it grows."""


class Ordered(Stateful, Protocol):
    """A window's values in order."""

    values: SortedValues

    def take(self, value: float, time: float) -> None:
        """Take in a value, and forget what is no longer in the window."""

    def take_all(self, values: Sequence[float], times: Sequence[float]) -> None:
        """Take in some values, one after the other."""

    def state(self) -> Any:
        """Return what `restore` wants."""

    def restore(self, state: Any) -> None:
        """Go on where another one of the same size was."""


class OrderedPoints(WindowBuffer):
    """The last so many values.

    Attributes
    ----------
    values
        They, in order.
    """

    def take(self, value: float, time: float) -> None:  # noqa: ARG002  # as Ordered
        """Take in a value, and forget the oldest where there is no room."""
        seen, points = self._seen, self._points
        self._seen = seen + 1
        slot = seen % points
        if seen < points:
            self.values.add(value)
        else:
            self.values.replace(self._ring[slot], value)
        self._ring[slot] = value

    def take_all(self, values: Sequence[float], times: Sequence[float]) -> None:
        """Take in some values: in one call of machine code where the window is full."""
        if self._seen < self._points:
            for value, time in zip(values, times, strict=True):
                self.take(value, time)
            return
        self.values.turn(np.frombuffer(self._ring), self._seen % self._points, np.array(values))
        self._seen += len(values)

    def _begin(self, seen: int, values: list[float]) -> None:
        super()._begin(seen, values)
        self.values = SortedValues(self._points, values)


class _Sampled(OrderedPoints):
    """Some of more values, each taken in or left out by itself."""

    def take_all(self, values: Sequence[float], times: Sequence[float]) -> None:
        """Take in some values, or leave them out."""
        for value, time in zip(values, times, strict=True):
            self.take(value, time)


class Reservoir(_Sampled):
    """A fair sample of all values: all of them up to `SAMPLE_POINTS`.

    This is algorithm R of Vitter 1985, "Random sampling with a reservoir".
    """

    def __init__(self, points: int = SAMPLE_POINTS) -> None:
        super().__init__(points)

    def take(self, value: float, time: float) -> None:
        """Take in a value, or leave it to chance."""
        seen, points = self._seen, self._points
        if seen < points:
            super().take(value, time)
            return
        self._seen += 1
        slot = scattered(seen) % (seen + 1)
        if slot < points:
            self.values.replace(self._ring[slot], value)
            self._ring[slot] = value


class RecentSample(_Sampled):
    """A sample of what came lately: a value that came `stride` times `points` ago is one in e.

    Each new value takes a random one's place with a chance of 1 in `stride`, so that a value stays
    for so long on average: "biased reservoir sampling" of C. C. Aggarwal, 2006.

    Parameters
    ----------
    points
        Size of the sample.
    stride
        One of so many values is taken in, once it is full.
    """

    def __init__(self, points: int, *, stride: int) -> None:
        self._stride = stride
        super().__init__(points)

    def take(self, value: float, time: float) -> None:
        """Take in a value, or leave it to chance."""
        if self._seen < self._points:
            super().take(value, time)
            return
        self._seen += 1
        chance, slot = divmod(scattered(self._seen), self._points)
        if chance % self._stride == 0:
            self.values.replace(self._ring[slot], value)
            self._ring[slot] = value


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
        self._times: deque[float]
        self._came: deque[float]
        self.values: SortedValues
        self._begin([], [])

    def take(self, value: float, time: float) -> None:
        times = self._times
        newest = times[-1] if times else -math.inf
        if not math.isfinite(time) or newest - self._seconds <= time < newest:
            time = newest
        if time < newest:
            self._begin([], [])
            times = self._times
        while times and (times[0] < time - self._seconds or len(times) >= MAX_WINDOW_POINTS):
            self.values.remove(self._came.popleft())
            times.popleft()
        if len(times) == self.values.capacity:
            self.values = SortedValues(2 * self.values.capacity, self.values.in_order())
        self.values.add(value)
        self._came.append(value)
        self._times.append(time)

    def take_all(self, values: Sequence[float], times: Sequence[float]) -> None:
        for value, time in zip(values, times, strict=True):
            self.take(value, time)

    def state(self) -> Any:
        return msgspec.to_builtins(_TimedValues(list(self._times), list(self._came)))

    def restore(self, state: Any) -> None:
        held = msgspec.convert(state, _TimedValues)
        count = len(held.values)
        if len(held.times) != count or count > MAX_WINDOW_POINTS:
            raise ValueError(f"{count} values at {len(held.times)} times")
        if not all(map(math.isfinite, held.times)) or sorted(held.times) != held.times:
            raise ValueError("times that do not go on")
        self._begin(held.times, held.values)

    def _begin(self, times: list[float], values: list[float]) -> None:
        self._times = deque(times)
        self._came = deque(values)
        self.values = SortedValues(max(FIRST_POINTS, 1 << len(values).bit_length()), values)


class _ThinnedState(msgspec.Struct):
    """State of a window that keeps one of so many values."""

    stride: int
    passed: int
    kept: Any


class _Thinned(_Sampled):
    """The last so many values, too many to keep them all: one of each so many stands for them.

    While there are few it is each, then one of two, of four, and so on. Which one is left to
    chance, for what is measured may be periodic.
    """

    def __init__(self, points: int) -> None:
        self._last_stride = 1 << ((points - 1) // SAMPLE_POINTS).bit_length()
        self._stride = 1
        self._passed = 0
        super().__init__(points // self._last_stride)

    def take(self, value: float, time: float) -> None:
        number, place = divmod(self._passed, self._stride)
        self._passed += 1
        if place != scattered(number) % self._stride:
            return
        if self._seen == self._points and self._stride < self._last_stride:
            self._stride, self._passed = 2 * self._stride, 1
            self._begin(self._points // 2, self._ring.tolist()[: self._points // 2 * 2 : 2])
        super().take(value, time)

    def take_all(self, values: Sequence[float], times: Sequence[float]) -> None:
        at = 0
        while at < len(values):
            number, place = divmod(self._passed, self._stride)
            chosen = scattered(number) % self._stride
            # On to the one that is taken in, or past the rest of those for which one was.
            passed = (chosen if chosen >= place else self._stride) - place
            self._passed += min(passed, len(values) - at)
            at += passed
            if chosen >= place and at < len(values):
                self.take(values[at], times[at])
                at += 1

    def state(self) -> Any:
        return msgspec.to_builtins(_ThinnedState(self._stride, self._passed, super().state()))

    def restore(self, state: Any) -> None:
        held = msgspec.convert(state, _ThinnedState)
        if held.stride not in {1 << i for i in range(self._last_stride.bit_length())}:
            raise ValueError(f"one of {held.stride} values")
        if held.passed < 0:
            raise ValueError(f"{held.passed} values passed")
        super().restore(held.kept)
        self._stride, self._passed = held.stride, held.passed


def ordered(window: Window) -> Ordered:
    """Return what holds a window's values in order: a fair sample of them where it is all."""
    if window.points is not None:
        return OrderedPoints(window.points)
    if window.seconds is not None:
        return _LastSeconds(window.seconds)
    return Reservoir()


def thinned(window: Window) -> Ordered:
    """Return what holds a window's values in order, a fair sample where they are many."""
    if (window.points or 0) > SAMPLE_POINTS:
        return _Thinned(window.points or 0)
    return ordered(window)


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
        self._ordered = ordered(window)
        self._low, self._high = low, high

    def update(self, value: float, time: float) -> Range:
        """Take in a value and return the range."""
        self._ordered.take(value, time)
        return self._ordered.values.quantiles(self._low, self._high)

    def state(self) -> Any:
        """Return the window's values."""
        return self._ordered.state()

    def restore(self, state: Any) -> None:
        """Take over a window's values."""
        self._ordered.restore(state)


def quantiles(window: Window, low: float, high: float) -> Quantiles | TailQuantiles:
    """Return what reads two quantiles of a window."""
    points = window.points or 0
    if points > SAMPLE_POINTS and low <= MAX_SHARE and high >= 1 - MAX_SHARE:
        return TailQuantiles(points, low, high)
    return Quantiles(window, low, high)


class Rank:
    """The share of a window's other values that are lower, equal ones counted as halves.

    Of more than `SAMPLE_POINTS` points, or all, a fair sample stands for the others.
    """

    def __init__(self, window: Window) -> None:
        self._ordered = thinned(window)

    @property
    def range(self) -> None:
        """There is none: a rank knows no ends."""
        return

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1."""
        self._ordered.take(value, time)
        return self._ordered.values.rank(value)

    def place(self, value: float) -> float:
        """Return where a value would stand at this moment; NaN before any value."""
        values = self._ordered.values
        return values.rank(value) if len(values) else math.nan

    def state(self) -> Any:
        """Return the window's values."""
        return self._ordered.state()

    def restore(self, state: Any) -> None:
        """Take over a window's values."""
        self._ordered.restore(state)
