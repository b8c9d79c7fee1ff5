"""Playing until the end: starting a listener, what is shown of it, and the summary."""

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from streamson import _notify
from streamson._llvm_memory import release_llvm
from streamson._printable import counted
from streamson.cli.ending import ending
from streamson.cli.standard_streams import never_wait
from streamson.cli.stats_file import write_stats
from streamson.cli.times import tell_the_time
from streamson.cli.views import Shown, Wanted
from streamson.listener.listener import Listener
from streamson.model.statistics import Statistics

REFRESH_S: Final = 0.1


def play(
    listener: Listener,
    *,
    stats_file: Path | None,
    check: Callable[[], None],
    wanted: Wanted,
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
    wanted
        What is to be shown.
    """
    ending.hold()
    never_wait()
    # What is there stays. To look through it for garbage now and then takes time, and copies of
    # memory that the processes share which play and receive.
    gc.freeze()
    try:
        _play(listener, stats_file, check, wanted)
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C and SIGTERM have codes of their own
        if listener.recording_error is None:
            raise
    if listener.recording_error:
        return 1
    return 1 if _is_silent(listener.stats(), listener) else 0


def _is_silent(stats: Statistics, listener: Listener) -> bool:
    """Return whether points came and nothing at all came of them, though nobody asked for that."""
    notes = stats.notes_played + stats.notes_waiting + stats.notes_muted
    heard = notes or stats.points_in_bed or stats.alerts_sounded
    return bool(stats.points_received and not heard and not listener.is_mute)


def _play(
    listener: Listener, stats_file: Path | None, check: Callable[[], None], wanted: Wanted
) -> None:
    service = _notify.Service()
    try:
        tell_the_time()
        listener.start()
        release_llvm()
        click.echo(f"Playing {listener.output}. Ctrl-C ends.", err=True)
        with Shown(listener, wanted) as shown:
            while not (listener.finished or shown.has_quit):
                time.sleep(REFRESH_S)
                service.tell(listener.engine.frame, listener.turns)
                check()
                shown.refresh()
    finally:
        ending.finish()
        _notify.stopping()
        listener.stop()
        stats = listener.stats()
        try:
            if stats_file is not None:
                write_stats(stats, stats_file)
        finally:
            click.echo(summary(stats, listener))


def summary(stats: Statistics, listener: Listener) -> str:
    """Return what was played, lost and recorded, a line each."""
    points = counted(stats.points_received, "point")
    of_what = f"the listener on {listener.endpoint}" if listener.follows else points
    waiting = counted(stats.notes_waiting, "note")
    lines = [
        f"played {counted(stats.notes_played, 'note')} of {of_what} in {stats.seconds:.1f} s"
        + (f", {waiting} still to come" if stats.notes_waiting else "")
        + _peak(stats),
        (_left_out_following(stats) if listener.follows else _left_out(stats))
        + f"dropped {counted(stats.notes_dropped, 'note')}, "
        f"late {counted(stats.notes_late, 'note')}"
        + (f", muted {counted(stats.notes_muted, 'note')}" if stats.notes_muted else "")
        + (f", missed {stats.blocks_missed} of {stats.blocks} blocks" if listener.plays else ""),
    ]
    if _is_silent(stats, listener):
        lines.append("no note came of these points: see above what would be played of them")
    if stats.points_unplayed:
        lines.append(f"{counted(stats.points_unplayed, 'point')} had no field that is played")
    if stats.points_in_bed:
        lines.append(
            f"{counted(stats.points_in_bed, 'point')} of streams that were not in front; "
            '[attention] foreground = "all" of a session plays all'
        )
    if stats.streams_refused:
        lines.append(
            f"did not play {counted(stats.points_of_refused_streams, 'point')} of "
            f"{stats.streams_refused} or more streams: there were too many"
        )
    if left_out := stats.messages_over_limits:
        messages = counted(left_out, "message")
        lines.append(f"left out {messages} beyond the limits of their source: see above")
    if alerts := _alerts(stats):
        lines.append(alerts)
    if stats.faults:
        faults = counted(stats.faults, "fault")
        lines.append(f"{faults} of streamson left something out: see above")
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


def _alerts(stats: Statistics) -> str:
    """Return what became of the alerts, of values, silent streams and losses; empty without one."""
    fates = {
        "sounded": stats.alerts_sounded,
        "told with others": stats.alerts_merged,
        "acknowledged before they sounded": stats.alerts_acknowledged,
        "still to be told": stats.alerts_waiting,
    }
    if not (total := sum(fates.values())):
        return ""
    told = ", ".join(f"{number} {fate}" for fate, number in fates.items() if number)
    return f"{counted(total, 'alert')}: {told}"


def _left_out(stats: Statistics) -> str:
    """Return what of the points was not played, to be followed by the notes that were not."""
    coalesced = counted(stats.points_coalesced, "point")
    each = ", once for each part," if stats.points_coalesced > stats.points_received else ""
    return (
        f"lost {counted(stats.points_lost, 'point')}, "
        f"refused {counted(stats.messages_refused, 'message')}, coalesced {coalesced}{each or ','} "
    )


def _left_out_following(stats: Statistics) -> str:
    """Return the same where the notes of another listener are played."""
    anew = counted(stats.clock_shifts, "time")
    shifts = f"mapped its frames anew {anew}, " if stats.clock_shifts else ""
    return f"missed {counted(stats.notes_missed, 'note')} of it, {shifts}"


def _unrecorded(stats: Statistics) -> str:
    if not stats.points_unrecorded and not stats.notes_unrecorded:
        return ""
    points, notes = stats.points_unrecorded, stats.notes_unrecorded
    return f", without {counted(points, 'point')} and {counted(notes, 'note')}"


def _peak(stats: Statistics) -> str:
    return "" if stats.peak_dbfs is None else f", peak {stats.peak_dbfs:.1f} dBFS"
