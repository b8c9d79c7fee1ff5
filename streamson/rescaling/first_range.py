"""A range for a field of which nobody has seen much: wide, and less and less believed in."""

import math
import sys
from typing import Any, Final

import msgspec

from streamson.rescaling.field_hints import FieldHints

DOUBT_HALF_LIFE: Final = 30.0
"""Points in which half of what is doubtful about the range is narrowed away."""

FIRST_HEADROOM: Final = 2.0
"""The first value stands half way to the end of the first range."""

WIDENED: Final = 4.0
"""So many times as wide becomes the first range when a value lies beyond it."""

LEAST_DOUBT: Final = 1e-3

_HUGE: Final = sys.float_info.max / 4
_KEEP: Final = 0.5 ** (1 / DOUBT_HALF_LIFE)


class FirstRange:
    """From 0 to twice the first value, or what is known beforehand.

    Parameters
    ----------
    known
        What the field's name says of its values.

    Attributes
    ----------
    low, high
        It reaches from here to there, both 0 before any other value.
    doubt
        How much of what is not known there is still to be feared: 1 at first, 0 in the end.
    """

    def __init__(self, known: FieldHints) -> None:
        # 0 is included: most measures begin there. An end that is known is not doubted.
        self.low = min(0.0, known.low)
        self.high = max(0.0, known.high)
        self._doubt = 1.0

    @property
    def doubt(self) -> float:
        """How much of what is not known is still to be feared."""
        return self._doubt if self._doubt > LEAST_DOUBT else 0.0

    def begin(self, value: float) -> None:
        """Take the size of the first value that is not 0."""
        if self.low == self.high:
            self.widen(value)

    def fade(self) -> None:
        """Doubt a point less."""
        self._doubt *= _KEEP

    def widen(self, value: float) -> None:
        """Hold a value: in large steps, so that in between a line rises."""
        value = min(max(value, -_HUGE), _HUGE)
        while value > self.high:
            self.high = WIDENED * self.high or FIRST_HEADROOM * value
        while value < self.low:
            self.low = WIDENED * self.low or FIRST_HEADROOM * value

    def state(self) -> Any:
        """Return the doubt, and both ends."""
        return self._doubt, self.low, self.high

    def restore(self, state: Any) -> None:
        """Take over a doubt and ends."""
        doubt, low, high = msgspec.convert(state, tuple[float, float, float])
        if not -math.inf < low <= 0 <= high < math.inf or not 0 <= doubt <= 1:
            raise ValueError(f"a first range from {low} to {high}, doubted by {doubt}")
        self._doubt, self.low, self.high = doubt, low, high
