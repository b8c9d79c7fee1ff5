"""Rates of the counters that a device, a process or a container has."""

import time
from collections.abc import Mapping

from streamson.producers.base.counter_rates import CounterRates


class FieldRates:
    """Turns counters into fields.

    Examples
    --------
    >>> rates = FieldRates()
    >>> rates.update("disk/sda", {"read": 4096})
    {}
    >>> list(rates.update("disk/sda", {"read": 4096}))
    ['read']
    """

    def __init__(self) -> None:
        self._rates = CounterRates()

    def update(self, path: str, counters: Mapping[str, float]) -> dict[str, float]:
        """Return what each counter rose by in a second since it was last read, at this moment."""
        now = time.monotonic()
        rates = {
            field: self._rates.update((path, field), value, now)
            for field, value in counters.items()
        }
        return {field: rate for field, rate in rates.items() if rate is not None}
