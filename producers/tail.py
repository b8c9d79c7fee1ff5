"""The tail producer: numbers from standard input, line by line."""

import sys

import click

from streamson._printable import counted
from streamson.cli import run
from streamson.producers import options
from streamson.producers.lines import LineReader
from streamson.producers.publishing import Sample, publish


@click.command()
@options.stream("stdin")
@click.option(
    "--columns",
    metavar="A,B",
    help="Which columns, by name or number from 1, the pitch first.  [default: all]",
)
@options.endpoint
def command(*, stream: str, columns: str | None, endpoint: str) -> int:
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
        click.echo("tail: type numbers, a line each; Ctrl-D ends", err=True)
    reader = LineReader(
        columns.split(",") if columns else None, lambda told: click.echo(f"tail: {told}", err=True)
    )
    samples = (
        Sample(reading.stream or stream, reading.fields)
        for reading in reader.read(sys.stdin.buffer)
    )
    code = publish("tail", samples, endpoint=endpoint, keep=False)
    if reader.skipped:
        lines = counted(reader.skipped, "line")
        click.echo(f"tail: {lines} without wanted numbers left out", err=True)
    return code


if __name__ == "__main__":
    run(command)
