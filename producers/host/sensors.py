"""Sensors: temperatures, fans, and the battery."""

import math
from collections.abc import Iterator
from typing import Any

from streamson.producers.host.measured import Measured, UnavailableError, numbered


class Sensors:
    """Measures sensors that a chip has, each with a label of its own or without one.

    Parameters
    ----------
    psutil
        The module.
    function
        Its function that reads them.
    root
        What the streams' paths begin with.
    field
        What the value is called: its unit.
    """

    def __init__(self, psutil: Any, function: str, root: str, field: str) -> None:
        self._read = getattr(psutil, function, None)
        self._root = root
        self._field = field
        if self._read is None:
            raise UnavailableError("psutil can't read them on this system")
        if not self._found():
            raise UnavailableError(
                "none found on this machine; a virtual machine has none, a container may see none"
            )

    def collect(self) -> Iterator[Measured]:
        """Measure each."""
        found = self._found()
        for name, (_, value) in zip(numbered(name for name, _ in found), found, strict=True):
            yield Measured(f"{self._root}/{name}", {self._field: value})

    def _found(self) -> list[tuple[str, float]]:
        return [
            (f"{chip}/{sensor.label}" if sensor.label else chip, float(sensor.current))
            for chip, sensors in (self._read() if self._read else {}).items()
            for sensor in sensors
            if sensor.current is not None and math.isfinite(sensor.current)
        ]


class Battery:
    """Measures how full the battery is, and whether it is plugged in."""

    def __init__(self, psutil: Any) -> None:
        self._read = getattr(psutil, "sensors_battery", None)
        if self._read is None:
            raise UnavailableError("psutil can't read it on this system")
        if self._found() is None:
            raise UnavailableError("this machine has none")

    def collect(self) -> Iterator[Measured]:
        """Measure it."""
        battery = self._found()
        if battery is None:  # taken out
            return
        fields = {"percent": float(battery.percent)}
        if battery.power_plugged is not None:  # where it is known
            fields["plugged"] = float(battery.power_plugged)
        yield Measured("battery", fields)

    def _found(self) -> Any:
        try:
            return self._read() if self._read else None
        except FileNotFoundError:  # the kernel knows of no batteries at all
            return None
