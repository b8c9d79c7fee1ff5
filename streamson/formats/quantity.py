"""Numbers with units, as people and programs write them."""

import math
import re
from typing import Final, NamedTuple

_PREFIXES: Final = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_BINARY: Final = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
_SMALL: Final = {"m": 1e-3, "u": 1e-6, "µ": 1e-6, "n": 1e-9}

UNITS: Final[dict[str, tuple[str, float]]] = {
    **{
        unit: (unit, 1.0)
        for unit in (
            *("%", "C", "F", "°C", "°F", "ppm", "ppb", "lx", "rpm", "dBm", "dB", "mmHg"),
            *("mph", "km/h", "m/s", "bpm", "rps", "fps", "x"),
        )
    },
    **{
        prefix + unit: (unit, factor)
        for unit in ("B", "B/s")
        for prefix, factor in {**_PREFIXES, **_BINARY}.items()
    },
    **{
        prefix + unit: (unit[0] + "bit", factor)
        for unit in ("bit", "bit/s", "bps")
        for prefix, factor in _PREFIXES.items()
    },
    **{
        prefix + unit: (unit, factor)
        for unit in ("Hz", "W", "Wh", "V", "A", "Pa")
        for prefix, factor in {**_PREFIXES, "m": 1e-3, "h": 1e2}.items()
    },
    **{prefix + "s": ("s", factor) for prefix, factor in {"": 1.0, **_SMALL}.items()},
    "g": ("g", 1.0),
    "kg": ("g", 1e3),
    "m": ("m", 1.0),
    "km": ("m", 1e3),
    "cm": ("m", 1e-2),
    "mm": ("m", 1e-3),
    "l": ("l", 1.0),
    "ml": ("l", 1e-3),
    "bar": ("Pa", 1e5),
    "mbar": ("Pa", 1e2),
    **dict.fromkeys(("min", "mins"), ("s", 60.0)),
    **dict.fromkeys(("h", "hr", "hrs"), ("s", 3600.0)),
}
"""A unit as it is written, to what it measures and how much of that it is."""

_NUMBER: Final = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_UNIT: Final = "|".join(map(re.escape, sorted(UNITS, key=len, reverse=True)))
QUANTITY: Final = rf"({_NUMBER})(?:\s?({_UNIT})(?![\w/%°:]|\s*:))?"
"""A number and its unit, two groups."""

_QUANTITY: Final = re.compile(QUANTITY)


class Quantity(NamedTuple):
    """A number and the unit that it was written with, empty without one."""

    value: float
    unit: str = ""

    def fits(self, unit: str) -> bool:
        """Return whether a unit is of the same kind; a number without one fits all."""
        kind, _ = UNITS.get(self.unit, (self.unit, 1.0))
        other, _ = UNITS.get(unit, (unit, 1.0))
        return not self.unit or kind.removeprefix("°") == other.removeprefix("°")

    def in_unit(self, unit: str) -> float:
        """Return the number in another unit of the same kind; as it is where there is none."""
        kind, factor = UNITS.get(self.unit, ("", 1.0))
        other, of_other = UNITS.get(unit, ("", 1.0))
        return self.value * factor / of_other if kind == other else self.value


def parse_quantity(text: str) -> Quantity | None:
    """Return the quantity that a text is; None if it is none.

    >>> parse_quantity("21.5C")
    Quantity(value=21.5, unit='C')
    >>> parse_quantity("1st")
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    value = float(match[1])
    return Quantity(value, match[2] or "") if math.isfinite(value) else None
