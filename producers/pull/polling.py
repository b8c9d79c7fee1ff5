"""Asking again and again: at each interval, later where the server wishes so."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import click

from streamson.producers import options
from streamson.producers.base.backoff import Backoff
from streamson.producers.pull.unavailable import UnavailableError

DEFAULT_INTERVAL_S: Final = 5.0
"""Often enough to be followed by ear, and what it costs is no matter for a server."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


def interval_option(command: _Command) -> _Command:
    """Add the option ``--interval``."""
    return click.option(
        "--interval",
        type=options.Interval(0.1, 86_400),
        default=DEFAULT_INTERVAL_S,
        show_default=True,
        metavar="SECONDS",
        help="Time between two requests.",
    )(command)


async def poll(ask: Callable[[], Awaitable[None]], interval_s: float, backoff: Backoff) -> None:
    """Ask at each interval, without an end.

    Requests keep to a grid of time; what takes longer than an interval leaves some of it out. Who
    is gone is asked again sooner, as `Backoff` says.
    """
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        try:
            await ask()
        except UnavailableError as gone:
            await asyncio.sleep(gone.wait_s(backoff.failed(gone), interval_s))
            due = loop.time()
            continue
        backoff.connected()
        now = loop.time()
        due += interval_s * max(1, math.ceil((now - due) / interval_s))
        await asyncio.sleep(due - now)
