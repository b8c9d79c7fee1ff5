"""``streamson alerts``: what would have been told of tables and recordings of the past."""

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

import click

from streamson._click_options import Seconds, each_column, table_out, time_column
from streamson._printable import counted, printable
from streamson.cli.ending import ending
from streamson.errors import InputFileError, OutputFileError, SessionError, UsageError

if TYPE_CHECKING:
    from streamson.offline.past_alerts import PastAlert
    from streamson.offline.past_inputs import PastInput
    from streamson.session.schema import Session

COLUMNS: Final = ("table", "stream", "time", "field", "value", "kind", "surprise")

MAX_LINES: Final = 100
"""Streams of which it is said how many alerts they had; of more only the sum is."""

_STDOUT: Final = "-"
_ENDINGS: Final = (".csv", ".jsonl")
_YEAR_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_DATE_S: Final = 2.5e11
"""Times beyond, of the year 9892, are written as seconds."""


@click.command()
@click.argument(
    "inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path(path_type=Path)
)
@click.option(
    "--session",
    default="monitor",
    show_default=True,
    metavar="FILE|PRESET",
    help="Whose alerts: a session file, or a preset.",
)
@table_out
@click.option(
    "--outlier",
    metavar="RATE",
    help='How often what is usual may be told, such as "1 a day", in place of what the session '
    "says.",
)
@click.option(
    "--columns",
    metavar="A,B",
    help="Which columns are the fields, in this order, by name or number.  [default: all numbers]",
)
@each_column
@time_column
@click.option(
    "--step",
    type=Seconds(),
    metavar="TIME",
    help="How far apart the rows are of a table without times.",
)
def command(
    *,
    inputs: tuple[Path, ...],
    session: str,
    out: Path | None,
    outlier: str | None,
    columns: str | None,
    each_column: bool,
    time_column: str | None,
    step: float | None,
) -> int:
    """Say what a listener would have told of INPUT, and how often a day.

    INPUT is a table with a column of times: its rows are the points of a stream of its name, whose
    fields are its columns of numbers. Or it is the folder of a recorded session. Each alert is a
    row with the columns table, stream, time, field, value, kind (above, below, level, rate, shape,
    season or silent), and surprise, the log10 of how many points lie between such unusual ones.
    Times are as in the table: dates, in UTC, or seconds.

        streamson alerts last_month.csv -o alerts.csv
    """
    from streamson.offline.past_inputs import PastRecording, PastTable
    from streamson.recording.manifest import is_recording
    from streamson.session.load import load_session

    out = out or Path(_STDOUT)
    _check_out(out, inputs)
    loaded = _with_outlier(load_session(session), outlier)
    for_tables = {
        "--columns": columns,
        "--each-column": each_column or None,
        "--time-column": time_column,
        "--step": step,
    }
    sources: list[PastInput] = []
    for path in inputs:
        if is_recording(path):
            for name, value in for_tables.items():
                if value is not None:
                    raise UsageError(f"{name} is for tables; {path} is a recorded session")
            sources.append(PastRecording(path, loaded))
        else:
            sources.append(
                PastTable(
                    path,
                    loaded,
                    columns=columns,
                    each_column=each_column,
                    time_column=time_column,
                    step_s=step,
                )
            )
    ending.hold()
    kept = io.StringIO(newline="")
    if is_printed := str(out) == _STDOUT:
        _write_rows(sources, ".csv", lambda text: click.echo(text, nl=False))
    else:
        _write_rows(sources, out.suffix.lower(), kept.write)
    for source in sources:
        for remark in source.remarks:
            click.echo(f"{source.name}: {remark}", err=True)
    if not any(source.streams for source in sources):
        raise InputFileError("no points are there, of which anything could have been told")
    if not is_printed:
        _save(kept.getvalue(), out)
    for line in _summary(sources):
        click.echo(line, err=True)
    return 0


def _check_out(out: Path, inputs: tuple[Path, ...]) -> None:
    """Raise `UsageError` where the output can't be written, or is an input."""
    if str(out) == _STDOUT:
        return
    if out.suffix.lower() not in _ENDINGS:
        raise UsageError(f"can't write {out}: {' and '.join(_ENDINGS)} are allowed")
    if not out.parent.is_dir():
        raise UsageError(f"can't write {out}: there is no folder {out.parent}")
    if out.resolve() in (path.resolve() for path in inputs):
        raise UsageError(f'can\'t write "{out}": it is the input itself')


def _with_outlier(session: "Session", text: str | None) -> "Session":
    """Return a session that asks for another rate of false alerts."""
    import msgspec

    from streamson.session.parse.alerts import outlier
    from streamson.session.parse.checks import Place

    if text is None:
        return session
    try:
        rate = outlier(text, Place("--outlier"))
    except SessionError as error:
        raise UsageError(str(error)) from None
    if all(alert.band is not None for alert in session.alerts):
        raise UsageError(f"--outlier: no alert of the session {session.name} asks what is unusual")
    alerts = tuple(
        alert if alert.band is not None else msgspec.structs.replace(alert, outlier=rate)
        for alert in session.alerts
    )
    return msgspec.structs.replace(session, alerts=alerts)


def _save(text: str, out: Path) -> None:
    """Write a file that is there once all is in it."""
    from streamson.formats.atomic import write_atomically

    try:
        write_atomically(out, text.encode())
    except OSError as error:
        raise OutputFileError(f"can't write {out}: {error.strerror}") from None


def _write_rows(sources: "list[PastInput]", ending: str, write: Callable[[str], object]) -> None:
    if ending == ".csv":
        write(_csv_line(COLUMNS))
    for source in sources:
        shown = _Shown(source.name)
        for alert in source.alerts(shown.update):
            shown.clear()
            row = _row(source, alert)
            if ending == ".csv":
                write(_csv_line(row))
            else:
                write(json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n")
        shown.clear()


class _Shown:
    """Says on a terminal how many points of an input were read, once a second."""

    def __init__(self, name: str) -> None:
        self._name = printable(name)
        self._is_shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._said_at = monotonic()

    def update(self, points: int) -> None:
        """Say it, where it is time."""
        if self._is_shown and monotonic() - self._said_at >= 1.0:
            self._said_at = monotonic()
            read = f"{points:,} points …"
            room = shutil.get_terminal_size().columns - len(read) - 3  # else it fills two lines
            name = f"{self._name[:room]}: " if room > 0 else ""
            click.echo(f"\r{name}{read}\x1b[K", nl=False, err=True)

    def clear(self) -> None:
        """Make room for what is told."""
        if self._is_shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def _row(source: "PastInput", alert: "PastAlert") -> tuple[object, ...]:
    time = _date(alert.time) if source.has_dates else _plain(alert.time)
    value = None if alert.value is None else _plain(alert.value)
    surprise = None if alert.surprise is None else round(alert.surprise, 2)
    return (source.name, alert.stream, time, alert.field, value, alert.kind, surprise)


def _csv_line(cells: tuple[object, ...]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _date(seconds: float) -> str | float:
    if not abs(seconds) < _MAX_DATE_S:
        return seconds
    moment = _YEAR_1970 + timedelta(seconds=round(seconds, 6))
    return moment.replace(tzinfo=None).isoformat(" ")


def _plain(value: float) -> float:
    """Return a whole number without a point."""
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _summary(sources: "list[PastInput]") -> list[str]:
    """Return a line for each stream, and one for all."""
    lines, alerts, days = [], 0, 0.0
    for source in sources:
        for stream, (of_stream, of_days) in source.streams.items():
            alerts, days = alerts + of_stream, days + of_days
            name = stream if stream.startswith(source.name) else f"{source.name}, {stream}"
            lines.append(f"{printable(name)}: {_rate(of_stream, of_days)}")
    more = len(lines) - MAX_LINES
    told = lines[:MAX_LINES] + ([f"… and {more} more streams"] if more > 0 else [])
    if len(lines) != 1:
        each = " and stream" if days >= 1 else ""
        told.append(f"all {counted(len(lines), 'stream')}: {_rate(alerts, days)}{each}")
    return told


def _rate(alerts: int, days: float) -> str:
    """Return how many there were in which time, and from a day on how many a day."""
    number = counted(alerts, "alert")
    if days >= 1:
        return f"{number} in {days:.1f} days, {alerts / days:.3g} a day"
    hours = 24 * days
    return f"{number} in {hours:.1f} hours" if hours >= 1 else f"{number} in {3600 * hours:.0f} s"
