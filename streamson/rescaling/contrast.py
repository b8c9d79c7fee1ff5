"""From where the values of late stand to where any value does: limited contrast.

The dense part is spread out and what is far out is still far away. Between the 5 % and 95 %
quantiles of what came last a value stands where as many are below it, but for this: where values
lie so close together that they would be torn apart more than so many times as far as on a straight
line, the contrast, what is beyond it is given to all alike. This is the contrast limited
equalisation of S. M. Pizer and others, "Adaptive histogram equalization and its variations", 1987,
with quantiles for the histogram, and so without bins. Beyond them distance counts, by the values of
a longer time: with a part of the range for what is usual, up to Tukey's far-out fence, and a part
for what is beyond.
"""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from streamson.rescaling.extents import FAR_OUT
from streamson.rescaling.field_hints import FieldHints
from streamson.rescaling.normalize import Range

STEPS: Final = 18
_STEP: Final = 0.05
NEAR_SHARES: Final = (0.0, *(round(_STEP * number, 2) for number in range(1, STEPS + 2)), 1.0)
"""The last values that a line is made of, by the share of those below."""

FAR_SHARES: Final = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
"""The quantiles of a longer time that it is made of."""

_SHOULDER: Final = 2  # in a line's knots, counted from either end

TAIL: Final = 0.14
"""Of the range is kept for what lies beyond the 5 % quantile, and as much for the 95 % one."""

BESIDE: Final = 0.01
"""Of the range lies between the 95 % quantile of late and that of a longer time, where the latter
is higher; and as much below."""

SHOULDER: Final = 0.09
"""Of the range lies beyond the 1 % quantile."""

FAR: Final = 0.03
"""Of the range is for what is far out. With the 30 notes of live parts the fence is three notes
beyond the 95 % quantile."""

KNOWN_TAIL: Final = 0.05
KNOWN_SHOULDER: Final = 0.01
"""Where nothing lies below a known end, no room is kept for it: as many as there are values."""

LEAST_SHARE: Final = 0.005
"""Of the size of most values, as the least that is spread over the whole range: a millionth of a
value that wavers is noise."""

_NEAR_FENCE: Final = 0.25
"""A fence is at least so much beyond a 95 % quantile, of its distance from the median."""


class Ranked(NamedTuple):
    """A value, and the share of values below it, those that are equal counted as halves."""

    value: float
    rank: float


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


def equalized(
    near: Sequence[Ranked], far: Sequence[float], contrast: float, known: FieldHints
) -> Knots:
    """Return where values stand.

    Parameters
    ----------
    near
        The values of late that `NEAR_SHARES` names, of a size below 1e300, so that no difference is
        infinite.
    far
        The quantiles of `FAR_SHARES`, of no fewer values.
    contrast
        The line is so many times as steep at most as one that is straight between the 5 % and
        95 % quantiles; 1 is that one.
    known
        Their least span, and where they begin.
    """
    far = list(accumulate(far, max))  # rounding may have turned neighbours round
    lower, median, upper = (near[share].value for share in _QUARTILES)
    dense = sorted(set(near[1:-1]))
    low, high = dense[0].value, dense[-1].value
    far_low, far_high = min(far[2], low), max(far[-3], high)
    least = max(known.least_span, LEAST_SHARE * max(abs(lower), abs(upper)))
    span = max(high - low, least)
    if least:  # nor does what spans less than the least span ever fill the range
        contrast = min(contrast, span / least)

    begins_known = known.low <= far_low
    room_below = _KNOWN_ROOM if begins_known else _ROOM
    sure = min(contrast - 1, 1.0)  # what spans little says nothing by its ranks
    begin = room_below.tail + sure * BESIDE * (far_low < low)
    width = 1 - begin - TAIL - sure * BESIDE * (far_high > high)
    of_ranks = 0.0 if begins_known and low <= known.low else sure, sure
    core, idle = _core(dense, span, contrast, of_ranks)
    if idle > 0:  # narrower than the least span: in the middle, or where it is known to be
        before = idle / 2
        if begins_known:
            before = min((low - known.low) / span, idle) if span else 0.0
        begin += width * before
    places = [begin + width * place for place in core]

    side = _Side(
        steepest=width * contrast / span if span else 0.0,
        spread=FAR_OUT * max(far[5] - far[3], least),
        room=_ROOM,
    )
    middle = [(value, place) for (value, _), place in zip(dense, places, strict=True)]
    above = side.knots(middle[-1], median, near[-1].value, far[4:])
    # The same below, with all signs turned.
    side = side._replace(room=room_below, end=-known.low if begins_known else None)
    lowest = -low, 1 - places[0]
    below = side.knots(lowest, -median, -near[0].value, [-value for value in reversed(far[:5])])
    turned = [(-value, min(1 - place, places[0])) for value, place in reversed(below)]
    knots = [*turned, *middle, *above]
    return Knots([value for value, _ in knots], [place for _, place in knots])


_QUARTILES: Final = tuple(NEAR_SHARES.index(share) for share in (0.25, 0.5, 0.75))

_Knot = tuple[float, float]


class _Room(NamedTuple):
    """How much of the range is kept beyond the 95 % quantile, the 99 % one, and the fence."""

    tail: float
    shoulder: float
    far: float


_ROOM: Final = _Room(TAIL, SHOULDER, FAR)
_KNOWN_ROOM: Final = _Room(KNOWN_TAIL, KNOWN_SHOULDER, 0.0)


class _Side(NamedTuple):
    """What lies above the dense part.

    Attributes
    ----------
    steepest
        The line is no steeper.
    spread
        So far beyond the quartile lies the fence.
    room
        What is kept.
    end
        Where the values are known to end, if that is known; there is no fence then.
    """

    steepest: float
    spread: float
    room: _Room
    end: float | None = None

    def knots(
        self, last: _Knot, median: float, highest: float, far: Sequence[float]
    ) -> list[_Knot]:
        """Return the end of the usual, the shoulder, the fence and the end, on the way up.

        Parameters
        ----------
        last
            Where the dense part ends.
        median, highest
            Of the values of late.
        far
            The median, the upper quartile, the 95 % and 99 % quantiles and the highest of all.
        """
        far_median, quartile, usual, shoulder, farthest = far
        usual = max(usual, last[0])
        if self.end is None:
            fence = max(
                quartile + self.spread,
                usual + _NEAR_FENCE * (usual - far_median),
                last[0] + _NEAR_FENCE * (last[0] - median),
                math.nextafter(usual, math.inf),  # nothing that is usual is far out
            )
            end = max(fence + self.spread, farthest, highest)
        else:
            fence = end = self.end
        first = self._risen(last, (usual, 1 - self.room.tail))
        limit = fence, 1 - self.room.far
        if first[0] < shoulder < fence:
            second = self._risen(first, (shoulder, 1 - self.room.shoulder))
        else:
            second = (first[0] + limit[0]) / 2, (first[1] + limit[1]) / 2
        knots = [first, second, limit, (end, 1.0)]
        # What is no higher than the dense part stands where that ends: a line does not jump there.
        return [(value, place if value > last[0] else last[1]) for value, place in knots]

    def _risen(self, last: _Knot, wanted: _Knot) -> _Knot:
        """Return what is wanted, but no farther up than the line is allowed to rise."""
        highest = last[1] + self.steepest * (wanted[0] - last[0])
        return wanted[0], max(min(highest, wanted[1]), last[1])


def _core(
    dense: Sequence[Ranked], span: float, contrast: float, of_ranks: tuple[float, float]
) -> tuple[list[float], float]:
    """Return where the values of the dense part stand in it, and how much of it is left over.

    A value that is many stands in the middle of them, and not at an end of what is left for others:
    by so much of its rank as counts at the lower and at the upper end.
    """
    all_of_it = 1 - 2 * _STEP
    before = of_ranks[0] * max(dense[0].rank - _STEP, 0.0) / all_of_it
    after = of_ranks[1] * max(1 - _STEP - dense[-1].rank, 0.0) / all_of_it
    ranks = dense[-1].rank - dense[0].rank
    scale = max(1 - before - after, 0.0) / ranks if ranks else 0.0
    widths = [(b.value - a.value) / span for a, b in pairwise(dense)]
    steps = [
        min((b.rank - a.rank) * scale, (contrast - 1) * width)
        for (a, b), width in zip(pairwise(dense), widths, strict=True)
    ]
    rest = max(1 - before - after - sum(steps), 0.0)
    places = [before]
    for step, width in zip(steps, widths, strict=True):
        places.append(min(places[-1] + step + rest * width, 1.0))
    return places, 1 - after - places[-1]
