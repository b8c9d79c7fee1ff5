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

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streamson._jit import cached, inner
from streamson.rescaling.extents import FAR_OUT
from streamson.rescaling.field_hints import FieldHints
from streamson.rescaling.normalize import Range

STEPS: Final = 18
_STEP: Final = 0.05
NEAR_SHARES: Final = (0.0, *(round(_STEP * number, 2) for number in range(1, STEPS + 2)), 1.0)
"""The last values that a line is made of, by the share of those below."""

FAR_SHARES: Final = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
"""The quantiles of a longer time that it is made of."""

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


_compiled: Final = cached(njit, nogil=True, error_model="numpy")
_inner: Final = inner(error_model="numpy")

Line = NDArray[np.float64]
"""A line that never falls: values in the first row, going up, equal ones where it jumps; their
places in the second, from 0 to 1. It is straight between those points, and level beyond them."""

_SHOULDER: Final = 2  # in a line's points, counted from either end


def usual(line: Line) -> Range:
    """Return the values between which all but a few lie."""
    return float(line[0, _SHOULDER]), float(line[0, -1 - _SHOULDER])


def equalized(
    near: NDArray[np.float64],
    ranks: NDArray[np.float64],
    far: NDArray[np.float64],
    contrast: float,
    known: FieldHints,
) -> Line:
    """Return where values stand.

    Parameters
    ----------
    near
        The values of late that `NEAR_SHARES` names, of a size below 1e300, so that no difference is
        infinite.
    ranks
        Of each the share of values of late that are lower, those that are equal counted as halves.
    far
        The quantiles of `FAR_SHARES`, of no fewer values.
    contrast
        The line is so many times as steep at most as one that is straight between the 5 % and
        95 % quantiles; 1 is that one.
    known
        Their least span, and where they begin.
    """
    line: Line = _equalized(near, ranks, far, contrast, known.low, known.least_span, FAR_OUT)
    return line


_LOWER_QUARTILE: Final = NEAR_SHARES.index(0.25)
_MEDIAN: Final = NEAR_SHARES.index(0.5)
_UPPER_QUARTILE: Final = NEAR_SHARES.index(0.75)
_ROOM: Final = (TAIL, SHOULDER, FAR)
_KNOWN_ROOM: Final = (KNOWN_TAIL, KNOWN_SHOULDER, 0.0)
_STEEPEST: Final = 1e300  # times 0 it is 0, which infinity is not
_SIDE: Final = 4  # points above the dense part, and as many below


@_compiled
def _equalized(  # noqa: PLR0917  # machine code
    near: Any,
    ranks: Any,
    far: Any,
    contrast: float,
    known_low: float,
    least_span: float,
    far_out: float,
) -> Any:
    for i in range(1, len(far)):  # rounding may have turned neighbours round
        far[i] = max(far[i - 1], far[i])
    dense, rank = _distinct(near[1:-1], ranks[1:-1])
    low, high = dense[0], dense[-1]
    least = max(
        least_span, LEAST_SHARE * max(abs(near[_LOWER_QUARTILE]), abs(near[_UPPER_QUARTILE]))
    )
    span = max(high - low, least)
    if least > 0.0:  # nor does what spans less than the least span ever fill the range
        contrast = min(contrast, span / least)
    sure = min(contrast - 1.0, 1.0)  # what spans little says nothing by its ranks

    begins_known = known_low <= min(far[2], low)
    room = _KNOWN_ROOM if begins_known else _ROOM
    begin = room[0] + sure * BESIDE * (far[2] < low)
    width = 1.0 - begin - TAIL - sure * BESIDE * (far[-3] > high)
    core, idle = _core(dense, rank, span, contrast, not (begins_known and low <= known_low))
    if idle > 0.0:  # narrower than the least span: in the middle, or where it is known to be
        before = idle / 2.0
        if begins_known:
            before = min((low - known_low) / span, idle) if span > 0.0 else 0.0
        begin += width * before

    count = len(dense)
    line = np.empty((2, count + 2 * _SIDE))
    # Item by item: numba takes seconds to compile what assigns whole slices.
    for i in range(count):
        line[0, _SIDE + i] = dense[i]
        line[1, _SIDE + i] = begin + width * core[i]
    steepest = min(width * contrast / span, _STEEPEST) if span > 0.0 else 0.0
    spread = far_out * max(far[5] - far[3], least)
    side = np.empty((2, _SIDE))
    last = high, line[1, _SIDE + count - 1]
    _side(side, last, near[_MEDIAN], near[-1], far[4:], _ROOM, spread, steepest, np.inf)
    for i in range(_SIDE):
        line[0, _SIDE + count + i] = side[0, i]
        line[1, _SIDE + count + i] = side[1, i]
    # The same below, with all signs turned.
    end = -known_low if begins_known else np.inf
    last = -low, 1.0 - line[1, _SIDE]
    _side(side, last, -near[_MEDIAN], -near[0], -far[4::-1], room, spread, steepest, end)
    for i in range(_SIDE):
        line[0, _SIDE - 1 - i] = -side[0, i]
        line[1, _SIDE - 1 - i] = min(1.0 - side[1, i], line[1, _SIDE])
    return line


@_inner
def _distinct(values: Any, ranks: Any) -> Any:
    """Return each value once, and its rank."""
    count = 0
    found, of = np.empty(len(values)), np.empty(len(values))
    for i in range(len(values)):
        if count == 0 or values[i] > found[count - 1]:
            found[count], of[count] = values[i], ranks[i]
            count += 1
    return found[:count], of[:count]


@_inner
def _core(dense: Any, ranks: Any, span: float, contrast: float, shares: bool) -> Any:
    """Return where the values of the dense part stand in it, and how much of it is left over.

    A value that is many stands in the middle of them, and not at an end of what is left for others:
    but at the lowest end where it is known to be the least.
    """
    sure, all_of_it = min(contrast - 1.0, 1.0), 1.0 - 2.0 * _STEP
    before = sure * shares * max(ranks[0] - _STEP, 0.0) / all_of_it
    after = sure * max(1.0 - _STEP - ranks[-1], 0.0) / all_of_it
    scale = max(1.0 - before - after, 0.0) / (ranks[-1] - ranks[0]) if len(ranks) > 1 else 0.0
    places = np.zeros(len(dense))
    for i in range(1, len(dense)):
        share = (dense[i] - dense[i - 1]) / span
        places[i] = min((ranks[i] - ranks[i - 1]) * scale, (contrast - 1.0) * share)
    rest = max(1.0 - before - after - places.sum(), 0.0)
    places[0] = before
    for i in range(1, len(dense)):
        share = (dense[i] - dense[i - 1]) / span
        places[i] = min(places[i - 1] + places[i] + rest * share, 1.0)
    return places, 1.0 - after - places[-1]


@_inner
def _side(  # noqa: PLR0917  # machine code
    line: Any,
    last: Any,
    median: float,
    highest: float,
    far: Any,
    room: Any,
    spread: float,
    steepest: float,
    end: float,
) -> None:
    """Write the end of what is usual, the shoulder, the fence and the end, on the way up.

    Parameters
    ----------
    line
        Where they are written.
    last
        The highest value of the dense part, and its place.
    median, highest
        Of the values of late.
    far
        The median, the upper quartile, the 95 % and 99 % quantiles and the highest of all.
    room
        How much of the range is kept beyond the 95 % quantile, the 99 % one, and the fence.
    spread
        So far beyond the quartile lies the fence.
    steepest
        The line is no steeper.
    end
        Where values are known to end, if that is known: there is no fence then.
    """
    value, place = last
    usual = max(far[2], value)
    fence = end
    if end == np.inf:
        fence = max(usual + _NEAR_FENCE * (usual - far[0]), value + _NEAR_FENCE * (value - median))
        # Nothing that is usual is far out.
        fence = max(fence, far[1] + spread, np.nextafter(usual, np.inf))
        end = max(fence + spread, far[4], highest)
    risen = max(min(place + steepest * (usual - value), 1.0 - room[0]), place)
    shoulder, shoulder_place = (usual + fence) / 2.0, (risen + 1.0 - room[2]) / 2.0
    if usual < far[3] < fence:
        shoulder = far[3]
        shoulder_place = max(min(risen + steepest * (far[3] - usual), 1.0 - room[1]), risen)
    line[0, 0], line[0, 1], line[0, 2], line[0, 3] = usual, shoulder, fence, end
    line[1, 0], line[1, 1], line[1, 2], line[1, 3] = risen, shoulder_place, 1.0 - room[2], 1.0
    for i in range(4):  # what is no higher than the dense part stands where that ends
        if line[0, i] <= value:
            line[1, i] = place
