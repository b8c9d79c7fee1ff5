"""The tail producer: numbers from lines of text: standard input, files that grow, the journal."""

import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import click

from streamson.errors import UsageError, nearest
from streamson.producers import options
from streamson.producers.base.reading import Production, Reading
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.text.event_counts import EventCounter, parse_counts
from streamson.producers.text.followed_file import FollowedFile
from streamson.producers.text.journal import Journal
from streamson.producers.text.line_formats import LINE_FORMATS
from streamson.producers.text.line_reader import LineReader
from streamson.producers.text.line_readings import LineReadings, LineSettings, Misses
from streamson.producers.text.line_sources import (
    PipeReader,
    file_lines,
    first_lines,
    pipe_lines,
)
from streamson.producers.text.parsed_line import LineParser
from streamson.producers.text.pattern import BoundedPattern, PatternParser
from streamson.producers.text.stream_names import STDIN

MAX_FILES: Final = 256
MAX_UNITS: Final = 64
KNOWN: Final = ("file", "row", "count", "topic")
EVERY_LINE: Final = ""
"""The pattern of ``--event`` alone."""

_log = logging.getLogger(__name__)


class _How(NamedTuple):
    """How numbers are found."""

    columns: str | None
    pattern: str | None
    line_format: str | None

    def check(self) -> None:
        given = [
            option
            for option, value in (
                ("--columns", self.columns),
                ("--pattern", self.pattern),
                ("--format", self.line_format),
            )
            if value is not None
        ]
        if len(given) > 1:
            raise UsageError(f"found {' and '.join(given)}; one of them says how lines are read")

    def parser(
        self, unusable: Unusable, *, is_prose: bool
    ) -> tuple[Callable[[], LineParser], Misses]:
        """Return what makes a parser, and what becomes of lines without numbers."""
        if self.pattern is not None:
            pattern = BoundedPattern(self.pattern, "--pattern", _on_timeout(unusable))
            PatternParser(pattern)
            return lambda: PatternParser(pattern), "hush"
        if self.line_format is not None:
            if self.line_format not in LINE_FORMATS:
                raise UsageError(
                    f"--format: found {self.line_format!r}; allowed: {', '.join(LINE_FORMATS)}"
                    f"{nearest(self.line_format, LINE_FORMATS)}"
                )
            misses: Misses = "count" if self.line_format == "syslog" else "tell"
            return LINE_FORMATS[self.line_format], misses
        if self.columns is not None:
            columns = self.columns.split(",")
            return lambda: LineReader(columns, lambda told: _log.info("%s", told)), "names"
        return lambda: LineReader(is_prose=is_prose), "count"


@click.command(short_help="Numbers from lines: standard input, log files, the journal.")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--journal",
    "units",
    multiple=True,
    metavar="UNIT",
    help="Follow the journal of a systemd unit instead. May be given several times.",
)
@click.option("--from-start", is_flag=True, help="Read what a file holds already, too.")
@click.option(
    "--columns",
    metavar="A,B",
    help="Which columns, by name or number from 1, the pitch first.  [default: all]",
)
@click.option(
    "--format",
    "line_format",
    metavar="NAME",
    help=f"How lines are written: {', '.join(LINE_FORMATS)}.  [default: what they look like]",
)
@click.option(
    "--pattern",
    metavar="REGEX",
    help="A regular expression: its named groups are fields where they match numbers, and labels "
    "for --stream.",
)
@click.option(
    "--count",
    "counts",
    multiple=True,
    metavar="NAME=REGEX",
    help="Publish how many lines a second match, also when none does. May be given several times.",
)
@click.option(
    "--event",
    is_flag=False,
    flag_value=EVERY_LINE,
    metavar="[REGEX]",
    help="Publish 1 for each line that matches; alone, for each line.",
)
@click.option(
    "--interval",
    type=options.Interval(0.1, 3_600),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often counts are published.",
)
@options.fields
@click.option(
    "--stream",
    metavar="TEMPLATE",
    help="The streams' names. Known are {file}, {row}, {count}, and what a line names, such as "
    "{host} or a group of --pattern.  [default: {file}/{row}]",
)
def command(
    *,
    files: tuple[Path, ...],
    units: tuple[str, ...],
    from_start: bool,
    columns: str | None,
    line_format: str | None,
    pattern: str | None,
    counts: tuple[str, ...],
    event: str | None,
    interval: float,
    fields: tuple[str, ...],
    stream: str | None,
) -> Production:
    """Publish the numbers of each line of standard input, or of each that is added to FILEs.

    A file may be renamed, emptied, deleted and come back, as logs do, and need not be there yet.

    \b
    vmstat 1 | streamson produce tail
    streamson produce tail /var/log/nginx/access.log
    streamson produce tail app.log --count errors=ERROR --count warnings=WARN

    Lines are columns, named by a line of words above them; pairs such as T=21.5C, labels such as
    "humidity: 40 %"; or objects in JSON. One that begins with a topic, a name with a slash, is a
    point of that stream, and what --dry-run prints is read back. Access logs, ping, vmstat, iostat,
    df, free, tcpdump, syslog and kubectl are known by their lines. A timestamp in a line is the
    point's time.

    Lines without any number are events: where four follow each other, how many lines a second come
    is published as {file}/lines, also when none comes. --count and --event say which ones instead;
    numbers are then looked for only with --columns, --format or --pattern.

    {file} is a file's name without folder and suffix, a unit's, or the name of the program whose
    lines are known, such as ping, and otherwise stdin; {row} is which of several things a line is
    about: a disk, a host, or a class of status such as 5xx, so that errors are a stream of their
    own.
    """  # noqa: D301
    _check(files, units, event)
    how = _How(columns, pattern, line_format)
    how.check()
    unusable = Unusable("line")
    on_timeout = _on_timeout(unusable)
    counted = parse_counts(counts, on_timeout)
    event_pattern = None if event is None else BoundedPattern(event, "--event", on_timeout)
    parser, misses = how.parser(unusable, is_prose=bool(units))
    only_events = (counted or event_pattern is not None) and not any(
        given is not None for given in how
    )
    if only_events and fields:
        raise UsageError(
            "--fields chooses numbers, which with --count and --event are looked for only with "
            "--columns, --format or --pattern"
        )
    settings = LineSettings(
        None if only_events else parser,
        event_pattern,
        counted,
        misses,
        None if stream is None else StreamTemplate(stream, known=KNOWN),
        fields,
    )
    readings = LineReadings(settings, EventCounter(interval), unusable)
    if units:
        return Production(_of_journal(readings, Journal(units, unusable), units), keep=False)
    if files:
        names = _names_of(files)
        opened = [FollowedFile(path, names[path], from_start=from_start) for path in files]
        return Production(_of_files(readings, opened, unusable), keep=False)
    if sys.stdin.isatty():
        _log.info("type numbers, a line each; Ctrl-D ends")
    return Production(_of_input(readings, unusable), keep=False)


def _check(files: tuple[Path, ...], units: tuple[str, ...], event: str | None) -> None:
    if files and units:
        raise UsageError("found FILE and --journal; one of them can be followed at a time")
    if len(files) > MAX_FILES:
        raise UsageError(f"found {len(files)} files; up to {MAX_FILES} are allowed")
    if len(units) > MAX_UNITS:
        raise UsageError(f"--journal: found {len(units)} units; up to {MAX_UNITS} are allowed")
    for unit in units:
        if not unit.strip() or not unit.isprintable():
            raise UsageError(f"--journal: found {unit!r}; a unit is allowed: nginx.service")
    if event and not files and not units and os.path.exists(event):
        raise UsageError(
            f"--event: found {event!r}, which is a file; write files first, or a pattern in "
            f"quotes: streamson produce tail {event} --event"
        )


def _names_of(files: Sequence[Path]) -> dict[Path, str]:
    """Return what files are called: without suffix and folder, but where two were the same."""
    names = {path: path.stem for path in files}
    for longer in (_with_suffix, _with_folder, str):
        number = Counter(names.values())
        names = {path: name if number[name] == 1 else longer(path) for path, name in names.items()}
    return names


def _with_suffix(path: Path) -> str:
    return path.name


def _with_folder(path: Path) -> str:
    return str(Path(path.parent.name, path.name))


def _on_timeout(unusable: Unusable) -> Callable[[], None]:
    return lambda: unusable.add("that a pattern takes too long for")


def _of_input(readings: LineReadings, unusable: Unusable) -> Iterator[Reading]:
    reader = PipeReader(sys.stdin.buffer)
    readings.begin(STDIN)
    try:
        yield from readings.read(pipe_lines(reader, STDIN))
    finally:
        _tell(readings, unusable, reader.splitter.too_long)


def _of_files(
    readings: LineReadings, files: list[FollowedFile], unusable: Unusable
) -> Iterator[Reading]:
    try:
        for file in files:
            readings.begin(file.name)
        for line in first_lines(files):
            readings.prime(line)
        yield from readings.read(file_lines(files))
    finally:
        for file in files:
            file.close()
        _tell(readings, unusable, sum(file.too_long for file in files))


def _of_journal(
    readings: LineReadings, journal: Journal, units: tuple[str, ...]
) -> Iterator[Reading]:
    for unit in units:
        readings.begin(unit.removesuffix(".service"))
    try:
        with closing(journal.lines()) as lines:
            yield from readings.read(lines)
    finally:
        journal.close()
        readings.tell()


def _tell(readings: LineReadings, unusable: Unusable, too_long: int) -> None:
    if too_long:
        unusable.add("of more than 64 KiB", number=too_long)
    readings.tell()


if __name__ == "__main__":
    from streamson.__main__ import main

    main(["produce", "tail", *sys.argv[1:]])
