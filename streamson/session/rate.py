"""How often a false alert may come: ``1 a week``."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

PERIODS: Final[Mapping[str, float]] = {
    "minute": 60.0,
    "hour": 3_600.0,
    "day": 86_400.0,
    "week": 604_800.0,
    "month": 2_629_800.0,  # a twelfth of a year
    "year": 31_557_600.0,  # 365.25 days
}
"""Seconds of each."""

MAX_COUNT: Final = 1_000

_RATE: Final = re.compile(r"\s*([0-9]{1,4})\s+(?:an?|per)\s+([a-z]+)\s*")
_TIMES: Final = {1: "once", 2: "twice"}


class AlertRate(msgspec.Struct, frozen=True):
    """So many false alerts in a time, in the mean.

    Attributes
    ----------
    count
        How many.
    period
        In which of the `PERIODS`.
    """

    count: int = 1
    period: str = "week"

    @property
    def interval_s(self) -> float:
        """The mean time between two, in seconds."""
        return PERIODS[self.period] / self.count

    @property
    def words(self) -> str:
        """How often that is, for a sentence: ``once a week``."""
        times = _TIMES.get(self.count, f"{self.count} times")
        return f"{times} {'an' if self.period == 'hour' else 'a'} {self.period}"


def parse_rate(text: str) -> AlertRate | None:
    """Return the rate that a text says; None if it is none.

    >>> parse_rate("2 a day").words
    'twice a day'
    """
    match = _RATE.fullmatch(text)
    if match is None or match[2] not in PERIODS or not 1 <= int(match[1]) <= MAX_COUNT:
        return None
    return AlertRate(int(match[1]), match[2])
