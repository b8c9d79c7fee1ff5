"""Rates of counters, as monitoring systems count: upwards, and from 0 again after a restart."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

MAX_COUNTERS: Final = 100_000
"""Whose last value is remembered; the least recent one is forgotten."""


class CounterRates:
    """Turns the values of counters into rates a second.

    Examples
    --------
    >>> rates = CounterRates()
    >>> rates.update("requests", 10, 0.0)
    >>> rates.update("requests", 30, 2.0)
    10.0
    >>> rates.update("requests", 4, 4.0)  # it began anew
    2.0
    """

    def __init__(self) -> None:
        self._last: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def update(self, counter: Hashable, value: float, time: float) -> float | None:
        """Return a counter's rate since its last value; None for the first, or no later one.

        Parameters
        ----------
        counter
            Which.
        value
            What it says. Less than before: it began anew, from 0.
        time
            When, in seconds.
        """
        before = self._last.get(counter)
        if before is not None and time == before[1]:
            return None
        self._last[counter] = value, time
        self._last.move_to_end(counter)
        if len(self._last) > MAX_COUNTERS:
            self._last.popitem(last=False)
        if before is None or time < before[1]:  # a clock that was set back begins anew
            return None
        return (value - before[0] if value >= before[0] else value) / (time - before[1])
