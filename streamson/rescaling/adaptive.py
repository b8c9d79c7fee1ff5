"""The range that a live part has by itself: from the first value on no narrower than is known.

Two values tell nothing of the range of a stream. So it begins wide, from 0 to twice the first
value, and is narrowed to the 1 % and 99 % quantiles of what came as evidence comes. What is
known beforehand, such as that a percentage lies from 0 to 100, is never narrowed, and never wider
unless a value lies beyond it.
"""

import math
import sys
from typing import Any, Final

import msgspec

from streamson.rescaling.field_hints import FieldHints
from streamson.rescaling.normalize import Range, lerp
from streamson.rescaling.quantiles import RecentSample

LOW_QUANTILE: Final = 0.01

SAMPLE_POINTS: Final = 1_000
RECENT_POINTS: Final = 10_000
"""So many last values are stood for by a sample of so many: on the tables of docs/rescaling.md the
same value kept its pitch where a window of 1,000 re-pitched it all the time."""

DOUBT_HALF_LIFE: Final = 30.0
"""Points in which half of what is doubtful about the range is narrowed away."""

FIRST_HEADROOM: Final = 2.0
"""The first value stands half way to the end of the first range."""

WIDENED: Final = 4.0
"""So many times as wide becomes the first range when a value lies beyond it."""

LEAST_DOUBT: Final = 1e-3

LEAST_SHARE: Final = 0.01
"""Of the size of the values, as the least span: a millionth of a value that wavers is noise."""

_HUGE: Final = sys.float_info.max / 4


class _State(msgspec.Struct):
    """The sample, how much is doubted, and the first range."""

    sample: Any
    doubt: float
    first: tuple[float, float]


class AdaptiveRange:
    """A range for values that nobody has seen before.

    Parameters
    ----------
    known
        What the field's name says of them.
    """

    def __init__(self, known: FieldHints = FieldHints()) -> None:  # noqa: B008  # it can't be changed
        self._known = known
        self._sample = RecentSample(SAMPLE_POINTS, stride=RECENT_POINTS // SAMPLE_POINTS)
        self._keep = 0.5 ** (1 / DOUBT_HALF_LIFE)
        self._doubt = 1.0
        # 0 is included: most measures begin there. An end that is known is not doubted.
        self._first_low = min(0.0, known.low)
        self._first_high = max(0.0, known.high)

    def update(self, value: float, time: float) -> Range:
        """Take in a value and return the range."""
        self._sample.take(value, time)
        if self._first_low == self._first_high:  # nothing but 0 so far: this is the first size
            self._widen(value)
        self._doubt *= self._keep
        low, high = self._sample.values.quantiles(LOW_QUANTILE, 1 - LOW_QUANTILE)
        if self._doubt > LEAST_DOUBT:
            low = min(low, lerp(low, self._first_low, self._doubt))
            high = max(high, lerp(high, self._first_high, self._doubt))
        # What this value changes holds from the next one on: else a greater one could stand lower.
        self._widen(value)
        return self._known.with_least_span(*self._known.widened(low, high), LEAST_SHARE)

    def _widen(self, value: float) -> None:
        """Let the first range hold a value: in large steps, so that in between a line rises."""
        value = min(max(value, -_HUGE), _HUGE)
        while value > self._first_high:
            self._first_high = WIDENED * self._first_high or FIRST_HEADROOM * value
        while value < self._first_low:
            self._first_low = WIDENED * self._first_low or FIRST_HEADROOM * value

    def state(self) -> Any:
        """Return the sample, and what is doubted."""
        return msgspec.to_builtins(
            _State(
                self._sample.state(),
                self._doubt,
                (self._first_low, self._first_high),
            )
        )

    def restore(self, state: Any) -> None:
        """Take over a sample, and what is doubted."""
        held = msgspec.convert(state, _State)
        first_low, first_high = held.first
        if not -math.inf < first_low <= 0 <= first_high < math.inf or not 0 <= held.doubt <= 1:
            raise ValueError("a range that can't be")
        self._sample.restore(held.sample)
        self._doubt = held.doubt
        self._first_low, self._first_high = first_low, first_high
