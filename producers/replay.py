"""The replay producer: a table's rows, at their own pace or a steady one."""

import math
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import click

from streamson.cli import run
from streamson.cli.options import columns, each_column, time_column
from streamson.formats.table import Row, Table, paced
from streamson.formats.table_columns import choose_columns, left_out_words, named_columns
from streamson.producers import options
from streamson.producers.publishing import Sample, or_missing, publish

DEFAULT_RATE = 4.0
LONG_WAIT_S = 30.0
"""Who waits longer for a point wants to know why."""


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--speed",
    type=options.FiniteFloat(0, 1e9, min_open=True),
    default=1.0,
    show_default=True,
    help="How many times faster than the rows' own time.",
)
@click.option(
    "--rate",
    type=options.FiniteFloat(0, options.MAX_RATE, min_open=True),
    metavar="HZ",
    help="Rows a second, whatever their time.  [default: the rows' own time, or 4 without one]",
)
@columns
@each_column
@time_column
@click.option("--loop", is_flag=True, help="Begin again at the end.")
@click.option("--stream", help="The stream's name.  [default: the table's]")
@options.endpoint
def command(
    *,
    table: Path,
    speed: float,
    rate: float | None,
    columns: str | None,
    each_column: bool,
    time_column: str | None,
    loop: bool,
    stream: str | None,
    endpoint: str,
) -> int:
    """Publish the rows of TABLE, of any kind that "render" reads, at their own times' pace.

    Five minutes of readings in a second: streamson produce replay cpu.csv --speed 300
    """
    source = Table(table, time_column=time_column)
    if columns is None:
        choice = choose_columns(source.rows(), source.columns)
        source.keep(choice.heard, choice.left_out)
    else:
        source.keep(named_columns(columns.split(","), source), {})
    if source.left_out:
        click.echo(
            f"replay: left out: {left_out_words(source.left_out)}; choose with --columns A,B",
            err=True,
        )
    if source.time_column is None and rate is None:
        rate = DEFAULT_RATE
        click.echo(f"replay: no column of time; {rate:g} rows a second", err=True)
    name = stream or source.name
    streams = {name: source.columns}
    if each_column:
        streams = {f"{name}.{column}": [column] for column in source.columns}
    samples = _samples(source, streams, speed=speed, rate=rate, loop=loop)
    return publish("replay", samples, endpoint=endpoint, keep=True)


def _samples(
    table: Table,
    streams: Mapping[str, list[str]],
    *,
    speed: float,
    rate: float | None,
    loop: bool,
) -> Iterator[Sample]:
    before_s, told = 0.0, False
    for due_s, (fields, time) in paced(_rows(table, loop=loop), speed=speed, rate=rate):
        if not told and due_s - before_s > LONG_WAIT_S:
            told = True
            wait = _in_words(due_s - before_s)
            click.echo(
                f"replay: the next point comes in {wait}; --speed X or --rate HZ lets it come "
                "sooner",
                err=True,
            )
        before_s = due_s
        for stream, names in streams.items():
            values = {name: or_missing(fields[name]) for name in names}
            yield Sample(stream, values, due_s, None if math.isnan(time) else time)


def _rows(table: Table, *, loop: bool) -> Iterator[Row]:
    """Yield the rows, once or again and again, and say what was left out of them."""
    told: set[str] = set()
    for _ in count() if loop else range(1):
        yield from table.rows()
        for remark in table.remarks:
            if remark not in told:
                click.echo(f"replay: {table.source}: {remark}", err=True)
        told.update(table.remarks)


def _in_words(seconds: float) -> str:
    """Return a length of time for a person."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


if __name__ == "__main__":
    run(command)
