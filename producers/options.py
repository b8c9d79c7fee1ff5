"""Options that producers share."""

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from streamson.wire.limits import DEFAULT_ENDPOINT

MAX_RATE: Final = 10_000.0

_Command = TypeVar("_Command", bound=Callable[..., Any])


class FiniteFloat(click.FloatRange):
    """A number in a range; unlike click's own, NaN and infinities are none."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number, or say what is allowed."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"found {value!r}; a finite number is allowed", param, ctx)
        return number


endpoint = click.option(
    "--endpoint",
    default=DEFAULT_ENDPOINT,
    show_default=True,
    help="Where the listener is.",
)
rate = click.option(
    "--rate",
    type=FiniteFloat(0, MAX_RATE, min_open=True),
    default=4.0,
    show_default=True,
    metavar="HZ",
    help="Points a second.",
)


def stream(default: str) -> Callable[[_Command], _Command]:
    """Return the option for the stream's name."""
    return click.option("--stream", default=default, show_default=True, help="The stream's name.")
