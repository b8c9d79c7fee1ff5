"""Rescaling: where a value stands among those seen lately, from 0 to 1.

Missing values (NaN, and infinities, which have no place between extremes) are never handed to a
rescaler: they neither count towards its number of points nor move its clock.
"""

import math
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from streamson.score.counts import Counts
from streamson.score.extremes import EverySeen, LastPoints, LastSeconds
from streamson.score.place import MAX_WINDOW_POINTS, Range, Window, place

if TYPE_CHECKING:
    pass

MODES: Final = ("quantile", "minmax", "rank", "decay", "zscore", "fixed")
LOW_QUANTILE: Final = 0.01
RESERVOIR_POINTS: Final = 16_384
"""Of all that was ever seen so many are kept, each as likely as any other: a quantile of 1 % then
lies between those of 0.85 and 1.15 %, twice in three times 0.92 and 1.08 %."""

FIRST_POINTS: Final = 1_024
"""Points that a window of time has room for at first; it grows."""


class Rescale(msgspec.Struct, frozen=True):
    """How a field becomes a number from 0 to 1.

    Attributes
    ----------
    mode
        What is 0 and what is 1. ``quantile``: a low and a high quantile of the window; ``minmax``:
        its extremes; ``rank``: none, but the share of the window's values that are lower;
        ``decay``: extremes that draw near to the data by half each half-life; ``zscore``: so many
        standard deviations below and above the mean, both weighted exponentially; ``fixed``: the
        range that is given.
    window
        Of quantile, minmax and rank.
    initial_range
        Of minmax: extremes to begin with. Of fixed: the range.
    quantiles
        Of quantile: the low and the high one.
    half_life
        Of decay and zscore, in points.
    deviations
        Of zscore.
    slew
        The ends of the range come half the way nearer to where they belong in so many points; 0 is
        at once.
    warm_up
        So many first points are in the middle: nobody knows the range yet.
    """

    mode: str = "quantile"
    window: Window = Window(points=1_000)
    initial_range: Range | None = None
    quantiles: tuple[float, float] = (LOW_QUANTILE, 1 - LOW_QUANTILE)
    half_life: float = 300.0
    deviations: float = 2.0
    slew: float = 0.0
    warm_up: int = 0

    @property
    def wants_survey(self) -> bool:
        """Whether it would like to know a whole table's extremes beforehand."""
        return self.mode == "minmax" and self.window.is_all


class Rescaler(Protocol):
    """Anything that takes in finite values one by one and says where each stands."""

    def rescale(self, value: float, time: float) -> float:
        """Take in a value of that time (seconds) and return its place from 0 to 1."""


class _Ranger(Protocol):
    """Anything that takes in finite values one by one and knows a range that they lie in."""

    def range_with(self, value: float, time: float) -> Range:
        """Take in a value of that time (seconds) and return the range."""


class Fixed:
    """A range that is known."""

    def __init__(self, known: Range) -> None:
        self._range = known

    def range_with(self, value: float, time: float) -> Range:  # noqa: ARG002  # as _Ranger
        """Return the range."""
        return self._range


class Decay:
    """Extremes that draw near to the data.

    Parameters
    ----------
    half_life
        Points in which an extreme comes half the way to a value that stays.
    """

    def __init__(self, half_life: float) -> None:
        self._share = 1 - 0.5 ** (1 / half_life)
        self._low, self._high = math.inf, -math.inf

    def range_with(self, value: float, time: float) -> Range:  # noqa: ARG002  # as _Ranger
        """Take in a value and return the range, in which it lies."""
        low, high = self._low, self._high
        self._low = value if value <= low else _between(low, value, self._share)
        self._high = value if value >= high else _between(high, value, self._share)
        return self._low, self._high


class ZScore:
    """So many standard deviations around the mean, both weighted exponentially.

    After D. Finch, "Incremental calculation of weighted mean and variance", 2009, formulas 124
    and 143. Values weigh as much as they should from the first one on.

    Parameters
    ----------
    half_life
        Points in which the weight of a value falls by half.
    deviations
        On each side of the mean.
    """

    def __init__(self, half_life: float, deviations: float) -> None:
        self._keep = 0.5 ** (1 / half_life)
        self._deviations = deviations
        self._weight = 0.0
        self._mean = 0.0
        self._variance = 0.0

    def range_with(self, value: float, time: float) -> Range:  # noqa: ARG002  # as _Ranger
        """Take in a value and return the range."""
        self._weight = self._weight * self._keep + 1
        share = 1 / self._weight
        value = min(max(value, -_HUGE), _HUGE)
        difference = value - self._mean
        self._mean += share * difference
        self._variance = (1 - share) * (self._variance + share * difference * difference)
        spread = self._deviations * math.sqrt(self._variance)
        return self._mean - spread, self._mean + spread


_HUGE: Final = 1e150
"""Values beyond it are taken for it where squares are needed."""


class _Seen:
    """The values of a window, in order."""

    def __init__(self, window: Window) -> None:
        # Only who asks for order waits for the machine code that keeps it.
        from streamson.score.sorted_window import SortedWindow

        self._make = SortedWindow
        self._points = window.points or (RESERVOIR_POINTS if window.is_all else FIRST_POINTS)
        self._seconds = window.seconds
        self._is_all = window.is_all
        self._seen = 0
        self._times: deque[float] = deque()
        self.window: SortedWindow = SortedWindow(self._points)

    def take(self, value: float, time: float) -> None:
        """Take in a value, and forget what is no longer in the window."""
        if self._seconds is not None:
            self._take_timed(value, time, self._seconds)
            return
        seen = self._seen
        self._seen = seen + 1
        if seen < self._points or not self._is_all:
            self.window.put(seen % self._points, value)
        elif (slot := _scattered(seen) % (seen + 1)) < self._points:
            # Algorithm R of Vitter 1985, "Random sampling with a reservoir".
            self.window.put(slot, value)

    def _take_timed(self, value: float, time: float, seconds: float) -> None:
        times = self._times
        newest = times[-1] if times else -math.inf
        if not math.isfinite(time) or newest - seconds <= time < newest:
            time = newest  # a point that comes late counts as one of the newest time
        if time < newest:  # the clock was set back
            self._restart()
            times = self._times
        while times and (times[0] < time - seconds or len(times) >= MAX_WINDOW_POINTS):
            times.popleft()
            self.window.drop((self._seen - len(times) - 1) % self._points)
        if len(times) == self._points:
            self._grow()
        self.window.add((self._seen) % self._points, value)
        self._seen += 1
        times.append(time)

    def _restart(self) -> None:
        self._times.clear()
        self._seen = 0
        self.window = self._make(self._points)

    def _grow(self) -> None:
        slots = self.window.slots(self._points)
        oldest = self._seen % self._points
        self._seen = self._points
        self._points *= 2
        self.window = self._make(self._points, slots[oldest:] + slots[:oldest])


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
        self._seen = _Seen(window)
        self._low, self._high = low, high

    def range_with(self, value: float, time: float) -> Range:
        """Take in a value and return the range."""
        self._seen.take(value, time)
        return self._seen.window.quantiles(self._low, self._high)


class Rank:
    """The share of the window's other values that are lower, equal ones counted as halves."""

    def __init__(self, window: Window) -> None:
        self._seen = _Seen(window)

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1."""
        self._seen.take(value, time)
        return self._seen.window.rank(value)


class WithinRange:
    """A value's place in a range, which may come only slowly to where it belongs.

    Parameters
    ----------
    ranger
        Knows the range.
    slew
        Points in which its ends come half the way; 0 is at once.
    counts
        Where values that lie outside the range are counted.
    """

    def __init__(self, ranger: _Ranger, slew: float, counts: Counts) -> None:
        self._range_with = ranger.range_with
        self._share = 1 - 0.5 ** (1 / slew) if slew else 1.0
        self._low, self._high = math.inf, -math.inf
        self._counts = counts

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1."""
        low, high = self._range_with(value, time)
        share = self._share
        if share < 1.0 and self._low < self._high:
            low = _between(self._low, low, share)
            high = _between(self._high, high, share)
        self._low, self._high = low, high
        if not low <= value <= high:
            self._counts.clamped += 1
        return place(value, low, high)

    @property
    def range(self) -> Range:
        """The range at this moment."""
        return self._low, self._high


class WarmUp:
    """In the middle for so many points, and then where another rescaler says."""

    def __init__(self, rescaler: Rescaler, points: int) -> None:
        self._rescale = rescaler.rescale
        self._left = points

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1."""
        u = self._rescale(value, time)
        if self._left:
            self._left -= 1
            return 0.5
        return u


def make_rescaler(
    rescale: Rescale, *, counts: Counts | None = None, survey: Range | None = None
) -> Rescaler:
    """Return what does the rescaling that a mapping asks for.

    Parameters
    ----------
    rescale
        What is asked for.
    counts
        Where values that lie outside the range are counted.
    survey
        Extremes of a whole table that is known beforehand; only minmax over "all" uses them.
    """
    rescaler = _rescaler(rescale, counts or Counts(), survey)
    return WarmUp(rescaler, rescale.warm_up) if rescale.warm_up else rescaler


def _rescaler(rescale: Rescale, counts: Counts, survey: Range | None) -> Rescaler:
    match rescale.mode:
        case "minmax":
            extremes = _extremes(rescale.window, rescale.initial_range, survey)
            return WithinRange(extremes, rescale.slew, counts) if rescale.slew else extremes
        case "rank":
            return Rank(rescale.window)
        case "quantile":
            ranger: _Ranger = Quantiles(rescale.window, *rescale.quantiles)
        case "decay":
            ranger = Decay(rescale.half_life)
        case "zscore":
            ranger = ZScore(rescale.half_life, rescale.deviations)
        case _:
            assert rescale.initial_range is not None
            ranger = Fixed(rescale.initial_range)
    return WithinRange(ranger, rescale.slew, counts)


def _extremes(
    window: Window, initial: Range | None, survey: Range | None
) -> EverySeen | LastPoints | LastSeconds:
    if window.points is not None:
        return LastPoints(window.points, initial)
    if window.seconds is not None:
        return LastSeconds(window.seconds, initial)
    ends = [end for known in (initial, survey) if known for end in known]
    return EverySeen((min(ends), max(ends)) if ends else None)


def _between(first: float, second: float, share: float) -> float:
    """Return what lies so far on the way."""
    if first == second:  # not even rounding may part equal values
        return first
    # The difference of the two may be beyond the largest float.
    return first * (1 - share) + second * share


def _scattered(number: int) -> int:
    """Return 64 bits that look random, always the same for a number; "splitmix64", Vigna 2015."""
    z = (number * 0x9E3779B97F4A7C15) & _64_BITS
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _64_BITS
    return z ^ (z >> 31)


_64_BITS: Final = (1 << 64) - 1
