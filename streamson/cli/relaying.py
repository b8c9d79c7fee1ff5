"""A relay at work: what is said of it, and the summary at its end."""

import logging
import time
from itertools import count
from pathlib import Path
from socket import gethostname
from typing import Final

import click

from streamson import _notify
from streamson._printable import counted
from streamson.cli.ending import ending
from streamson.cli.standard_streams import never_wait
from streamson.cli.stats_file import write_stats
from streamson.cli.times import tell_the_time
from streamson.model.relay import DestinationStatistics, RelayStatistics
from streamson.wire.endpoint import with_key
from streamson.wire.relay import Relay

SUMMARY_S: Final = 60.0
"""Time between two summaries."""

MAX_CHANGES: Final = 10
"""Lines about who came and went, between two summaries: a connection may come and go for hours."""

_log = logging.getLogger("streamson.relay")


def relay(points: Relay, stats_file: Path | None) -> None:
    """Hand on until a signal comes.

    Parameters
    ----------
    points
        The relay.
    stats_file
        Where its statistics go at the end.
    """
    ending.hold()
    never_wait()
    click.echo(f"Taking points on {points.endpoint}.", err=True)
    if points.public_key is not None:
        line = with_key(points.endpoint, points.public_key, gethostname())
        click.echo(f"Those whose keys are allowed connect to {line}", err=True)
    for one in points.destinations:
        click.echo(f"Handing them on to {one.endpoint}.", err=True)
    click.echo("Ctrl-C ends.", err=True)
    tell_the_time()
    _log.setLevel(logging.INFO)
    news = _News(points)
    service = _notify.Service()
    try:
        for turn in count(1):
            points.turn()
            news.tell()
            service.tell(turn)
    finally:
        ending.finish()
        _notify.stopping()
        points.close()
        stats = points.statistics
        try:
            if stats_file is not None:
                write_stats(stats, stats_file)
        finally:
            click.echo(summary(stats), err=True)


def summary(stats: RelayStatistics) -> str:
    """Return what came, and what went to each destination, a line each."""
    taken = (
        f"took {counted(stats.points_received, 'point')} in {stats.seconds:.1f} s, lost "
        f"{stats.points_lost} before, refused {counted(_refused(stats), 'message')}"
    )
    return "\n".join((taken, *map(_handed_on, stats.destinations)))


def _refused(stats: RelayStatistics) -> int:
    """Return how many messages were no points, or beyond the limits of their source."""
    return stats.messages_refused + stats.messages_over_limits


def _handed_on(one: DestinationStatistics) -> str:
    return (
        f"handed on {counted(one.points_sent, 'point')} to {one.endpoint}, lost "
        f"{one.points_lost}, {one.points_missed} while nobody was there"
    )


class _News:
    """Says who came and who has gone, and once a minute how much went where."""

    def __init__(self, points: Relay) -> None:
        self._points = points
        self._told: list[bool] = [False] * len(points.destinations)
        self._changes = 0
        self._due = time.monotonic() + SUMMARY_S
        self._before = points.statistics

    def tell(self) -> None:
        for number, one in enumerate(self._points.destinations):
            if one.is_there != self._told[number] and self._changes < MAX_CHANGES:
                self._changes += 1
                self._told[number] = one.is_there
                state = "is there" if one.is_there else "is gone; it is looked for"
                _log.info("%s %s", one.endpoint, state)
        if time.monotonic() >= self._due:
            self._due += SUMMARY_S
            self._changes = 0
            self._summarize()

    def _summarize(self) -> None:
        """Say what happened since the last summary, if anything did."""
        before, now = self._before, self._points.statistics
        self._before = now
        points = now.points_received - before.points_received
        refused = _refused(now) - _refused(before)
        if not points and not refused:
            return
        where = "; ".join(map(_since, before.destinations, now.destinations))
        _log.info(
            "the last minute: %s of %s, lost %d before, refused %s; %s",
            counted(points, "point"),
            counted(now.sources, "source"),
            now.points_lost - before.points_lost,
            counted(refused, "message"),
            where,
        )


def _since(before: DestinationStatistics, now: DestinationStatistics) -> str:
    """Return what became of a destination's points since some time."""
    lost = now.points_lost - before.points_lost + now.points_missed - before.points_missed
    state = "there" if now.is_there else "gone"
    if now.leads_back:
        state = "leads back here"
    return f"{now.endpoint} {state}, {counted(lost, 'point')} did not go there"
