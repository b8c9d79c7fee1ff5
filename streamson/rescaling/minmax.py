"""Rolling minimum and maximum."""

import math
from collections import deque
from itertools import pairwise
from typing import Any

import msgspec

from streamson.rescaling.normalize import MAX_WINDOW_POINTS, Range, normalize, place_in, range_of


class CumulativeMinMax:
    """Extremes of all values so far, and of an initial range or of a whole table."""

    def __init__(self, initial: Range | None = None) -> None:
        self.range = initial or (math.inf, -math.inf)

    def update(self, value: float, time: float) -> Range:  # noqa: ARG002  # as RangeEstimator
        """Take in a value and return the range."""
        low, high = self.range
        if not low <= value <= high:
            self.range = min(low, value), max(high, value)
        return self.range

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1."""
        return normalize(value, *self.update(value, time))

    def place(self, value: float) -> float:
        """Return where a value would stand at this moment; NaN while the range spans nothing."""
        return place_in(value, self.range)

    def state(self) -> Any:
        """Return the extremes."""
        return self.range

    def restore(self, state: Any) -> None:
        """Take over extremes."""
        self.range = range_of(state)


class _Candidates:
    """The values of a window that can still become its lowest or highest, in order.

    This is the monotonic queue of Lemire 2006, "Streaming maximum-minimum filter": a value costs
    O(1) whatever the window. Positions and values are kept apart: a tuple for each candidate
    makes a window of 1,000 up to a fifth dearer than one of 10, for it overflows the first cache.
    """

    def __init__(self) -> None:
        self._low_positions: deque[float] = deque()
        self._lows: deque[float] = deque()
        self._high_positions: deque[float] = deque()
        self._highs: deque[float] = deque()

    def begin(self, position: float, initial: Range | None) -> None:
        """Hold nothing but the initial range, if there is one, at a position."""
        low, high = ([], []) if initial is None else ([initial[0]], [initial[1]])
        self.restore(([position] * len(low), low, [position] * len(high), high))

    def slide(self, position: float, value: float, oldest: float) -> float:
        """Take in a value, forget those before position ``oldest``, and return its place."""
        positions, lows = self._low_positions, self._lows
        while lows and lows[-1] >= value:
            lows.pop()
            positions.pop()
        lows.append(value)
        positions.append(position)
        while positions[0] < oldest:
            positions.popleft()
            lows.popleft()

        positions, highs = self._high_positions, self._highs
        while highs and highs[-1] <= value:
            highs.pop()
            positions.pop()
        highs.append(value)
        positions.append(position)
        while positions[0] < oldest:
            positions.popleft()
            highs.popleft()

        return normalize(value, lows[0], highs[0])

    @property
    def range(self) -> Range:
        """The lowest and the highest; (infinity, -infinity) while there is none."""
        try:
            return self._lows[0], self._highs[0]
        except IndexError:  # another thread may ask while a value slides in
            return math.inf, -math.inf

    @property
    def newest(self) -> float:
        """The newest position that is held, of lows as of highs; -infinity where there is none."""
        return self._low_positions[-1] if self._low_positions else -math.inf

    def limit(self, points: int) -> None:
        """Forget the oldest candidate where there are more than so many."""
        if len(self._lows) > points:
            self._lows.popleft()
            self._low_positions.popleft()
        if len(self._highs) > points:
            self._highs.popleft()
            self._high_positions.popleft()

    def __len__(self) -> int:
        """Return how many lows or highs are held, whichever are more."""
        return max(len(self._lows), len(self._highs))

    def state(self) -> Any:
        """Return positions and values of the lows, and of the highs."""
        queues = self._low_positions, self._lows, self._high_positions, self._highs
        return tuple(list(queue) for queue in queues)

    def restore(self, state: Any) -> None:
        """Take over positions and values."""
        queue = list[float]
        low_positions, lows, high_positions, highs = msgspec.convert(
            state, tuple[queue, queue, queue, queue]
        )
        rising = (
            len(low_positions) == len(lows)
            and len(high_positions) == len(highs)
            and low_positions[-1:] == high_positions[-1:]  # the newest value is both
            and all(a <= b for a, b in pairwise(low_positions))
            and all(a <= b for a, b in pairwise(high_positions))
            and all(a < b for a, b in pairwise(lows))
            and all(a > b for a, b in pairwise(highs))
            and all(map(math.isfinite, (*low_positions, *lows, *high_positions, *highs)))
        )
        if not rising or len(lows) > MAX_WINDOW_POINTS or len(highs) > MAX_WINDOW_POINTS:
            raise ValueError("candidates that are out of order")
        self._low_positions, self._lows = deque(low_positions), deque(lows)
        self._high_positions, self._highs = deque(high_positions), deque(highs)


class _Rolling:
    """What windows of points and of time have in common."""

    def __init__(self) -> None:
        self._candidates = _Candidates()

    def rescale(self, value: float, time: float) -> float:
        """Take in a value of that time (seconds) and return its place from 0 to 1."""
        raise NotImplementedError

    def update(self, value: float, time: float) -> Range:
        """Take in a value of that time (seconds) and return the range."""
        self.rescale(value, time)
        return self.range

    def place(self, value: float) -> float:
        """Return where a value would stand at this moment; NaN while the range spans nothing."""
        return place_in(value, self.range)

    @property
    def range(self) -> Range:
        """The range at this moment."""
        return self._candidates.range

    def __len__(self) -> int:
        """Return how many values are held."""
        return len(self._candidates)


class RollingMinMaxByCount(_Rolling):
    """Extremes of the last so many values.

    An initial range counts as values seen just before the first one.
    """

    def __init__(self, points: int, initial: Range | None = None) -> None:
        super().__init__()
        self._points = points
        self._seen = 0
        self._candidates.begin(0, initial)

    def rescale(self, value: float, time: float) -> float:  # noqa: ARG002  # as Rescaler
        """Take in a value and return its place from 0 to 1."""
        self._seen = seen = self._seen + 1
        return self._candidates.slide(seen, value, seen - self._points + 1)

    def state(self) -> Any:
        """Return the number of points seen, and the candidates."""
        return self._seen, self._candidates.state()

    def restore(self, state: Any) -> None:
        """Take over a number of points seen, and candidates."""
        seen, candidates = msgspec.convert(state, tuple[int, Any])
        self._candidates.restore(candidates)
        if seen < max(self._candidates.newest, 0):
            raise ValueError(f"a candidate at {self._candidates.newest} of {seen} points")
        self._seen = seen


class RollingMinMaxByTime(_Rolling):
    """Extremes of the values of the last so many seconds, by the points' times.

    A point that comes late counts as one of the newest time. A clock that is set back by more
    than the window starts it afresh, as one that leaps forward does. An initial range counts as
    values of the first point's time. At most `MAX_WINDOW_POINTS` lows and highs are held: beyond
    that the oldest goes early.
    """

    def __init__(self, seconds: float, initial: Range | None = None) -> None:
        super().__init__()
        self._seconds = seconds
        self._initial = initial
        self._newest = -math.inf

    def rescale(self, value: float, time: float) -> float:
        """Take in a value of that time (seconds) and return its place from 0 to 1."""
        if self._newest == -math.inf:
            self._candidates.begin(time, self._initial)
        if self._newest < time < math.inf or time < self._newest - self._seconds:
            self._step_to(time)
        newest = self._newest
        u = self._candidates.slide(newest, value, newest - self._seconds)
        self._candidates.limit(MAX_WINDOW_POINTS)
        return u

    def _step_to(self, time: float) -> None:
        if time < self._newest:
            self._candidates.begin(time, None)
        self._newest = time

    def state(self) -> Any:
        """Return the newest time, and the candidates."""
        return self._newest, self._candidates.state()

    def restore(self, state: Any) -> None:
        """Take over a newest time, and candidates."""
        newest, candidates = msgspec.convert(state, tuple[float, Any])
        if not newest < math.inf:
            raise ValueError(f"the time {newest}")
        self._candidates.restore(candidates)
        if newest < self._candidates.newest:
            raise ValueError(f"a candidate after the time {newest}")
        self._newest = newest
