"""Lines that boards print for the Serial Plotter of Arduino: ``temperature:21.5,humidity:40``."""

import math
import re
from typing import Final

from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS

_PART: Final = re.compile(
    r"\s*+([A-Za-zµΑ-Ωα-ω_][^:,;\t=]{0,199}?)\s*+:\s*+"
    r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?|-?nan|-?inf)"
    r"(?:\s*+[,;\t]|\s++|$)",
    re.IGNORECASE,
)


def parse_plotter_line(line: str) -> dict[str, float]:
    """Return the numbers of a line by their labels; nothing if it has anything else.

    What is no number, as a sensor that fails says, is left out.

    >>> parse_plotter_line("temperature:21.5,humidity:40")
    {'temperature': 21.5, 'humidity': 40.0}
    >>> parse_plotter_line("12:30:05")
    {}
    """
    found: dict[str, float] = {}
    at = 0
    while at < len(line):
        part = _PART.match(line, at)
        if part is None or len(found) == MAX_FIELDS:
            return found if part is not None else {}
        number = float(part[2])
        if math.isfinite(number) and part[1].isprintable():
            found[part[1][:MAX_FIELD_CHARS]] = number
        at = part.end()
    return found
