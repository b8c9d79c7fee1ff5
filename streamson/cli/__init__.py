"""The command line: one module a command, each loaded only when it is called."""

import gc
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

import click

from streamson._jit import Watcher, load_numba_sparingly, watch_compiling
from streamson._printable import PrintableFormatter, StderrHandler, printable
from streamson._version import __version__
from streamson.cli.descriptors import raise_descriptor_limit
from streamson.cli.ending import ending, leave
from streamson.cli.groups import LazyGroup
from streamson.cli.standard_streams import ReaderGoneError, secure, settle
from streamson.errors import StreamsonError

COMMANDS: Final = {
    "demo": "Hear the Dirichlet eta function as it is computed.",
    "listen": "Play what producers publish.",
    "watch": "See and steer a running listener in a terminal.",
    "web": "See, hear and steer a running listener in the browser.",
    "broadcast": "Send the sound of a running listener to an Icecast server, for many ears.",
    "produce": "Run a producer, such as eta, system or tail; without a name: list them.",
    "render": "Turn a table or a recorded session into sound, notes, plots or a video.",
    "decode": "Read the numbers back from a sound.",
    "alerts": "Say what a listener would have told of tables and recordings of the past.",
    "study": "Let people listen blind, in the browser: a listening test with results as a table.",
    "corpus": "Turn many tables into a data set of sound.",
    "relay": "Take points from producers, and hand them on to listeners and further relays.",
    "relay-feed": "Hand on the feed of a listener, for many readers.",
    "replay": "Publish the points of a recorded session, or of a table, once more.",
    "repair": "Mend sound files that a program left broken.",
    "keys": "Say who may publish, hear and steer from other machines.",
    "session": "Check session files, or begin one from what comes.",
    "instruments": "List the instruments, play or render a phrase of each.",
    "scales": "List the scales that a pitch may have.",
    "devices": "List the sound devices.",
    "doctor": "Say what is missing on this machine, and the command that mends it.",
}
"""Name and one-line help of every command; its code is ``command`` in the module of that name,
with _ in place of -."""

INTERRUPTED: Final = 130

OBJECTS_BETWEEN_COLLECTIONS: Final = 5_000
"""Python's own 700 is a twentieth of the time that a start takes: nothing of it is garbage. A
collection of so many takes a fifth of a millisecond."""


class _Commands(LazyGroup):
    """The commands, each ``command`` in the module of its name; ``--help`` imports none."""

    def names(self) -> Sequence[str]:
        return list(COMMANDS)

    def summary(self, name: str) -> str:
        return COMMANDS[name]

    def load(self, name: str) -> click.Command:
        module = import_module(f"streamson.cli.{name.replace('-', '_')}")
        command: click.Command = module.command
        return command


@click.group(
    cls=_Commands,
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


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, by default with the process's own arguments.

    Exits with 0 done, 1 failed, 2 wrong use, 3 no sound device, 130 Ctrl-C, 143 SIGTERM. Where a
    recording is not whole it is 1, whatever ended the playing. A closed terminal and a reader that
    has gone end it as Ctrl-C does: files are closed, the summary is printed. Mistakes become one
    line, never a traceback.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *gc.get_threshold()[1:])
    # Nothing here is so large that further threads of numpy's linear algebra make it quicker, and
    # each of them costs 0.1 s of a start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    secure()
    ending.listen()
    load_numba_sparingly()
    watch_compiling(_compiling)
    code = _run(arguments)
    ending.finish()
    settle()
    leave(code or ending.code or 0)


def _compiling() -> Watcher:
    from streamson.cli.compiling import Compiling

    return Compiling()


def _run(arguments: Sequence[str] | None) -> int:
    """Return the command's exit code; 0 where something ended it that has a code of its own."""
    try:
        prog_name = None if arguments is None else "streamson"
        code = cli.main(arguments, prog_name=prog_name, standalone_mode=False)
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
    if isinstance(error, OSError) and error.filename is not None:  # a name that no file can have
        click.echo(f"streamson: can't use {_name(error.filename)}: {error.strerror}", err=True)
        return 1
    return INTERRUPTED if isinstance(error, click.Abort | KeyboardInterrupt) else None


def _name(file: object) -> str:
    return printable(os.fsdecode(file) if isinstance(file, bytes) else str(file))
