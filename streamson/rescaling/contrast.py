"""From what the quantiles of some values are to where each value stands: limited contrast.

The dense part is spread out and what is far out is still far away. Between the 5 % and 95 %
quantiles a value stands where as many are below it, but for this: where values lie so close
together that they would be torn apart more than so many times as far as on a straight line, the
contrast, what is beyond it is given to all alike. This is the contrast limited equalisation of
S. M. Pizer and others, "Adaptive histogram equalization and its variations", 1987, with quantiles
for the histogram, and so without bins. Beyond them distance counts, with a part of the range for
what is usual, up to Tukey's far-out fence, and a part for what is beyond.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from streamson.rescaling.extents import FAR_OUT
from streamson.rescaling.field_hints import FieldHints
from streamson.rescaling.normalize import Range

STEPS: Final = 18
_STEP: Final = 0.05
SHARES: Final = (
    0.0,
    0.01,
    *(round(_STEP * number, 2) for number in range(1, STEPS + 2)),
    0.99,
    1.0,
)
"""The quantiles that a map is made of."""

_LOW: Final = 2  # places in `SHARES`
_LOWER_QUARTILE: Final = SHARES.index(0.25)
_MEDIAN: Final = SHARES.index(0.5)
_UPPER_QUARTILE: Final = SHARES.index(0.75)
_HIGH: Final = _LOW + STEPS

_SHOULDER: Final = 2  # and in a line's knots, counted from either end

TAIL: Final = 0.14
"""Of the range is kept for what lies beyond the 5 % quantile, and as much for the 95 % one."""

SHOULDER: Final = 0.09
"""Of the range lies beyond the 1 % quantile."""

FAR: Final = 0.045
"""Of the range is for what is far out. With the 30 notes of live parts the fence is three notes
beyond the 95 % quantile."""

KNOWN_TAIL: Final = 0.05
KNOWN_SHOULDER: Final = 0.01
"""Where nothing lies below a known end, no room is kept for it: as many as there are values."""

LEAST_SHARE: Final = 0.01
"""Of the size of most values, as the least that is spread over the whole range: a millionth of a
value that wavers is noise."""

_NEAR_FENCE: Final = 0.25
"""A fence is at least so much beyond a 95 % quantile, of its distance from the median."""


class Knots(NamedTuple):
    """A line that never falls: straight between these points, level beyond them.

    Attributes
    ----------
    values
        Going up; equal ones where it jumps.
    places
        From 0 to 1.
    """

    values: list[float]
    places: list[float]

    @property
    def usual(self) -> Range:
        """The values between which all but a few lie."""
        return self.values[_SHOULDER], self.values[-1 - _SHOULDER]

    def place(self, value: float) -> float:
        """Return where a value stands, from 0 to 1; where the line jumps, in the middle."""
        values, places = self
        after = bisect_left(values, value)
        if after == len(values):
            return 1.0
        following = values[after]
        if following == value:
            return (places[after] + places[bisect_right(values, value, after) - 1]) / 2
        if after == 0:
            return 0.0
        before, first, second = values[after - 1], places[after - 1], places[after]
        share = (value - before) / (following - before)
        return min(first + share * (second - first), second)


def equalized(quantiles: Sequence[float], contrast: float, known: FieldHints) -> Knots:
    """Return where values stand.

    Parameters
    ----------
    quantiles
        Those of `SHARES`; of a size below 1e300, so that no difference is infinite.
    contrast
        The line is so many times as steep at most as one that is straight between the 5 % and
        95 % quantiles; 1 is that one.
    known
        Their least span, and where they begin.
    """
    quantiles = list(accumulate(quantiles, max))  # rounding may have turned neighbours round
    lower, upper = quantiles[_LOWER_QUARTILE], quantiles[_UPPER_QUARTILE]
    least = max(known.least_span, LEAST_SHARE * max(abs(lower), abs(upper)))
    low, high = quantiles[_LOW], quantiles[_HIGH]
    span = max(high - low, least)
    if least:  # nor does what spans less than the least span ever fill the range
        contrast = min(contrast, span / least)
    core = _core(quantiles[_LOW : _HIGH + 1], span, contrast)

    begins_known = known.low <= low
    tail, shoulder = (KNOWN_TAIL, KNOWN_SHOULDER) if begins_known else (TAIL, SHOULDER)
    width = 1 - TAIL - tail
    idle = 1 - core[-1]
    if idle > 0:  # narrower than the least span: in the middle, or where it is known to be
        before = idle / 2
        if begins_known:
            before = min((low - known.low) / span, idle) if span else 0.0
        tail += width * before
    places = [tail + width * place for place in core]

    spread = FAR_OUT * max(upper - lower, least)
    median = quantiles[_MEDIAN]
    steepest = width * contrast / span if span else 0.0
    fence = max(upper + spread, high + _NEAR_FENCE * (high - median))
    above = _shoulder((high, places[-1]), (fence, 1 - FAR), (quantiles[-2], 1 - SHOULDER), steepest)
    end = max(fence + spread, quantiles[-1])

    if begins_known:
        begin, fence_below, far = known.low, known.low, 0.0
    else:
        fence_below, far = min(lower - spread, low - _NEAR_FENCE * (median - low)), FAR
        begin = min(fence_below - spread, quantiles[0])
    # The same as above, with all signs turned.
    below = _shoulder(
        (-low, 1 - places[0]), (-fence_below, 1 - far), (-quantiles[1], 1 - shoulder), steepest
    )
    return Knots(
        [begin, fence_below, -below[0], *quantiles[_LOW : _HIGH + 1], above[0], fence, end],
        [0.0, far, min(1 - below[1], places[0]), *places, above[1], 1 - FAR, 1.0],
    )


_Knot = tuple[float, float]


def _shoulder(last: _Knot, fence: _Knot, wanted: _Knot, steepest: float) -> _Knot:
    """Return what lies between the last of the dense part and the fence, on the way up."""
    value, place = last
    if value < wanted[0] < fence[0]:
        return wanted[0], min(place + steepest * (wanted[0] - value), wanted[1])
    return (value + fence[0]) / 2, (place + fence[1]) / 2


def _core(quantiles: Sequence[float], span: float, contrast: float) -> list[float]:
    """Return where quantiles stand that have as many values between each two, from 0 to 1."""
    widths = [(b - a) / span if span else 0.0 for a, b in pairwise(quantiles)]
    steps = [min(1 / STEPS, (contrast - 1) * width) for width in widths]
    rest = max(1 - sum(steps), 0.0)
    places = [0.0]
    for step, width in zip(steps, widths, strict=True):
        places.append(min(places[-1] + step + rest * width, 1.0))
    return places
