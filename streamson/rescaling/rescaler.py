"""From a finite value to its place from 0 to 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from streamson.model.counts import ScoreCounts
from streamson.model.stateful import Stateful
from streamson.rescaling.field_hints import FieldHints
from streamson.rescaling.minmax import CumulativeMinMax, RollingMinMaxByCount, RollingMinMaxByTime
from streamson.rescaling.normalize import (
    Range,
    Window,
    lerp,
    normalize,
    place_in,
    range_of,
)
from streamson.rescaling.ranges import Decay, Fixed, RangeEstimator, ZScore
from streamson.rescaling.spec import Rescale

if TYPE_CHECKING:
    from streamson.rescaling.extents import Extent


class Rescaler(Stateful, Protocol):
    """Anything that takes in finite values one by one and says where each stands."""

    def rescale(self, value: float, time: float) -> float:
        """Take in a value of that time (seconds); return its place from 0 to 1, NaN if unknown."""

    def place(self, value: float) -> float:
        """Return where a value would stand at this moment, without taking it in; NaN if unknown."""

    @property
    def range(self) -> Range | None:
        """The range at this moment; None where there is none."""


class RangeRescaler:
    """A value's place in a range, which may come only slowly to where it belongs.

    Parameters
    ----------
    estimator
        Knows the range.
    slew
        Points in which its ends come half the way; 0 is at once.
    counts
        Where values that lie outside the range are counted.
    """

    def __init__(self, estimator: RangeEstimator, slew: float, counts: ScoreCounts) -> None:
        self._estimator = estimator
        self._update = estimator.update
        self._share = 1 - 0.5 ** (1 / slew) if slew else 1.0
        self._low, self._high = math.inf, -math.inf
        self._counts = counts

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1."""
        low, high = self._update(value, time)
        share = self._share
        if share < 1.0 and self._low < self._high:
            low = lerp(self._low, low, share)
            high = lerp(self._high, high, share)
        self._low, self._high = low, high
        if not low <= value <= high:
            self._counts.values_clamped += 1
        return normalize(value, low, high)

    def place(self, value: float) -> float:
        """Return where a value would stand at this moment; NaN while the range spans nothing."""
        return place_in(value, self.range)

    @property
    def range(self) -> Range:
        """The range at this moment."""
        return self._low, self._high

    def state(self) -> Any:
        """Return the range, and what knows where it belongs."""
        return self.range, self._estimator.state()

    def restore(self, state: Any) -> None:
        """Take over a range, and what knows where it belongs."""
        known, inner = msgspec.convert(state, tuple[Any, Any])
        low, high = range_of(known)
        self._estimator.restore(inner)
        self._low, self._high = low, high


class WarmUp:
    """For so many points a place that hangs on none of them, and then where a rescaler says."""

    def __init__(self, rescaler: Rescaler, points: int, first_u: float) -> None:
        self._rescaler = rescaler
        self._points = self._left = points
        self._first_u = first_u

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1, or NaN."""
        u = self._rescaler.rescale(value, time)
        if self._left:
            self._left -= 1
            return self._first_u
        return u

    def place(self, value: float) -> float:
        """Return where a value would stand at this moment; NaN as long as no value is told."""
        return math.nan if self._left else self._rescaler.place(value)

    @property
    def range(self) -> Range | None:
        """The rescaler's range at this moment."""
        return self._rescaler.range

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
    counts: ScoreCounts | None = None,
    extent: Extent | None = None,
    known: FieldHints = FieldHints(),  # noqa: B008  # it can't be changed
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
    rescaler = _rescaler(rescale, counts or ScoreCounts(), extent, known)
    first = rescale.warm_up
    if not first.points:
        return rescaler
    return WarmUp(rescaler, first.points, 0.5 if first.play == "middle" else math.nan)


def _rescaler(
    rescale: Rescale, counts: ScoreCounts, extent: Extent | None, known: FieldHints
) -> Rescaler:
    if not rescale.needs_extent:
        extent = None
    match rescale.mode:
        case "minmax":
            whole = None if extent is None else extent.whole
            extremes = _extremes(rescale.window, rescale.initial_range, whole)
            return RangeRescaler(extremes, rescale.slew, counts) if rescale.slew else extremes
        case "rank":
            # Only who asks for order waits for the machine code that keeps it.
            from streamson.rescaling.quantiles import Rank

            return Rank(rescale.window)
        case _ if rescale.is_equalized(known, is_known=extent is not None):
            from streamson.rescaling.equalize import FAR_POINTS, NEAR_POINTS, Equalizer
            from streamson.rescaling.quantiles import OrderedPoints, thinned

            if rescale.mode == "equalize":
                return Equalizer(thinned(rescale.window), None, rescale.contrast, known, counts)
            near, far = OrderedPoints(NEAR_POINTS), OrderedPoints(FAR_POINTS)
            return Equalizer(near, far, rescale.contrast, known, counts)
    return RangeRescaler(_estimator(rescale, extent, known), rescale.slew, counts)


def _estimator(rescale: Rescale, extent: Extent | None, known: FieldHints) -> RangeEstimator:
    match rescale.mode:
        case "auto" if extent is not None:
            found: RangeEstimator = Fixed(extent.robust)
        case "auto":
            # Its ends say something by themselves: half way up is 50 %, whatever came so far.
            from streamson.rescaling.adaptive import AdaptiveRange

            found = AdaptiveRange(known)
        case "quantile" if extent is not None:
            found = Fixed(extent.quantiles(*rescale.quantiles))
        case "quantile":
            from streamson.rescaling.quantiles import quantiles

            found = quantiles(rescale.window, *rescale.quantiles)
        case "decay":
            found = Decay(rescale.half_life)
        case "zscore":
            found = ZScore(rescale.half_life, rescale.n_std)
        case _:
            assert rescale.initial_range is not None
            found = Fixed(rescale.initial_range)
    return found


def _extremes(
    window: Window, initial: Range | None, whole: Range | None
) -> CumulativeMinMax | RollingMinMaxByCount | RollingMinMaxByTime:
    if window.points is not None:
        return RollingMinMaxByCount(window.points, initial)
    if window.seconds is not None:
        return RollingMinMaxByTime(window.seconds, initial)
    ends = [end for known in (initial, whole) if known for end in known]
    return CumulativeMinMax((min(ends), max(ends)) if ends else None)
