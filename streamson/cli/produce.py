"""``streamson produce``: run a producer."""

from typing import Final

import click

from streamson.cli import LazyGroup

PRODUCERS: Final = {
    "eta": "The Dirichlet eta function along a line of the complex plane.",
    "zeta": "The Riemann zeta function along a line.",
    "function": "Any formula in t with mpmath's functions.",
    "system": "This machine's processor, memory, disks and network.",
    "replay": "The rows of a table, at their own pace or a steady one.",
    "tail": "Numbers from standard input: vmstat 1 | streamson produce tail",
}


@click.group(
    cls=LazyGroup, package="streamson.producers", summaries=PRODUCERS, invoke_without_command=True
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Run a producer, which publishes data points to a listener.

    It waits for the listener, so that no point is lost. Ctrl-C ends it.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
