"""Rolling minimum and maximum: where a value stands among those seen lately, from 0 to 1.

Missing values (NaN, and infinities, which have no place between extremes) are never handed to a
window: they neither count towards its number of points nor move its clock.
"""

import math
from collections import deque
from typing import Final, Protocol

import msgspec

MAX_WINDOW_POINTS: Final = 1_000_000
"""Points a window may hold. A rising series keeps them all, at about 120 bytes each."""

Range = tuple[float, float]
"""The lowest and the highest value."""

_Extremes = deque[tuple[float, float]]  # (position, value), the extreme first


class Window(msgspec.Struct, frozen=True):
    """How far back a rescaling looks: so many points, so many seconds, or all (neither is given).

    Attributes
    ----------
    points
        Number of points, the newest included; at most `MAX_WINDOW_POINTS`.
    seconds
        Time before the newest point, by the points' own times.
    """

    points: int | None = None
    seconds: float | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing is ever forgotten."""
        return self.points is None and self.seconds is None


class Rescaler(Protocol):
    """Anything that takes in finite values one by one and says where each stands."""

    def rescale(self, value: float, time: float) -> float:
        """Take in a value of that time (seconds) and return its place from 0 to 1."""


def place(value: float, low: float, high: float) -> float:
    """Return ``(value - low) / (high - low)``, clamped to [0, 1]; 0.5 where low equals high."""
    span = high - low
    if span == 0.0:
        return 0.5
    if span == math.inf:  # extremes near +-1.8e308: halves can be subtracted without overflow
        value, low, span = value / 2, low / 2, high / 2 - low / 2
    u = (value - low) / span
    return 0.0 if u < 0.0 else min(u, 1.0)


class EverySeen:
    """Extremes of all values so far, and of an initial range or the survey of a whole table."""

    def __init__(self, initial: Range | None = None) -> None:
        self._low, self._high = initial or (math.inf, -math.inf)

    def rescale(self, value: float, time: float) -> float:  # noqa: ARG002  # as Rescaler
        """Take in a value and return its place from 0 to 1."""
        self._low = min(self._low, value)
        self._high = max(self._high, value)
        return place(value, self._low, self._high)


class LastPoints:
    """Extremes of the last so many values.

    Each deque holds only values that can still become the extreme, in order (a "monotonic queue":
    Lemire 2006, "Streaming maximum-minimum filter"), so a value costs O(1) whatever the window.
    An initial range counts as values seen just before the first one.
    """

    def __init__(self, points: int, initial: Range | None = None) -> None:
        self._points = points
        self._seen = 0
        self._lows, self._highs = _extremes(0, initial)

    def rescale(self, value: float, time: float) -> float:  # noqa: ARG002  # as Rescaler
        """Take in a value and return its place from 0 to 1."""
        self._seen += 1
        oldest = self._seen - self._points + 1
        return _slide(self._lows, self._highs, (self._seen, value), oldest)


class LastSeconds:
    """Extremes of the values of the last so many seconds, by the points' times.

    A point that comes late counts as one of the newest time. A clock that is set back by more
    than the window starts it afresh, as one that leaps forward does. At most `MAX_WINDOW_POINTS`
    candidates are held: beyond that the oldest goes early.
    """

    def __init__(self, seconds: float, initial: Range | None = None) -> None:
        self._seconds = seconds
        self._initial = initial
        self._newest = -math.inf
        self._lows, self._highs = _extremes(0, None)

    def rescale(self, value: float, time: float) -> float:
        """Take in a value of that time (seconds) and return its place from 0 to 1."""
        if self._newest == -math.inf:
            self._lows, self._highs = _extremes(time, self._initial)
        if self._newest < time < math.inf or time < self._newest - self._seconds:
            self._step_to(time)
        if len(self._lows) >= MAX_WINDOW_POINTS:
            self._lows.popleft()
        if len(self._highs) >= MAX_WINDOW_POINTS:
            self._highs.popleft()
        newest = self._newest
        return _slide(self._lows, self._highs, (newest, value), newest - self._seconds)

    def _step_to(self, time: float) -> None:
        if time < self._newest:
            self._lows.clear()
            self._highs.clear()
        self._newest = time


def make_rescaler(
    window: Window, *, initial: Range | None = None, survey: Range | None = None
) -> Rescaler:
    """Return the rescaler for a window.

    Parameters
    ----------
    window
        How far back it looks.
    initial
        Extremes assumed from the start. The window "all" keeps them; the others forget them as
        they would values seen just before the first one.
    survey
        Extremes of a whole table that is known beforehand; only the window "all" uses them.
    """
    if window.points is not None:
        return LastPoints(window.points, initial)
    if window.seconds is not None:
        return LastSeconds(window.seconds, initial)
    ends = [end for known in (initial, survey) if known for end in known]
    return EverySeen((min(ends), max(ends)) if ends else None)


def _extremes(position: float, initial: Range | None) -> tuple[_Extremes, _Extremes]:
    if initial is None:
        return deque(), deque()
    low, high = initial
    return deque([(position, low)]), deque([(position, high)])


def _slide(lows: _Extremes, highs: _Extremes, newest: tuple[float, float], oldest: float) -> float:
    """Take in the newest (position, value), forget what lies before ``oldest``, place the value."""
    value = newest[1]
    while lows and lows[-1][1] >= value:
        lows.pop()
    lows.append(newest)
    while lows[0][0] < oldest:
        lows.popleft()
    while highs and highs[-1][1] <= value:
        highs.pop()
    highs.append(newest)
    while highs[0][0] < oldest:
        highs.popleft()
    return place(value, lows[0][1], highs[0][1])
