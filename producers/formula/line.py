"""Values of a complex function along a line: what eta, zeta and function have in common."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count as whole_numbers
from typing import Any, Final

import click

from streamson.producers import options
from streamson.producers.base import pace
from streamson.producers.base.reading import Production, Reading
from streamson.producers.formula.computing import Computation, Formula

STEP: Final = "20/300"
"""The article's: 300 points from t = 400000 up to 400020."""


class Number(click.ParamType[Fraction]):
    """An exact number: ``0.5``, ``1e-3`` or ``20/300``."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        """Return the number, or say what is allowed."""
        if isinstance(value, Fraction):
            return value
        above, _, below = str(value).partition("/")
        try:
            number = _fraction(above) / _fraction(below or "1")
            float(number)  # a quotient may be beyond what a float holds
        except (ValueError, OverflowError, ZeroDivisionError):
            self.fail(f"found {value!r}; a number such as 0.5 or 20/300 is allowed", param, ctx)
        return number


def _fraction(text: str) -> Fraction:
    # By way of a float: the exact value of 1e-999999999 would eat the machine.
    return Fraction(float(text)).limit_denominator(10**9)


def line_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for the line, the pace and the stream."""
    for option in reversed(
        (
            click.option(
                "--start",
                type=Number(),
                default="400000",
                show_default=True,
                help="The first t.",
            ),
            click.option("--end", type=Number(), help="Stop before this t.  [default: go on]"),
            click.option(
                "--step", type=Number(), default=STEP, show_default=True, help="From t to t."
            ),
            click.option(
                "--count", type=click.IntRange(1), help="How many points.  [default: go on]"
            ),
            options.rate,
            options.on_demand,
        )
    ):
        command = option(command)
    return command


def points_on_line(
    start: Fraction, step: Fraction, *, end: Fraction | None = None, count: int | None = None
) -> Iterator[float]:
    """Yield start, start + step, ... until `end` (not included) or `count` points; no drift.

    What no float holds any more ends it too.
    """
    for k in whole_numbers():
        try:
            t = float(start + k * step)
        except OverflowError:
            return
        beyond = end is not None and (t >= end if step > 0 else t <= end)
        if beyond or (count is not None and k >= count):
            return
        yield t


def line_production(
    formula: Formula, *, stream: str, rate: float, on_demand: bool, **line: Any
) -> Production:
    """Return a function's values along a line as re, im, modulus and t.

    Where the function has no value (None, NaN or infinite), the fields but t are missing.
    """
    if line["step"] == 0:
        raise click.UsageError("--step is 0: every point would be the same")
    points = points_on_line(**line)
    return Production(_readings(formula, points, stream, None if on_demand else rate), keep=True)


def _readings(
    formula: Formula, points: Iterator[float], stream: str, rate_hz: float | None
) -> Iterator[Reading]:
    with Computation(formula) as computation:
        values = (_fields(t, value) for t, value in computation.values(points))
        if rate_hz is None:
            yield from pace.on_demand(stream, values)
        else:
            yield from pace.at_rate(stream, values, rate_hz=rate_hz)


def _fields(t: float, value: complex | None) -> dict[str, float | None]:
    if value is None:
        return {"re": None, "im": None, "modulus": None, "t": t}
    return {
        "re": pace.or_missing(value.real),
        "im": pace.or_missing(value.imag),
        "modulus": pace.or_missing(abs(value)),
        "t": t,
    }
