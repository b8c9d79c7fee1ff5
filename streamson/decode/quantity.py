"""What a parameter of a note tells: of which quantity, and its value where the range is known."""

import math
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from streamson.decode.interval import Interval
from streamson.music.level import db_to_amplitude
from streamson.music.pitch import midi_to_hz
from streamson.rescaling.normalize import Range, lerp
from streamson.session.schema import LIMITS, MappingSpec

PLACE: Final = "place"
"""Ends the name of a quantity of which only the place is known, 0 to 1 in the range of its time."""

FIXED: Final = "fixed"
"""The mode of rescaling whose range the session says, whatever the values are."""

UNORDERED: Final = ("rank", "equalize")
"""Modes of rescaling whose places lie on no straight line: no range turns them back."""

_BACK: Final[Mapping[str, Callable[[float], float]]] = {
    "log": lambda value: 10.0 ** min(value, 308.0),
    "symlog": lambda value: math.copysign(10.0 ** min(abs(value), 308.0) - 1, value),
}
"""The transforms that can be undone, each with what undoes it."""

_FORTH: Final[Mapping[str, Callable[[float], float]]] = {
    "log": math.log10,
    "symlog": lambda value: math.copysign(math.log1p(abs(value)) / math.log(10), value),
}

_FROM_PARAMETER: Final[Mapping[str, Callable[[float], float]]] = {
    "hz": midi_to_hz,
    "amplitude": db_to_amplitude,
}
"""From a parameter to the unit of a field that gives it directly."""


class Quantity(NamedTuple):
    """What a mapping reads, as far as it can be turned back.

    Attributes
    ----------
    name
        The field's; where a transform can't be undone its name is added, as in ``bytes_rate``.
    undone
        Names of the transforms that are undone, in the order in which that is.
    """

    name: str
    undone: tuple[str, ...] = ()


def quantity_of(spec: MappingSpec, field: str) -> Quantity:
    """Return what a mapping of a field of this name reads.

    >>> quantity_of(MappingSpec("pitch", 48, 72, transform=("rate", "log")), "bytes")
    Quantity(name='bytes_rate', undone=('log',))
    """
    steps = [*spec.transform, *(("smooth",) if spec.smooth else ())]
    undone = []
    while steps and steps[-1] in _BACK:
        undone.append(steps.pop())
    return Quantity("_".join((field, *steps)), tuple(undone))


class ValueRange(NamedTuple):
    """Between which values places 0 and 1 lie, transformed.

    Attributes
    ----------
    low, high
        The two.
    is_clamped
        Whether values beyond were taken for the nearer end.
    """

    low: float
    high: float
    is_clamped: bool


def known_range(spec: MappingSpec, quantity: Quantity, given: Range | None) -> ValueRange | None:
    """Return the range that a mapping had; None where nobody knows.

    Parameters
    ----------
    spec
        A mapping that is rescaled.
    quantity
        What it reads.
    given
        Least and greatest value of the quantity, where somebody says so; of one that is fixed they
        say nothing.
    """
    rescale = spec.rescale
    if rescale.mode == FIXED and rescale.initial_range is not None:
        return ValueRange(*rescale.initial_range, is_clamped=True)
    if given is not None and rescale.mode not in UNORDERED:
        low, high = (_forth(end, quantity) for end in given)
        return ValueRange(low, high, is_clamped=rescale.mode != "minmax")
    return None


def _forth(value: float, quantity: Quantity) -> float:
    for name in reversed(quantity.undone):
        value = _FORTH[name](value)
    return value


def can_be(value: float, quantity: Quantity) -> bool:
    """Return whether a quantity can have a value: a logarithm was taken of what is above 0 only."""
    try:
        return math.isfinite(_forth(value, quantity))
    except ValueError:
        return False


def value_at(place: Interval, quantity: Quantity, known: ValueRange) -> Interval:
    """Return the value that stands at a place.

    At an end where values beyond were taken for the end itself nobody knows how far out it was.
    """
    low, value, high = (lerp(known.low, known.high, share) for share in place)
    if known.is_clamped:
        low = -math.inf if place.low <= 0 else low
        high = math.inf if place.high >= 1 else high
    return Interval(*(_back(end, quantity) for end in (low, value, high)))


def _back(value: float, quantity: Quantity) -> float:
    if math.isinf(value):
        # What comes after a logarithm has no end either, but its least is 0.
        return 0.0 if value < 0 and quantity.undone[-1:] == ("log",) else value
    for name in quantity.undone:
        value = _BACK[name](value)
    return value


def passed_through(spec: MappingSpec, measured: float, error: float) -> Interval:
    """Return the value of a field that gives a parameter as it is."""
    least, greatest = LIMITS[spec.parameter]
    back = _FROM_PARAMETER.get(spec.unit, float)
    low, high = measured - error, measured + error
    return Interval(
        -math.inf if low <= least else back(low),
        back(min(max(measured, least), greatest)),
        math.inf if high >= greatest else back(high),
    )
