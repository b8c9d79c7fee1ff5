"""Places by an equalisation with limited contrast that follows values without end."""

import math
from typing import Any, Final

import msgspec
import numpy as np

from streamson.model.counts import ScoreCounts
from streamson.rescaling.contrast import SHARES, Knots, equalized
from streamson.rescaling.field_hints import FieldHints
from streamson.rescaling.first_range import FirstRange
from streamson.rescaling.normalize import Range, lerp, normalize
from streamson.rescaling.quantiles import Ordered, RecentSample

SAMPLE_POINTS: Final = 1_000
RECENT_POINTS: Final = 5_000
"""So many last values are stood for by a sample of so many, where nobody says how many. With 10,000
a new level takes twice as long to be spread out; with 3,000 an unchanged value moves more often
than it did between two quantiles of 10,000 (docs/rescaling.md)."""

REDRAWN_EVERY: Final = 16
"""Points for which the line holds: drawn anew at each, an unchanged value would waver."""

_OF_SEEN: Final = 16
"""But one of so many points is enough at first."""

_FIRST_POINTS: Final = _OF_SEEN * REDRAWN_EVERY

MAX_SIZE: Final = 1e300
"""Values beyond it are taken for it, so that no difference is infinite."""

_MAX_END: Final = 100 * MAX_SIZE  # the fences lie beyond the values

_SHARES: Final = np.array(SHARES)


class _State(msgspec.Struct):
    """The values, what is held for the first ones, and the line as it was drawn last."""

    ordered: Any
    first: Any
    knots: Knots | None
    seen: int
    holds: int


def recent_sample() -> RecentSample:
    """Return what holds a sample of what came lately."""
    return RecentSample(SAMPLE_POINTS, stride=RECENT_POINTS // SAMPLE_POINTS)


class Equalizer:
    """A value's place on a line that is drawn from quantiles of the values before it.

    Parameters
    ----------
    ordered
        Holds values in order.
    contrast
        As `equalized` takes it.
    known
        What the field's name says of the values.
    counts
        Where values beyond both ends are counted.
    """

    def __init__(
        self, ordered: Ordered, contrast: float, known: FieldHints, counts: ScoreCounts
    ) -> None:
        self._ordered = ordered
        self._contrast = contrast
        self._known = known
        self._counts = counts
        self._first = FirstRange(known)
        self._knots: Knots | None = None
        self._seen = 0  # no more than matters
        self._holds = 0

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1, as it was told before."""
        value = min(max(value, -MAX_SIZE), MAX_SIZE)
        first = self._first
        first.begin(value)
        place = self._place(value)
        knots = self._knots
        if knots is not None and not knots.values[0] <= value <= knots.values[-1]:
            self._counts.values_clamped += 1
        # What this value changes holds from the next one on: else a greater one could stand lower.
        first.fade()
        first.widen(value)
        self._ordered.take(value, time)
        if self._seen < _FIRST_POINTS:
            self._seen += 1
        self._holds -= 1
        if self._holds <= 0:
            self._draw()
        return place

    def place(self, value: float) -> float:
        """Return where a value would stand at this moment; NaN before any value."""
        if self._knots is None:
            return math.nan
        return self._place(min(max(value, -MAX_SIZE), MAX_SIZE))

    @property
    def range(self) -> Range:
        """The values between which all but a few lie; others have room beyond."""
        knots = self._knots
        if knots is None:
            return math.inf, -math.inf
        low, high = knots.usual
        if doubt := self._first.doubt:
            low = min(low, lerp(low, self._first.low, doubt))
            high = max(high, lerp(high, self._first.high, doubt))
        return low, high

    def _place(self, value: float) -> float:
        knots, doubt = self._knots, self._first.doubt
        if not doubt:
            return knots.place(value) if knots is not None else 0.5
        low, high = self._known.with_least_span(self._first.low, self._first.high, 0.0)
        wide = normalize(value, low, high)
        return wide if knots is None else lerp(knots.place(value), wide, doubt)

    def _draw(self) -> None:
        quantiles = self._ordered.values.quantiles_at(_SHARES)
        self._knots = equalized(quantiles, self._contrast, self._known)
        self._holds = min(1 + self._seen // _OF_SEEN, REDRAWN_EVERY)

    def state(self) -> Any:
        """Return the values, and the line."""
        return msgspec.to_builtins(
            _State(self._ordered.state(), self._first.state(), self._knots, self._seen, self._holds)
        )

    def restore(self, state: Any) -> None:
        """Take over values, and a line."""
        held = msgspec.convert(state, _State)
        knots = None if held.knots is None else _checked(held.knots)
        if not (0 <= held.holds <= REDRAWN_EVERY and 0 <= held.seen <= _FIRST_POINTS):
            raise ValueError(f"a line that holds for {held.holds} points after {held.seen}")
        self._ordered.restore(held.ordered)
        self._first.restore(held.first)
        self._knots, self._seen, self._holds = knots, held.seen, held.holds


def _checked(knots: Knots) -> Knots:
    values, places = knots
    ascending = sorted(values) == values and sorted(places) == places
    within = all(abs(value) <= _MAX_END for value in values)
    if len(values) != len(places) or not values or not ascending or not within:
        raise ValueError("a line that falls or has no end")
    if not 0 <= places[0] <= places[-1] <= 1:
        raise ValueError(f"places from {places[0]} to {places[-1]}")
    return knots
