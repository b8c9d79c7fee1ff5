"""The replay producer: a table's rows, at their own pace or a steady one."""

import math
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import click

from streamson.cli import run
from streamson.producers import options
from streamson.producers.publishing import Sample, or_missing, publish
from streamson.table import Table, paced

DEFAULT_RATE = 4.0


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
@click.option("--time-column", metavar="NAME", help="Which column is the time.  [default: by name]")
@click.option("--loop", is_flag=True, help="Begin again at the end.")
@click.option("--stream", help="The stream's name.  [default: the table's]")
@options.endpoint
def command(
    *,
    table: Path,
    speed: float,
    rate: float | None,
    time_column: str | None,
    loop: bool,
    stream: str | None,
    endpoint: str,
) -> int:
    """Publish the rows of TABLE, a .csv or .jsonl file, at their own timestamps' pace.

    Five minutes of readings in a second: streamson produce replay cpu.csv --speed 300
    """
    source = Table(table, time_column=time_column)
    if source.ignored:
        click.echo(f"replay: left out, not numbers: {', '.join(source.ignored)}", err=True)
    if source.time_column is None and rate is None:
        rate = DEFAULT_RATE
        click.echo(f"replay: no column of time; {rate:g} rows a second", err=True)
    samples = _samples(source, stream or source.name, speed=speed, rate=rate, loop=loop)
    return publish("replay", samples, endpoint=endpoint, keep=True)


def _samples(
    table: Table, stream: str, *, speed: float, rate: float | None, loop: bool
) -> Iterator[Sample]:
    rounds = count() if loop else range(1)
    rows = (row for _ in rounds for row in table.rows())
    for due_s, (fields, time) in paced(rows, speed=speed, rate=rate):
        yield Sample(stream, _with_none(fields), due_s, None if math.isnan(time) else time)


def _with_none(fields: Mapping[str, float]) -> dict[str, float | None]:
    return {name: or_missing(value) for name, value in fields.items()}


if __name__ == "__main__":
    run(command)
