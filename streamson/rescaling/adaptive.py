"""The range that a percentage has live: from the first value on no narrower than is known.

Two values tell nothing of the range of a stream. So it begins wide, from 0 to twice the first
value, and is narrowed to the 1 % and 99 % quantiles of what came as evidence comes. What is
known beforehand, such as that a percentage lies from 0 to 100, is never narrowed, and never wider
unless a value lies beyond it.
"""

from typing import Any, Final

import msgspec

from streamson.rescaling.field_hints import FieldHints
from streamson.rescaling.first_range import FirstRange
from streamson.rescaling.normalize import Range, lerp
from streamson.rescaling.quantiles import RecentSample

LOW_QUANTILE: Final = 0.01

SAMPLE_POINTS: Final = 1_000
RECENT_POINTS: Final = 10_000
"""So many last values are stood for by a sample of so many: on the tables of docs/rescaling.md the
same value kept its pitch where a window of 1,000 re-pitched it all the time."""

LEAST_SHARE: Final = 0.01
"""Of the size of the values, as the least span: a millionth of a value that wavers is noise."""


class _State(msgspec.Struct):
    """The sample, and the first range."""

    sample: Any
    first: Any


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
        self._first = FirstRange(known)

    def update(self, value: float, time: float) -> Range:
        """Take in a value and return the range."""
        first = self._first
        self._sample.take(value, time)
        first.begin(value)
        first.fade()
        low, high = self._sample.values.quantiles(LOW_QUANTILE, 1 - LOW_QUANTILE)
        if doubt := first.doubt:
            low = min(low, lerp(low, first.low, doubt))
            high = max(high, lerp(high, first.high, doubt))
        # What this value changes holds from the next one on: else a greater one could stand lower.
        first.widen(value)
        return self._known.with_least_span(*self._known.widened(low, high), LEAST_SHARE)

    def state(self) -> Any:
        """Return the sample, and the first range."""
        return msgspec.to_builtins(_State(self._sample.state(), self._first.state()))

    def restore(self, state: Any) -> None:
        """Take over a sample, and a first range."""
        held = msgspec.convert(state, _State)
        self._first.restore(held.first)
        self._sample.restore(held.sample)
