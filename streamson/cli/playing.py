"""Playing until the end: starting a listener, its live line, and the summary."""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import msgspec

from streamson._printable import PrintableFormatter, counted
from streamson.cli.ending import ending
from streamson.cli.standard_streams import never_wait
from streamson.formats.atomic import write_atomically
from streamson.listener.listener import Listener
from streamson.model.statistics import Statistics

REFRESH_S: Final = 0.1
SHOWN_LAG_S: Final = 0.5
"""What is more behind than this is told."""

PLAIN_INTERVAL_S: Final = 10.0
"""Where stderr is not a terminal, a line is printed this often."""


def play(
    listener: Listener,
    *,
    stats_file: Path | None = None,
    check: Callable[[], None] = lambda: None,
) -> int:
    """Run a listener until its duration is over or a signal comes; return the exit code.

    It is 1 if the recording is not whole, however the playing ended.

    Parameters
    ----------
    listener
        Not started yet.
    stats_file
        Where the statistics go at the end.
    check
        Called ten times a second; what it raises ends the playing.
    """
    ending.hold()
    never_wait()
    try:
        _play(listener, stats_file, check)
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C and SIGTERM have codes of their own
        if listener.recording_error is None:
            raise
    if listener.recording_error:
        return 1
    return 1 if _silent(listener.stats()) else 0


def _silent(stats: Statistics) -> bool:
    """Return whether points came and nothing at all came of them."""
    return bool(stats.points_received and not stats.notes_played and not stats.notes_waiting)


def _play(listener: Listener, stats_file: Path | None, check: Callable[[], None]) -> None:
    try:
        _tell_the_time()
        listener.start()
        click.echo(f"Playing {listener.output}. Ctrl-C ends.", err=True)
        if not listener.plays and listener.recording is None:
            click.echo(
                "Nothing is heard here: --record take.wav makes a file to listen to elsewhere, and "
                '"streamson doctor" says what a sound device needs.',
                err=True,
            )
        with _live_line(listener) as show:
            while not listener.finished:
                time.sleep(REFRESH_S)
                check()
                show()
    finally:
        ending.finish()
        listener.stop()
        stats = listener.stats()
        try:
            if stats_file is not None:
                _write_stats(stats, stats_file)
        finally:
            click.echo(summary(stats, listener))


def summary(stats: Statistics, listener: Listener) -> str:
    """Return what was played, lost and recorded, a line each."""
    lines = [
        f"played {stats.notes_played} notes of {stats.points_received} points "
        f"in {stats.seconds:.1f} s"
        + (f", {stats.notes_waiting} more were still to come" if stats.notes_waiting else "")
        + _peak(stats),
        f"lost {stats.points_lost} points, refused {stats.messages_refused} messages, "
        f"coalesced {stats.points_coalesced} points, dropped {stats.notes_dropped} notes, "
        f"late {stats.notes_late}"
        + (f", missed {stats.blocks_missed} of {stats.blocks} blocks" if listener.plays else ""),
    ]
    if _silent(stats):
        lines.append("no note came of these points: see above what would be played of them")
    if stats.streams_refused:
        lines.append(
            f"did not play {stats.points_of_refused_streams} points of {stats.streams_refused} or "
            "more streams: there were too many"
        )
    if stats.faults:
        faults = counted(stats.faults, "fault")
        lines.append(f"left out points because of {faults} of streamson: see above")
    if listener.recording is not None:
        lost = stats.recording_lost_seconds
        lines.append(
            f"recorded {stats.recorded_seconds:.1f} s to {listener.recording}"
            + (f", {lost:.1f} s are lost" if lost else "")
            + _unrecorded(stats)
            + (f"; it is not whole: {listener.recording_error}" if listener.recording_error else "")
        )
    elif listener.recording_error is not None:
        lines.append(f"recorded nothing: {listener.recording_error}")
    return "\n".join(lines)


def _unrecorded(stats: Statistics) -> str:
    if not stats.points_unrecorded and not stats.notes_unrecorded:
        return ""
    return f", without {stats.points_unrecorded} points and {stats.notes_unrecorded} notes"


def _peak(stats: Statistics) -> str:
    return "" if stats.peak_dbfs is None else f", peak {stats.peak_dbfs:.1f} dBFS"


def _write_stats(stats: Statistics, path: Path) -> None:
    content = msgspec.json.format(msgspec.json.encode(stats)) + b"\n"
    try:
        if path.exists() and not path.is_file():  # such as /dev/stdout
            path.write_bytes(content)
        else:
            write_atomically(path, content)
    except OSError as error:
        raise click.FileError(str(path), error.strerror) from None


@contextmanager
def _live_line(listener: Listener) -> Iterator[Callable[[], None]]:
    """Yield a function that shows the state: a line that changes, or now and then a plain one."""
    if not _has_terminal():
        yield _plain_lines(listener)
        return
    from rich.console import Console  # slow to load, and only for terminals
    from rich.live import Live
    from rich.text import Text

    # What others named is text, not markup: [/a] or :a: in it has no meaning.
    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:

        def show() -> None:
            if _has_terminal():
                live.update(Text(_state(listener)), refresh=True)

        yield show


def _has_terminal() -> bool:
    """Return whether stderr is a terminal, and this process is not in its background."""
    if not sys.stderr.isatty():
        return False
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(sys.stderr.fileno()) == os.getpgrp()
    except OSError:
        return False


def _tell_the_time() -> None:
    """Let the log say when something happened, as long as it plays."""
    formatter = PrintableFormatter("%(asctime)s %(message)s", "%H:%M:%S")
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)


def _plain_lines(listener: Listener) -> Callable[[], None]:
    due = PLAIN_INTERVAL_S

    def show() -> None:
        nonlocal due
        stats = listener.stats()
        if stats.seconds >= due:
            due += PLAIN_INTERVAL_S
            click.echo(_state(listener), err=True)

    return show


def _state(listener: Listener) -> str:
    stats = listener.stats()
    minutes, seconds = divmod(int(stats.seconds), 60)
    if not stats.points_received:
        return f"{minutes}:{seconds:02}  waiting for points on {listener.endpoint}"
    lost = f", {stats.points_lost} lost" if stats.points_lost else ""
    alerts = f", {counted(stats.alerts_active, 'alert')}" if stats.alerts_active else ""
    stale = f", {stats.streams_stale} silent" if stats.streams_stale else ""
    lag = f", {stats.lag_s:.1f} s behind" if stats.lag_s >= SHOWN_LAG_S else ""
    dropped = f", {stats.notes_dropped} dropped" if stats.notes_dropped else ""
    return (
        f"{minutes}:{seconds:02}  {listener.last_played}  "
        f"{counted(stats.streams, 'stream')}{stale}{alerts}, "
        f"{stats.points_received} points{lost}, {stats.notes_played} notes{dropped}{lag}, "
        f"load {100 * stats.callback_load:.1f} %"
    )
