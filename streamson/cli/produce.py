"""``streamson produce``: run a producer, this package's or another's, found by its entry point."""

import functools
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import click

from streamson import _notify
from streamson._printable import PrintableFormatter, StderrHandler, counted
from streamson.cli import INTERRUPTED, options
from streamson.cli.ending import ending
from streamson.cli.groups import LazyGroup
from streamson.errors import MissingDependencyError

if TYPE_CHECKING:
    from streamson.producers.base.reading import Production

GROUP: Final = "streamson.producers"
"""Entry points of this group name click commands that return a `Production`."""


@functools.cache
def _found() -> dict[str, EntryPoint]:
    """Return the producers that are installed by name; this package's own win."""
    found = sorted(entry_points(group=GROUP), key=lambda entry: entry.value.startswith(GROUP))
    return {entry.name: entry for entry in found}


class _Producers(LazyGroup):
    """The producers that are installed."""

    def names(self) -> Sequence[str]:
        return sorted(_found())

    def summary(self, name: str) -> str:
        try:
            found: click.Command = _found()[name].load()
        except Exception as error:  # whatever somebody else's module does
            return f"Can't be loaded: {error}."
        return found.get_short_help_str(200)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of producers, and what brings the packages that some of them lack."""
        super().format_commands(ctx, formatter)
        for name in self.names():
            packages = _missing(_found()[name].module)
            if packages:
                install = f"{sys.executable} -m pip install {packages}"
                formatter.write(f"\n{name} needs packages that are missing: {install}\n")

    def load(self, name: str) -> click.Command:
        return producer_command(name)


def _missing(module: str) -> str:
    """Return what brings the packages that a producer's module requires and that are missing."""
    required: dict[str, str] = getattr(sys.modules.get(module), "REQUIRES", {})
    missing = [b for name, b in required.items() if find_spec(name.partition(".")[0]) is None]
    return " ".join(f"'{brings}'" for brings in missing)


def producer_command(name: str) -> click.Command:
    """Return the command that runs a producer: its own options, and where the listener is.

    Raises
    ------
    MissingDependencyError
        If its module can't be imported.
    """
    if name not in _found():
        raise MissingDependencyError(
            f"the producer {name} is not installed; install streamson anew: "
            f"{sys.executable} -m pip install streamson"
        )
    try:
        found: click.Command = _found()[name].load()
    except Exception as error:
        raise MissingDependencyError(f"the producer {name} can't be loaded: {error}") from None
    produce: Callable[..., Production] | None = found.callback
    if produce is None:
        raise MissingDependencyError(f"the producer {name} is no command that can be run")

    has_rate = any(param.name == "rate" for param in found.params)

    def run(*, endpoint: str, dry_run: bool, **settings: Any) -> None:
        limit_hz: float | None = None if has_rate else settings.pop("rate")
        _tell(name)
        try:
            _publish(name, produce(**settings), None if dry_run else endpoint, limit_hz)
        except KeyboardInterrupt:  # Click would write an empty line
            raise click.exceptions.Exit(INTERRUPTED) from None

    command = click.Command(
        found.name, params=list(found.params), callback=run, help=found.help, epilog=found.epilog
    )
    shared = (options.dry_run, options.endpoint)
    for option in shared if has_rate else (options.rate_limit, *shared):
        command = option(command)
    return command


def _publish(
    name: str, production: "Production", endpoint: str | None, limit_hz: float | None
) -> None:
    """Publish to an endpoint, or print without one, at most so many points a second a stream."""
    from streamson.producers.base.publishing import publish
    from streamson.producers.base.rate_limit import RateLimit
    from streamson.producers.base.sink import PointPrinter, Sink
    from streamson.wire.points.publisher import Publisher

    ending.hold()
    with ExitStack() as opened:
        sink: Sink = (
            PointPrinter(sys.stdout)
            if endpoint is None
            else opened.enter_context(Publisher(endpoint, wait_s=0))
        )
        limit = None if limit_hz is None else opened.enter_context(RateLimit(sink, limit_hz))
        try:
            _notify.ready()
            publish(production, limit or sink)
        finally:
            ending.finish()
            _notify.stopping()
            close = getattr(production.readings, "close", None)
            if close is not None:  # what a generator has opened; or a queue, for who fills it
                close()
            left_out = ""
            opened.close()  # what waits goes; and the listener's last word comes
            if limit is not None:
                left_out = f", {limit.left_out} left out by --rate"
            # By the network, or before that, where more came than went.
            dropped = sink.dropped + getattr(production.readings, "dropped", 0)
            done = f"sent, {dropped} dropped" if endpoint is not None else "printed"
            if sink.refused:
                done += f", {sink.refused} refused there"
            if ending.code == INTERRUPTED and sys.stderr.isatty():
                click.echo(err=True)  # the terminal has left its ^C in the line
            click.echo(f"{name}: {counted(sink.sent, 'point')} {done}{left_out}", err=True)


def _tell(name: str) -> None:
    """Let what a producer logs be lines that begin with its name."""
    handler = StderrHandler()
    handler.setFormatter(PrintableFormatter(f"{name}: %(message)s"))
    log = logging.getLogger(GROUP)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    logging.getLogger("streamson.wire.points.publisher").setLevel(logging.ERROR)  # it is said here


@click.group(cls=_Producers, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Run a producer, which publishes data points to a listener.

    It waits for the listener, so that no point is lost. Ctrl-C ends it.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
