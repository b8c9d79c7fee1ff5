"""Memory, and the swap space that it overflows into."""

from collections.abc import Iterator
from typing import Any

from streamson.producers.host.field_rates import FieldRates
from streamson.producers.host.measured import Measured, UnavailableError


class Memory:
    """Measures how full memory is, without what can be had back at once, such as caches."""

    def __init__(self, psutil: Any) -> None:
        self._psutil = psutil

    def collect(self) -> Iterator[Measured]:
        """Measure it."""
        yield Measured("memory", {"percent": self._psutil.virtual_memory().percent})


class Swap:
    """Measures how full swap space is, and the bytes a second that are read and written there."""

    def __init__(self, psutil: Any) -> None:
        self._psutil = psutil
        self._rates = FieldRates()
        if not psutil.swap_memory().total:
            raise UnavailableError("this machine has no swap space")

    def collect(self) -> Iterator[Measured]:
        """Measure it."""
        swap = self._psutil.swap_memory()
        rates = self._rates.update("swap", {"read": swap.sin, "written": swap.sout})
        yield Measured("swap", {"percent": swap.percent, **rates})
