"""What commands and producers have in common on the command line: times, sizes, columns."""

import math
import re
from pathlib import Path
from typing import Any, Final

import click

from streamson.model.limits import MAX_SPAN_S

_UNITS: Final = {"": 1, "ms": 0.001, "s": 1, "min": 60, "m": 60, "h": 3_600}


MAX_BYTES: Final = 10**15
_BYTES: Final = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


class Seconds(click.ParamType[float]):
    """A length of time: ``20``, ``20s``, ``200ms``, ``5min``, ``1h``.

    Parameters
    ----------
    or_none
        Whether it may be 0.
    """

    name = "time"

    def __init__(self, *, or_none: bool = False) -> None:
        self._or_none = or_none

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds, or say what is allowed."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", str(value).lower())
        if match is None or match[2] not in _UNITS or (float(match[1]) == 0 and not self._or_none):
            self.fail(
                f"found {value!r}; a time such as 20, 20s, 200ms, 5min or 1h is allowed", param, ctx
            )
        seconds = float(match[1]) * _UNITS[match[2]]
        if seconds > MAX_SPAN_S:
            self.fail(f"found {value!r}; up to a year is allowed", param, ctx)
        return seconds


class FiniteFloat(click.FloatRange):
    """A number in a range; unlike click's own, NaN and infinities are none."""

    name = "number"

    def _describe_range(self) -> str:
        # Without ends click says "x<=None".
        return "" if self.min is None and self.max is None else super()._describe_range()

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number, or say what is allowed."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"found {value!r}; a finite number is allowed", param, ctx)
        return number


class Size(click.ParamType[int]):
    """A size: ``700MB``, ``2GB``."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes, or say what is allowed."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", str(value).lower())
        if match is None or match[2] not in _BYTES or float(match[1]) == 0:
            self.fail(f"found {value!r}; a size such as 700MB or 2GB is allowed", param, ctx)
        size = float(match[1]) * _BYTES[match[2]]
        if size > MAX_BYTES:
            self.fail(f"found {value!r}; up to 1000TB are allowed", param, ctx)
        return round(size)


class SecondsOrSize(click.ParamType[float | int]):
    """A length of time, as a float, or a size, as an int."""

    name = "time or size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | int:
        """Return seconds or bytes, or say what is allowed."""
        try:
            return Seconds().convert(value, param, ctx)
        except click.BadParameter:
            pass
        try:
            return Size().convert(value, param, ctx)
        except click.BadParameter:
            allowed = "a time such as 1h or a size such as 2GB is allowed"
            self.fail(f"found {value!r}; {allowed}", param, ctx)


columns = click.option(
    "--columns",
    metavar="A,B",
    help="Which columns are heard, by name or number from 1: the first is the pitch, the second "
    "the volume.  [default: those that vary]",
)
each_column = click.option(
    "--each-column", is_flag=True, help="Let each column be a stream of its own, told apart."
)
time_column = click.option(
    "--time-column", metavar="NAME", help="Which column is the time.  [default: by its name]"
)
table_out = click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Where to: .csv or .jsonl; - prints it as .csv.  [default: -]",
)
