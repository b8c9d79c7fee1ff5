"""Ranges that follow the values: what is low and what is high at this moment."""

import math
from typing import Any, Final, Protocol

import msgspec

from streamson.model.stateful import Stateful, Stateless
from streamson.rescaling.normalize import Range, lerp, range_of

_HUGE: Final = 1e150
"""Values beyond it are taken for it where squares are needed."""


class RangeEstimator(Stateful, Protocol):
    """Anything that takes in finite values one by one and knows a range."""

    def update(self, value: float, time: float) -> Range:
        """Take in a value of that time (seconds) and return the range."""


class Fixed(Stateless):
    """A range that is known."""

    def __init__(self, known: Range) -> None:
        self._range = known

    def update(self, value: float, time: float) -> Range:  # noqa: ARG002  # as RangeEstimator
        """Return the range."""
        return self._range


class Decay:
    """Extremes that draw near to the data.

    Parameters
    ----------
    half_life
        Points in which an extreme comes half the way to a value that stays.
    """

    def __init__(self, half_life: float) -> None:
        self._share = 1 - 0.5 ** (1 / half_life)
        self._low, self._high = math.inf, -math.inf

    def update(self, value: float, time: float) -> Range:  # noqa: ARG002  # as RangeEstimator
        """Take in a value and return the range, in which it lies."""
        low, high = self._low, self._high
        self._low = value if value <= low else lerp(low, value, self._share)
        self._high = value if value >= high else lerp(high, value, self._share)
        return self._low, self._high

    def state(self) -> Any:
        """Return the extremes."""
        return self._low, self._high

    def restore(self, state: Any) -> None:
        """Take over extremes."""
        self._low, self._high = range_of(state)


class ZScore:
    """So many standard deviations around the mean, both weighted exponentially.

    After T. Finch, "Incremental calculation of weighted mean and variance", 2009, formulas 124
    and 143. Values weigh as much as they should from the first one on.

    Parameters
    ----------
    half_life
        Points in which the weight of a value falls by half.
    n_std
        On each side of the mean.
    """

    def __init__(self, half_life: float, n_std: float) -> None:
        self._keep = 0.5 ** (1 / half_life)
        self._n_std = n_std
        self._weight = 0.0
        self._mean = 0.0
        self._variance = 0.0

    def update(self, value: float, time: float) -> Range:  # noqa: ARG002  # as RangeEstimator
        """Take in a value and return the range."""
        self._weight = self._weight * self._keep + 1
        share = 1 / self._weight
        value = min(max(value, -_HUGE), _HUGE)
        difference = value - self._mean
        self._mean += share * difference
        self._variance = (1 - share) * (self._variance + share * difference * difference)
        spread = self._n_std * math.sqrt(self._variance)
        return self._mean - spread, self._mean + spread

    def state(self) -> Any:
        """Return weight, mean and variance."""
        return self._weight, self._mean, self._variance

    def restore(self, state: Any) -> None:
        """Take over weight, mean and variance."""
        weight, mean, variance = msgspec.convert(state, tuple[float, float, float])
        known = abs(mean) <= _HUGE and 0 <= variance <= (2 * _HUGE) ** 2
        if not (0 <= weight < math.inf and known):
            raise ValueError(f"weight {weight}, mean {mean}, variance {variance}")
        self._weight, self._mean, self._variance = weight, mean, variance
