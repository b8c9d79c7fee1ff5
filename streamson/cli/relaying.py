"""A relay at work until its end, and who is there, as far as a log holds it."""

import logging
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Final, Protocol

import click
import msgspec

from streamson import _notify
from streamson.cli.ending import ending
from streamson.cli.standard_streams import never_wait
from streamson.cli.stats_file import write_stats
from streamson.cli.times import tell_the_time

SUMMARY_S: Final = 60.0
"""Time between two summaries."""

MAX_CHANGES: Final = 10
"""Lines about who came and went, between two summaries: a connection may come and go for hours."""

log: Final = logging.getLogger("streamson.relay")


class Relaying(Protocol):
    """What hands on."""

    @property
    def statistics(self) -> msgspec.Struct:
        """What was handed on so far."""

    def turn(self) -> None:
        """Hand on what has come."""

    def close(self) -> None:
        """End."""


class Presence:
    """Says who is there and who has gone, once, but not without end."""

    def __init__(self) -> None:
        self._told: dict[str, bool] = {}
        self._changes = 0

    def look(self, name: str, *, is_there: bool) -> None:
        """Say whether somebody is there, if that is not as it was said last."""
        if is_there == self._told.get(name, False):
            return
        if self.say("%s %s", name, "is there" if is_there else "is gone; it is looked for"):
            self._told[name] = is_there

    def say(self, line: str, *arguments: str) -> bool:
        """Say something else that changes, and return True, unless that was too often lately."""
        if self._changes >= MAX_CHANGES:
            return False
        self._changes += 1
        log.info(line, *arguments)
        return True

    def begin_anew(self) -> None:
        """Begin to count the lines anew."""
        self._changes = 0


class Minute:
    """Says when the time for a summary has come."""

    def __init__(self) -> None:
        self._due = time.monotonic() + SUMMARY_S

    def is_over(self) -> bool:
        """Return whether a minute is over; then the next one begins."""
        if time.monotonic() < self._due:
            return False
        self._due += SUMMARY_S
        return True


def relay_until_ended(
    relay: Relaying, tell: Callable[[], None], summary: Callable[[], str], stats_file: Path | None
) -> None:
    """Hand on until a signal comes.

    Parameters
    ----------
    relay
        What hands on.
    tell
        Called after each turn; says what there is to be said.
    summary
        What is said at the end.
    stats_file
        Where the statistics go at the end.
    """
    ending.hold()
    never_wait()
    service = _notify.Service()
    tell_the_time()
    log.setLevel(logging.INFO)
    try:
        click.echo("Ctrl-C ends.", err=True)
        for turn in count(1):
            relay.turn()
            tell()
            service.tell(turn)
    finally:
        ending.finish()
        _notify.stopping()
        relay.close()
        try:
            if stats_file is not None:
                write_stats(relay.statistics, stats_file)
        finally:
            click.echo(summary(), err=True)
