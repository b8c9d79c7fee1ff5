"""The command line: one module a command, each loaded only when it is called."""

import logging
import sys
from importlib import import_module
from typing import Final, NoReturn

import click

from streamson._printable import PrintableFormatter, StderrHandler
from streamson._version import __version__
from streamson.cli.descriptors import raise_descriptor_limit
from streamson.cli.ending import ending, leave
from streamson.cli.standard_streams import ReaderGoneError, secure, settle
from streamson.errors import StreamsonError, nearest

COMMANDS: Final = {
    "demo": "Hear the Dirichlet eta function as it is computed.",
    "listen": "Play what producers publish.",
    "produce": "Run a producer: eta, zeta, function, system, replay, tail.",
    "render": "Turn a table or a recorded session into sound, notes, pictures or a film.",
    "corpus": "Turn many tables into a data set of sound.",
    "replay": "Publish what a recorded session received once more.",
    "repair": "Mend sound files that a program left broken.",
    "session": "Check session files, or begin one from what comes.",
    "instruments": "List the instruments, play or render a phrase of each.",
    "scales": "List the scales that a pitch may have.",
    "devices": "List the sound devices.",
    "doctor": "Say what is missing on this machine, and the command that mends it.",
}
"""Name and one-line help of every command; its code is ``command`` in the module of that name."""

INTERRUPTED: Final = 130


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called, not before.

    Parameters
    ----------
    package
        Where the modules are.
    summaries
        Command name to one-line help.
    """

    def __init__(self, package: str, summaries: dict[str, str], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._package = package
        self._summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Return the names in the order in which they are explained."""
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command, or None if there is none of that name."""
        if cmd_name not in self._summaries:
            return None
        module = import_module(f"{self._package}.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; for a mistyped one, name those there are."""
        if args[0] not in self._summaries and not args[0].startswith("-"):
            ctx.fail(
                f'no command "{args[0]}"{nearest(args[0], self._summaries)}; '
                f"there are: {', '.join(self._summaries)}"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from the summaries, so that ``--help`` imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))


@click.group(
    cls=LazyGroup,
    package="streamson.cli",
    summaries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="streamson")
@click.option("-v", "--verbose", count=True, help="Say more; twice for everything.")
def cli(verbose: int) -> None:
    """Hear live data: numbers come in over ZeroMQ, are rescaled as they come, and become notes.

    Begin with "streamson demo". To hear this machine, run "streamson listen" and, in another
    terminal, "streamson produce system".
    """
    level = [logging.WARNING, logging.INFO, logging.DEBUG][min(verbose, 2)]
    handler = StderrHandler()
    handler.setFormatter(PrintableFormatter("streamson: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("numba").setLevel(logging.WARNING)
    logging.getLogger("streamson.legend").setLevel(min(level, logging.INFO))
    raise_descriptor_limit()


def main() -> NoReturn:
    """Run the command line; exit 0 done, 1 failed, 2 wrong use, 3 no sound device, 130 Ctrl-C.

    After SIGTERM it is 143. Where a recording is not whole it is 1, whatever ended the playing.
    """
    run(cli)


def run(command: click.Command) -> NoReturn:
    """Run a command and exit with its code; mistakes become one line, never a traceback.

    SIGTERM, a closed terminal and a reader that has gone end it as Ctrl-C does: files are closed,
    the summary is printed.
    """
    secure()
    ending.listen()
    code = _run(command)
    ending.finish()
    settle()
    leave(code or ending.code or 0)


def _run(command: click.Command) -> int:
    """Return the command's exit code; 0 where something ended it that has a code of its own."""
    try:
        code = command.main(standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:
        known = _tell(error)
        if known is None and ending.code is None:
            raise
        # What ended it may have taken the reader of its summary along.
        return 0 if ending.code and isinstance(error, ReaderGoneError) else known or 0
    return code if isinstance(code, int) else 0


def _tell(error: BaseException) -> int | None:
    """Say in one line what went wrong, and return the exit code; None for what nobody foresaw."""
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, StreamsonError):
        if not isinstance(error, ReaderGoneError):
            click.echo(f"streamson: {error}", err=True)
        return error.exit_code
    if isinstance(error, MemoryError):
        click.echo("streamson: there is not enough memory for this", err=True)
        return 1
    return INTERRUPTED if isinstance(error, click.Abort | KeyboardInterrupt) else None
