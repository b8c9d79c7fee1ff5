"""From a finite value to its place from 0 to 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from streamson.model.counts import Counts
from streamson.rescaling.field_hints import Known
from streamson.rescaling.minmax import EverySeen, LastPoints, LastSeconds
from streamson.rescaling.normalize import Range, Window, between, place, range_of
from streamson.rescaling.ranges import Decay, Fixed, Ranger, ZScore
from streamson.rescaling.spec import Rescale

if TYPE_CHECKING:
    from streamson.rescaling.extents import Extent


class Rescaler(Protocol):
    """Anything that takes in finite values one by one and says where each stands."""

    def rescale(self, value: float, time: float) -> float:
        """Take in a value of that time (seconds); return its place from 0 to 1, NaN if unknown."""

    def state(self) -> Any:
        """Return what `restore` wants, plain values only."""

    def restore(self, state: Any) -> None:
        """Go on where another one of the same settings was.

        Raises
        ------
        ValueError
            If it isn't the state of such a one.
        """


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

    def __init__(self, ranger: Ranger, slew: float, counts: Counts) -> None:
        self._ranger = ranger
        self._range_with = ranger.range_with
        self._share = 1 - 0.5 ** (1 / slew) if slew else 1.0
        self._low, self._high = math.inf, -math.inf
        self._counts = counts

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1."""
        low, high = self._range_with(value, time)
        share = self._share
        if share < 1.0 and self._low < self._high:
            low = between(self._low, low, share)
            high = between(self._high, high, share)
        self._low, self._high = low, high
        if not low <= value <= high:
            self._counts.clamped += 1
        return place(value, low, high)

    @property
    def range(self) -> Range:
        """The range at this moment."""
        return self._low, self._high

    def state(self) -> Any:
        """Return the range, and what knows where it belongs."""
        return self.range, self._ranger.state()

    def restore(self, state: Any) -> None:
        """Take over a range, and what knows where it belongs."""
        known, inner = msgspec.convert(state, tuple[Any, Any])
        low, high = range_of(known)
        self._ranger.restore(inner)
        self._low, self._high = low, high


class WarmingUp:
    """For so many points a place that hangs on none of them, and then where a rescaler says."""

    def __init__(self, rescaler: Rescaler, points: int, first_place: float) -> None:
        self._rescaler = rescaler
        self._points = self._left = points
        self._first_place = first_place

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1, or NaN."""
        u = self._rescaler.rescale(value, time)
        if self._left:
            self._left -= 1
            return self._first_place
        return u

    def state(self) -> Any:
        """Return how many points are left, and the rescaler's state."""
        return self._left, self._rescaler.state()

    def restore(self, state: Any) -> None:
        """Take over how many points are left, and a rescaler's state."""
        left, inner = msgspec.convert(state, tuple[int, Any])
        if not 0 <= left <= self._points:
            raise ValueError(f"{left} of {self._points} first points are left")
        self._rescaler.restore(inner)
        self._left = left


def make_rescaler(
    rescale: Rescale,
    *,
    counts: Counts | None = None,
    extent: Extent | None = None,
    known: Known = Known(),  # noqa: B008  # it can't be changed
) -> Rescaler:
    """Return what does the rescaling that a mapping asks for.

    Parameters
    ----------
    rescale
        What is asked for.
    counts
        Where values that lie outside the range are counted.
    extent
        Of a whole table that is known beforehand: for ``auto``, and for a window of all.
    known
        What the values are known to be otherwise: for ``auto``.
    """
    rescaler = _rescaler(rescale, counts or Counts(), extent, known)
    first = rescale.warm_up
    if not first.points:
        return rescaler
    return WarmingUp(rescaler, first.points, 0.5 if first.play == "middle" else math.nan)


def _rescaler(rescale: Rescale, counts: Counts, extent: Extent | None, known: Known) -> Rescaler:
    if not rescale.wants_extent:
        extent = None
    match rescale.mode:
        case "auto" if extent is not None:
            return WithinRange(Fixed(extent.robust), rescale.slew, counts)
        case "auto":
            from streamson.rescaling.adaptive import AdaptiveRange

            return WithinRange(AdaptiveRange(known), rescale.slew, counts)
        case "quantile" if extent is not None:
            fixed = Fixed(extent.quantiles(*rescale.quantiles))
            return WithinRange(fixed, rescale.slew, counts)
        case "minmax":
            whole = None if extent is None else extent.whole
            extremes = _extremes(rescale.window, rescale.initial_range, whole)
            return WithinRange(extremes, rescale.slew, counts) if rescale.slew else extremes
        case "rank":
            # Only who asks for order waits for the machine code that keeps it.
            from streamson.rescaling.quantiles import Rank

            return Rank(rescale.window)
        case "quantile":
            from streamson.rescaling.quantiles import quantiles

            ranger: Ranger = quantiles(rescale.window, *rescale.quantiles)
        case "decay":
            ranger = Decay(rescale.half_life)
        case "zscore":
            ranger = ZScore(rescale.half_life, rescale.deviations)
        case _:
            assert rescale.initial_range is not None
            ranger = Fixed(rescale.initial_range)
    return WithinRange(ranger, rescale.slew, counts)


def _extremes(
    window: Window, initial: Range | None, whole: Range | None
) -> EverySeen | LastPoints | LastSeconds:
    if window.points is not None:
        return LastPoints(window.points, initial)
    if window.seconds is not None:
        return LastSeconds(window.seconds, initial)
    ends = [end for known in (initial, whole) if known for end in known]
    return EverySeen((min(ends), max(ends)) if ends else None)
