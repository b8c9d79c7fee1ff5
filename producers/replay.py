"""The replay producer: a table's rows, or a recorded session's points, as they came or faster."""

import logging
import math
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Final

import click

from streamson._click_options import FiniteFloat, Seconds, columns, each_column, time_column
from streamson.errors import InputFileError
from streamson.formats.table import Row, Table, paced
from streamson.formats.table_columns import choose_columns, left_out_words, named_columns
from streamson.producers import options
from streamson.producers.base.pace import or_missing
from streamson.producers.base.reading import BatchReading, Production, Reading

DEFAULT_RATE: Final = 4.0
LONG_WAIT_S: Final = 30.0
"""Who waits longer for a point wants to know why."""

_OF_TABLES: Final = ("rate", "columns", "each_column", "time_column", "loop", "stream")

_log = logging.getLogger(__name__)


@click.command(short_help="The rows of a table or the points of a recording, once more.")
@click.argument("source", metavar="TABLE|RECORDING", type=click.Path(path_type=Path))
@click.option(
    "--speed",
    type=FiniteFloat(0, 1e9, min_open=True),
    default=1.0,
    show_default=True,
    help="How many times faster than they came.",
)
@click.option(
    "--from", "start_s", type=Seconds(or_none=True), metavar="TIME", help="Begin after 5min."
)
@click.option(
    "--rate",
    type=FiniteFloat(0, options.MAX_RATE, min_open=True),
    metavar="HZ",
    help="Rows a second, whatever their time.  [default: the rows' own time, or 4 without one]",
)
@columns
@each_column
@time_column
@click.option("--loop", is_flag=True, help="Begin again at the end.")
@click.option("--stream", help="The stream's name.  [default: the table's]")
def command(
    *, source: Path, speed: float, start_s: float | None, **of_tables: object
) -> Production:
    """Publish the points of a recorded session's folder, or a table's rows, at their own pace.

    A table may be of any kind that "render" reads. To hear a recording as it was played, or as
    another session plays it, without a listener: see "render".

    \b
    streamson replay monday/ --speed 10 --from 5min
    streamson replay cpu.csv --speed 300        # five minutes of readings in a second
    streamson replay cpu.csv --rate 4 --columns user,idle --each-column
    """  # noqa: D301
    start = start_s or 0.0
    if source.is_dir():
        for name in _OF_TABLES:
            if of_tables[name]:
                option = name.replace("_", "-")
                raise click.UsageError(f"--{option} is for tables; {source} is a folder")
        readings = _points(source, speed)
    else:
        readings = _rows(source, speed, **of_tables)  # type: ignore[arg-type]
    return Production(_from(start, readings, source, speed), keep=True)


def _from(
    start_s: float, readings: Iterator[Reading | BatchReading], source: Path, speed: float
) -> Iterator[Reading | BatchReading]:
    """Yield the readings from a moment of their own time on, which is where time begins."""
    start_s, last_s = start_s / speed, 0.0
    for reading in readings:
        last_s = reading.due_s
        if last_s >= start_s:
            yield reading._replace(due_s=last_s - start_s)
    if last_s < start_s:
        raise InputFileError(f"{source}: its last point came after {last_s * speed:.1f} s")


def _points(folder: Path, speed: float) -> Iterator[Reading | BatchReading]:
    """Return what a recorded session received, when it came."""
    from streamson.recording.reader import Recording

    recording = Recording(folder)
    rate = recording.manifest.sample_rate

    def readings() -> Iterator[Reading | BatchReading]:
        for row in recording.points():
            due_s = (row.frame - recording.first_frame) / rate / speed
            message = row.message()
            if message.is_batch:
                yield BatchReading(message, due_s)
                continue
            fields = {name: or_missing(value) for name, value in message.fields.items()}
            yield Reading(message.stream, fields, due_s, _known(message.time))

    return readings()


def _rows(
    path: Path,
    speed: float,
    *,
    rate: float | None,
    columns: str | None,
    each_column: bool,
    time_column: str | None,
    loop: bool,
    stream: str | None,
) -> Iterator[Reading]:
    """Return the rows of a table, when they are due."""
    table = Table(path, time_column=time_column)
    if columns is None:
        choice = choose_columns(table.rows(), table.columns)
        table.keep(choice.heard, choice.left_out)
    else:
        table.keep(named_columns(columns.split(","), table), {})
    if table.left_out:
        _log.info("left out: %s; choose with --columns A,B", left_out_words(table.left_out))
    if table.time_column is None and rate is None:
        rate = DEFAULT_RATE
        _log.info("no column of time; %g rows a second", rate)
    name = stream or table.name
    streams = {name: table.columns}
    if each_column:
        streams = {f"{name}.{column}": [column] for column in table.columns}
    return _readings(paced(_laps(table, loop=loop), speed=speed, rate=rate), streams)


def _readings(
    rows: Iterator[tuple[float, Row]], streams: Mapping[str, list[str]]
) -> Iterator[Reading]:
    """Yield rows as points of some streams, each with its columns."""
    before_s, told = 0.0, False
    for due_s, (fields, time) in rows:
        if not told and due_s - before_s > LONG_WAIT_S:
            told = True
            wait = _in_words(due_s - before_s)
            _log.info(
                "the next point comes in %s; --speed X or --rate HZ lets it come sooner", wait
            )
        before_s = due_s
        for stream, names in streams.items():
            values = {name: or_missing(fields[name]) for name in names}
            yield Reading(stream, values, due_s, _known(time))


def _laps(table: Table, *, loop: bool) -> Iterator[Row]:
    """Yield the rows, once or again and again, and say what was left out of them."""
    told: set[str] = set()
    for _ in count() if loop else range(1):
        yield from table.rows()
        for remark in table.remarks:
            if remark not in told:
                _log.info("%s: %s", table.source, remark)
        told.update(table.remarks)


def _known(time: float) -> float | None:
    return None if math.isnan(time) else time


def _in_words(seconds: float) -> str:
    """Return a length of time for a person."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "replay", *sys.argv[1:]])
