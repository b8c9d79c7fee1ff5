"""The processor: as a whole, each of its cores, and how many wait for it."""

import os
from collections.abc import Iterator
from typing import Any

from streamson.producers.host.measured import Measured, UnavailableError


class Processor:
    """Measures how busy the processor is, all cores together."""

    def __init__(self, psutil: Any) -> None:
        self._psutil = psutil

    def collect(self) -> Iterator[Measured]:
        """Measure it, since the last time."""
        yield Measured("cpu", {"percent": self._psutil.cpu_percent()})


class Cores:
    """Measures how busy each core is."""

    def __init__(self, psutil: Any) -> None:
        self._psutil = psutil

    def collect(self) -> Iterator[Measured]:
        """Measure each, since the last time."""
        for number, percent in enumerate(self._psutil.cpu_percent(percpu=True)):
            yield Measured(f"core/{number}", {"percent": percent})


class Load:
    """Measures the load average of a minute: how many processes run, or wait for it or a disk."""

    def __init__(self) -> None:
        if not hasattr(os, "getloadavg"):
            raise UnavailableError("this system has no load average")

    def collect(self) -> Iterator[Measured]:
        """Measure it."""
        yield Measured("load", {"load": os.getloadavg()[0]})
