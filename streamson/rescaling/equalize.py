"""Places by an equalisation with limited contrast that follows values without end."""

import math
from typing import Any, Final

import msgspec
import numpy as np

from streamson.model.counts import ScoreCounts
from streamson.rescaling.contrast import FAR_SHARES, NEAR_SHARES, Line, equalized, usual
from streamson.rescaling.field_hints import FieldHints
from streamson.rescaling.first_range import FirstRange
from streamson.rescaling.held_line import HeldLine
from streamson.rescaling.normalize import Range, lerp, normalize
from streamson.rescaling.quantiles import Ordered

NEAR_POINTS: Final = 270
"""Among so many last values one stands, where nobody says how many. Chosen on half of the tables of
docs/rescaling.md: with 220 a course of 288 points loses its shape, and with 350 what wanders is
told less well."""

FAR_POINTS: Final = 1_000
"""Among so many is said what is far out."""

REDRAWN_EVERY: Final = 16
"""Points for which the line holds: drawn anew at each, it would cost more than all the rest."""

_OF_SEEN: Final = 16
"""But one of so many points is enough at first."""

_FIRST_POINTS: Final = _OF_SEEN * REDRAWN_EVERY

MAX_SIZE: Final = 1e300
"""Values beyond it are taken for it, so that no difference is infinite."""

_MAX_END: Final = 100 * MAX_SIZE  # the fences lie beyond the values

_LEAST_POINTS: Final = 9  # of a line: one, and four at each side

_NEAR_SHARES: Final = np.array(NEAR_SHARES)
_FAR_SHARES: Final = np.array(FAR_SHARES)


class _State(msgspec.Struct):
    """The values, what is held for the first ones, the line as it was drawn last, what was heard.

    `far` is none where the same values say both; the line is its values and their places.
    """

    near: Any
    far: Any
    first: Any
    line: list[list[float]] | None
    heard: Any
    seen: int
    holds: int


class Equalizer:
    """A value's place on a line that is drawn from the values before it.

    Parameters
    ----------
    near
        Holds those in order among which a value stands.
    far
        Holds more of them, by which is said what is far out; none where those are enough.
    contrast
        As `equalized` takes it.
    known
        What the field's name says of the values.
    counts
        Where values beyond both ends are counted.
    """

    def __init__(
        self,
        near: Ordered,
        far: Ordered | None,
        contrast: float,
        known: FieldHints,
        counts: ScoreCounts,
    ) -> None:
        self._near = near
        self._far = far
        self._contrast = contrast
        self._known = known
        self._counts = counts
        self._first = FirstRange(known)
        self._held = HeldLine()
        self._line: Line | None = None
        self._ends = (-math.inf, math.inf)
        self._values: list[float] = []  # since the line was drawn, and their times
        self._times: list[float] = []
        self._seen = 0  # no more than matters
        self._holds = 0

    def rescale(self, value: float, time: float) -> float:
        """Take in a value and return its place from 0 to 1, as it was told before."""
        value = min(max(value, -MAX_SIZE), MAX_SIZE)
        first = self._first
        first.begin(value)
        place = self._place(value)
        self._held.hear(value, place)
        begin, end = self._ends
        if not begin <= value <= end:
            self._counts.values_clamped += 1
        # What this value changes holds from the next one on: else a greater one could stand lower.
        first.fade()
        first.widen(value)
        self._values.append(value)
        self._times.append(time)
        if self._seen < _FIRST_POINTS:
            self._seen += 1
        self._holds -= 1
        if self._holds <= 0:
            self._draw()
        return place

    def place(self, value: float) -> float:
        """Return where a value would stand at this moment; NaN before any value."""
        if self._line is None:
            return math.nan
        return self._place(min(max(value, -MAX_SIZE), MAX_SIZE))

    @property
    def range(self) -> Range:
        """The values between which all but a few lie; others have room beyond."""
        if self._line is None:
            return math.inf, -math.inf
        low, high = usual(self._line)
        if doubt := self._first.doubt:
            low = min(low, lerp(low, self._first.low, doubt))
            high = max(high, lerp(high, self._first.high, doubt))
        return low, high

    def _place(self, value: float) -> float:
        doubt = self._first.doubt
        if not doubt:
            return self._held.place(value)
        low, high = self._known.with_least_span(self._first.low, self._first.high, 0.0)
        return self._held.place(value, normalize(value, low, high), doubt)

    def _draw(self) -> None:
        self._take_in()
        near = self._near.values
        far = near if self._far is None else self._far.values
        found, ranks = near.ranked_at(_NEAR_SHARES)
        quantiles = far.quantiles_at(_FAR_SHARES)
        self._begin(equalized(found, ranks, quantiles, self._contrast, self._known))
        self._holds = min(1 + self._seen // _OF_SEEN, REDRAWN_EVERY)

    def _take_in(self) -> None:
        self._near.take_all(self._values, self._times)
        if self._far is not None:
            self._far.take_all(self._values, self._times)
        self._values.clear()
        self._times.clear()

    def _begin(self, line: Line | None) -> None:
        self._line = line
        if line is not None:
            self._held.draw(line)
            self._ends = float(line[0, 0]), float(line[0, -1])

    def state(self) -> Any:
        """Return the values, and the line."""
        self._take_in()
        return msgspec.to_builtins(
            _State(
                self._near.state(),
                None if self._far is None else self._far.state(),
                self._first.state(),
                None if self._line is None else self._line.tolist(),
                self._held.state(),
                self._seen,
                self._holds,
            )
        )

    def restore(self, state: Any) -> None:
        """Take over values, and a line."""
        held = msgspec.convert(state, _State)
        line = None if held.line is None else _checked(held.line)
        if not (0 <= held.holds <= REDRAWN_EVERY and 0 <= held.seen <= _FIRST_POINTS):
            raise ValueError(f"a line that holds for {held.holds} points after {held.seen}")
        if (self._far is None) != (held.far is None):
            raise ValueError("values of one time where those of two are held, or 2 for 1")
        heard = HeldLine()
        heard.restore(held.heard)
        self._near.restore(held.near)
        if self._far is not None:
            self._far.restore(held.far)
        self._first.restore(held.first)
        self._held, self._seen, self._holds = heard, held.seen, held.holds
        self._values, self._times = [], []
        self._begin(line)


def _checked(rows: list[list[float]]) -> Line:
    values, places = msgspec.convert(rows, tuple[list[float], list[float]])
    ascending = sorted(values) == values and sorted(places) == places
    within = all(abs(value) <= _MAX_END for value in values)
    if not len(values) == len(places) >= _LEAST_POINTS or not ascending or not within:
        raise ValueError(f"a line of {len(values)} points that falls or has no end")
    if not 0 <= places[0] <= places[-1] <= 1:
        raise ValueError(f"places from {places[0]} to {places[-1]}")
    return np.array((values, places))
