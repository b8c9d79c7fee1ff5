"""What is done to a field's values before they are rescaled."""

import math
from collections.abc import Callable, Iterable
from typing import Final, Protocol


class Transform(Protocol):
    """Anything that turns finite values one by one into others; NaN where there is none."""

    def __call__(self, value: float, time: float) -> float:
        """Take in a value of that time (seconds) and return another."""


def log(value: float, time: float) -> float:  # noqa: ARG001  # as Transform
    """Return the logarithm to base 10; none for 0 and below."""
    return math.log10(value) if value > 0 else math.nan


def symlog(value: float, time: float) -> float:  # noqa: ARG001  # as Transform
    """Return what is straight around 0 and the logarithm far from it, on both sides.

    It is the logarithm of 1 and the absolute value, with the sign of the value: the "bi-symmetric
    log transformation" of J. B. W. Webber, 2013.
    """
    return math.copysign(math.log1p(abs(value)) / math.log(10), value)


def absolute(value: float, time: float) -> float:  # noqa: ARG001  # as Transform
    """Return the absolute value."""
    return abs(value)


class Difference:
    """The change since the value before."""

    def __init__(self) -> None:
        self._before = math.nan

    def __call__(self, value: float, time: float) -> float:  # noqa: ARG002  # as Transform
        """Take in a value and return the change; none for the first."""
        change = value - self._before
        self._before = value
        return change


class Rate:
    """The growth of a counter, a second.

    A counter that falls has begun again at 0, as one does whose process was restarted.
    """

    def __init__(self) -> None:
        self._before = math.nan
        self._time = math.nan

    def __call__(self, value: float, time: float) -> float:
        """Take in the counter and return its rate; none for the first, or if no time has passed."""
        growth, seconds = value - self._before, time - self._time
        if growth < 0:
            growth = value
        if seconds <= 0:
            return math.nan
        self._before, self._time = value, time
        return growth / seconds


class Smooth:
    """The mean of the values, each weighing half as much after so many points.

    Parameters
    ----------
    half_life
        In points.
    """

    def __init__(self, half_life: float) -> None:
        self._keep = 0.5 ** (1 / half_life)
        self._weight = 0.0
        self._mean = 0.0

    def __call__(self, value: float, time: float) -> float:  # noqa: ARG002  # as Transform
        """Take in a value and return the mean."""
        self._weight = self._weight * self._keep + 1
        share = 1 / self._weight
        self._mean = self._mean * (1 - share) + value * share
        return self._mean


TRANSFORMS: Final[dict[str, Callable[[], Transform]]] = {
    "log": lambda: log,
    "symlog": lambda: symlog,
    "absolute": lambda: absolute,
    "difference": Difference,
    "rate": Rate,
}


def make_transform(names: Iterable[str], smooth: float) -> Transform | None:
    """Return the transforms one after the other, with smoothing at the end; None without any.

    Parameters
    ----------
    names
        Of `TRANSFORMS`.
    smooth
        Half-life in points; 0 is none.
    """
    steps = [TRANSFORMS[name]() for name in names]
    if smooth:
        steps.append(Smooth(smooth))

    def transform(value: float, time: float) -> float:
        for step in steps:
            value = step(value, time)
            if value - value != 0.0:  # NaN or infinite
                return math.nan
        return value

    return transform if steps else None
