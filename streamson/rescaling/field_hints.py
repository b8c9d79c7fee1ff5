"""What the name of a field says of its values, before any of them has come."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from streamson.rescaling.normalize import Range

_PERCENT: Final = re.compile(r"(^|[^a-z])(percent|percentage|pct)([^a-z]|$)|%")
_BYTES: Final = re.compile(r"(^|[^a-z])(bytes?|octets)([^a-z]|$)")
_BYTE_RATES: Final = re.compile(r"(^|[^a-z])(received|sent|read|written)([^a-z]|$)")

LEAST_BYTE_RATE: Final = 10_000.0
"""What an idle network or disk does in a second is no more: it is quiet, not a melody."""


class FieldHints(msgspec.Struct, frozen=True):
    """What is known of values.

    Attributes
    ----------
    low, high
        They begin and end there; infinite the other way where that is not known.
    least_span
        Less than this is no change to speak of.
    """

    low: float = float("inf")
    high: float = float("-inf")
    least_span: float = 0.0

    @property
    def is_percent(self) -> bool:
        """Whether they are percentages."""
        return (self.low, self.high) == (0.0, 100.0)

    def widened(self, low: float, high: float) -> Range:
        """Return a range that holds what is known."""
        return min(low, self.low), max(high, self.high)

    def with_least_span(self, low: float, high: float, share: float) -> Range:
        """Return a range that spans what it must: the least span, and a share of its size."""
        lacking = max(self.least_span, share * max(abs(low), abs(high))) - (high - low)
        if lacking <= 0:
            return low, high
        if low == self.low:
            return low, high + lacking
        return low - lacking / 2, high + lacking / 2


def hints_for(field: str, transform: Sequence[str] = ()) -> FieldHints:
    """Return what a field's name, and what is done to its values, say.

    >>> hints_for("percent").widened(3.0, 4.0)
    (0.0, 100.0)
    >>> hints_for("bytes", ["rate"]).low
    0.0
    """
    name = field.lower()
    if transform and transform[-1] == "rate":
        return FieldHints(low=0.0, least_span=LEAST_BYTE_RATE if _BYTES.search(name) else 0.0)
    if transform:
        return FieldHints()
    if _PERCENT.search(name):
        return FieldHints(low=0.0, high=100.0)
    if _BYTE_RATES.search(name):
        return FieldHints(low=0.0, least_span=LEAST_BYTE_RATE)
    return FieldHints(low=0.0) if _BYTES.search(name) else FieldHints()
