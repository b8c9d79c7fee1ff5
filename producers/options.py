"""Options that producers share."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from streamson._click_options import FiniteFloat, Seconds

MAX_RATE: Final = 10_000.0

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Interval(FiniteFloat):
    """A time in a range, in seconds, with a unit or without: ``0.5``, ``30s``, ``5min``."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds, or say what is allowed."""
        if isinstance(value, str) and value.strip()[:1].isdigit() and value.strip()[-1:].isalpha():
            value = Seconds().convert(value, param, ctx)
        return super().convert(value, param, ctx)


rate = click.option(
    "--rate",
    type=FiniteFloat(0, MAX_RATE, min_open=True),
    default=4.0,
    show_default=True,
    metavar="HZ",
    help="Points a second.",
)


on_demand = click.option(
    "--on-demand", is_flag=True, help="Send a point for each line of standard input instead."
)


def _patterns(_context: click.Context, _option: click.Parameter, text: str) -> tuple[str, ...]:
    return tuple(pattern for word in text.split(",") if (pattern := word.strip()))


fields = click.option(
    "--fields",
    default="",
    callback=_patterns,
    metavar="A,B*",
    help="Which fields, as shell patterns.  [default: all]",
)


def stream_template(default: str, known: str) -> Callable[[_Command], _Command]:
    """Return the option for the streams' names, and which labels are known."""
    return click.option(
        "--stream",
        default=default,
        show_default=True,
        metavar="TEMPLATE",
        help=f"The streams' names. Known are {known}.",
    )


def stream(default: str) -> Callable[[_Command], _Command]:
    """Return the option for the stream's name."""
    return click.option("--stream", default=default, show_default=True, help="The stream's name.")
