"""Pressure stall information: the share of time in which processes wait for what they lack.

https://docs.kernel.org/accounting/psi.html
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streamson.producers.host.field_rates import FieldRates
from streamson.producers.host.measured import Measured, UnavailableError, first_line

FOLDER: Final = Path("/proc/pressure")
RESOURCES: Final = ("cpu", "memory", "io")
MAX_BYTES: Final = 4_096

_PERCENT_PER_US: Final = 100 / 1e6
_LINE: Final = re.compile(r"(some|full) .*\btotal=([0-9]{1,20})", re.ASCII)


class Pressure:
    """Measures pressure on the processor, on memory and on disks.

    Where the kernel says averages of 10 s and more, this is exact for each reading: the rate of its
    count of the microseconds that were lost.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._rates = FieldRates()
        try:
            self._stalled("cpu")
        except FileNotFoundError:
            raise UnavailableError(
                f"there is no {folder}: Linux has it from 4.20 on, where psi=1 switches it on"
            ) from None
        except OSError as error:
            raise UnavailableError(f"{folder} can't be read: {first_line(error)}") from None

    def collect(self) -> Iterator[Measured]:
        """Measure it."""
        for resource in RESOURCES:
            path = f"pressure/{resource}"
            stalled = self._stalled(resource)
            if resource == "cpu":
                stalled.pop("full", None)  # somebody has it always: 0 for the whole machine
            counters = {f"{who}_percent": us * _PERCENT_PER_US for who, us in stalled.items()}
            rates = self._rates.update(path, counters)
            yield Measured(path, {field: min(rate, 100.0) for field, rate in rates.items()})

    def _stalled(self, resource: str) -> dict[str, int]:
        with (self._folder / resource).open("rb") as file:
            return parse_pressure(file.read(MAX_BYTES).decode(errors="replace"))


def parse_pressure(text: str) -> dict[str, int]:
    """Return the microseconds in which some, or all, processes waited.

    >>> parse_pressure("some avg10=7.86 avg60=2.52 avg300=5.71 total=3487837847")
    {'some': 3487837847}
    """
    lines = map(_LINE.fullmatch, text.splitlines())
    return {line[1]: int(line[2]) for line in lines if line is not None}
