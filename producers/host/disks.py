"""Disks: what is read and written, and how much of the time they are busy."""

import os
from collections.abc import Iterator
from typing import Any, Final

from streamson.producers.host.field_rates import FieldRates
from streamson.producers.host.measured import Measured, UnavailableError

SYS_BLOCK: Final = "/sys/block"
"""Where Linux lists disks, but not their partitions; those made of hardware have a device."""

BUSY: Final = "busy_time"
"""Milliseconds, where the system counts them: Linux and FreeBSD."""


class Disks:
    """Measures each disk.

    Partitions, and what is made of other disks or of memory (loop, ram, zram, RAID, LVM), are
    aside: they count the same bytes again.
    """

    def __init__(self, psutil: Any) -> None:
        self._psutil = psutil
        self._rates = FieldRates()
        if not self._counters():
            raise UnavailableError("none found on this machine, as in some containers")

    def collect(self) -> Iterator[Measured]:
        """Measure each."""
        for name, counted in self._counters().items():
            counters = {"read": counted.read_bytes, "written": counted.write_bytes}
            if hasattr(counted, BUSY):
                counters["busy_percent"] = counted.busy_time / 10  # of a second's 1,000 ms
            path = f"disk/{name}"
            fields = self._rates.update(path, counters)
            if "busy_percent" in fields:
                fields["busy_percent"] = min(fields["busy_percent"], 100.0)
            yield Measured(path, fields, aside=_is_aside(name))

    def _counters(self) -> dict[str, Any]:
        return self._psutil.disk_io_counters(perdisk=True, nowrap=False) or {}


def _is_aside(name: str) -> bool:
    entry = f"{SYS_BLOCK}/{name.replace('/', '!')}"
    return os.path.isdir(SYS_BLOCK) and not os.path.exists(f"{entry}/device")
