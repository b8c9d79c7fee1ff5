"""The tail producer: numbers from standard input, line by line."""

import logging
import sys
from collections.abc import Iterator

import click

from streamson._printable import counted
from streamson.producers import options
from streamson.producers.base.reading import Production, Reading
from streamson.producers.text.line_reader import LineReader

_log = logging.getLogger(__name__)


@click.command(short_help="Numbers from standard input: vmstat 1 | streamson produce tail")
@options.stream("stdin")
@click.option(
    "--columns",
    metavar="A,B",
    help="Which columns, by name or number from 1, the pitch first.  [default: all]",
)
def command(*, stream: str, columns: str | None) -> Production:
    """Publish the numbers of each line of standard input.

    Lines are columns, named by a line of words above them; pairs such as T=21.5C, labels such as
    "humidity: 40 %"; or objects in JSON. One that begins with a topic, a name with a slash, is a
    point of that stream:

    \b
    vmstat 1 | streamson produce tail
    vmstat 1 | streamson produce tail --columns us,free
    mosquitto_sub -v -t 'home/#' | streamson produce tail
    """  # noqa: D301
    if sys.stdin.isatty():
        _log.info("type numbers, a line each; Ctrl-D ends")
    reader = LineReader(columns.split(",") if columns else None, lambda told: _log.info("%s", told))
    return Production(_readings(reader, stream), keep=False)


def _readings(reader: LineReader, stream: str) -> Iterator[Reading]:
    try:
        for line in reader.read(sys.stdin.buffer):
            yield Reading(line.stream or stream, line.fields)
    finally:
        if reader.skipped:
            lines = counted(reader.skipped, "line")
            _log.info("%s without wanted numbers left out", lines)


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "tail", *sys.argv[1:]])
