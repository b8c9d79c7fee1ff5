"""What is done to a field's values before they are rescaled."""

import math
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from streamson.model.stateful import Stateful, Stateless


class Step(Stateful, Protocol):
    """Anything that turns finite values one by one into others; NaN where there is none."""

    def __call__(self, value: float, time: float) -> float:
        """Take in a value of that time (seconds) and return another."""


class PlainStep(Stateless):
    """What does the same with every value, whatever came before."""

    def __init__(self, function: Callable[[float], float]) -> None:
        self._function = function

    def __call__(self, value: float, time: float) -> float:  # noqa: ARG002  # as Step
        """Return the function's value."""
        return self._function(value)


def log(value: float) -> float:
    """Return the logarithm to base 10; none for 0 and below."""
    return math.log10(value) if value > 0 else math.nan


def symlog(value: float) -> float:
    """Return what is straight around 0 and the logarithm far from it, on both sides.

    It is the logarithm of 1 and the absolute value, with the sign of the value: the "bi-symmetric
    log transformation" of J. B. W. Webber, 2013.
    """
    return math.copysign(math.log1p(abs(value)) / math.log(10), value)


class Difference:
    """The change since the value before."""

    def __init__(self) -> None:
        self._before = math.nan

    def __call__(self, value: float, time: float) -> float:  # noqa: ARG002  # as Step
        """Take in a value and return the change; none for the first."""
        change = value - self._before
        self._before = value
        return change

    def state(self) -> Any:
        """Return the last value."""
        return self._before

    def restore(self, state: Any) -> None:
        """Take over a last value."""
        self._before = msgspec.convert(state, float)


MAX_LATE_S: Final = 10.0
"""A point that is older than the one before by more did not come late: its clock was set back."""

MAX_LATE_POINTS: Final = 3
"""Nor did points that come late one after the other."""


class Rate:
    """The growth of a counter, a second.

    A counter that falls has begun again at 0, as one does whose process was restarted. Where the
    producer's clock is set back, the rate that was known last holds for one more point; where it
    runs backwards, what passes counts all the same.
    """

    def __init__(self) -> None:
        self._before = math.nan
        self._time = math.nan
        self._rate = math.nan
        self._late_points = 0

    def __call__(self, value: float, time: float) -> float:
        """Take in the counter and return its rate; none for the first, or if no time has passed."""
        growth, seconds = value - self._before, time - self._time
        if growth < 0:
            growth = value
        if seconds <= 0:
            return self._late(value, growth, time, -seconds)
        self._before, self._time, self._late_points = value, time, 0
        self._rate = growth / seconds
        return self._rate

    def _late(self, value: float, growth: float, time: float, late_s: float) -> float:
        self._late_points += late_s > 0
        is_late = late_s <= MAX_LATE_S and self._late_points < MAX_LATE_POINTS
        if is_late or late_s == 0:
            return math.nan
        if self._late_points > MAX_LATE_POINTS:
            self._rate = growth / late_s
        self._before, self._time = value, time
        return self._rate

    def state(self) -> Any:
        """Return the last counter, its time and its rate, and how many points came late."""
        return self._before, self._time, self._rate, self._late_points

    def restore(self, state: Any) -> None:
        """Take over a last counter, its time and its rate, and how many points came late."""
        self._before, self._time, self._rate, self._late_points = msgspec.convert(
            state, tuple[float, float, float, int]
        )


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

    def __call__(self, value: float, time: float) -> float:  # noqa: ARG002  # as Step
        """Take in a value and return the mean."""
        self._weight = self._weight * self._keep + 1
        share = 1 / self._weight
        self._mean = self._mean * (1 - share) + value * share
        return self._mean

    def state(self) -> Any:
        """Return weight and mean."""
        return self._weight, self._mean

    def restore(self, state: Any) -> None:
        """Take over weight and mean."""
        weight, mean = msgspec.convert(state, tuple[float, float])
        if not (0 <= weight < math.inf and math.isfinite(mean)):
            raise ValueError(f"weight {weight}, mean {mean}")
        self._weight, self._mean = weight, mean


TRANSFORMS: Final[dict[str, Callable[[], Step]]] = {
    "log": lambda: PlainStep(log),
    "symlog": lambda: PlainStep(symlog),
    "absolute": lambda: PlainStep(abs),
    "difference": Difference,
    "rate": Rate,
}


class Transform:
    """Steps one after the other, with smoothing at the end.

    Parameters
    ----------
    names
        Of `TRANSFORMS`.
    smooth
        Half-life in points; 0 is none.
    """

    def __init__(self, names: Iterable[str], smooth: float) -> None:
        self._steps: list[Step] = [TRANSFORMS[name]() for name in names]
        if smooth:
            self._steps.append(Smooth(smooth))

    def __call__(self, value: float, time: float) -> float:
        """Take in a finite value of that time (seconds) and return another, or NaN."""
        for step in self._steps:
            value = step(value, time)
            if value - value != 0.0:  # NaN or infinite
                return math.nan
        return value

    def state(self) -> Any:
        """Return the steps' states."""
        return [step.state() for step in self._steps]

    def restore(self, state: Any) -> None:
        """Go on where another one of the same steps was; ValueError if it isn't such a state."""
        states = msgspec.convert(state, list[Any])
        for step, found in zip(self._steps, states, strict=True):
            step.restore(found)


class Source(NamedTuple):
    """What a mapping reads: a field, and what is done to its values before they are rescaled.

    Attributes
    ----------
    field
        Its name.
    transform, smooth
        As of a mapping.
    """

    field: str
    transform: tuple[str, ...] = ()
    smooth: float = 0.0
