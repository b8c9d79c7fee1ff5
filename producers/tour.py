"""The tour: a scripted minute of a made-up small system, and the captions that explain it."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import sin
from operator import attrgetter
from typing import Final, NamedTuple

import click

from streamson.producers.base.reading import Production, Reading
from streamson.wire.points.publisher import Publisher

LENGTH_S: Final = 70.0

BEAT_S: Final = 0.8
"""A reading of each host a beat, one host after the other: a figure of three notes and a rest."""

HALF_BEAT_S: Final = BEAT_S / 2
"""How often the queue and the boiler are read, between the hosts."""

DB_IS_BUSY_S: Final = (35.5, 41.9)
WEB2_IS_SILENT_S: Final = (47.5, 54.5)
QUEUE_IS_LOST_S: Final = (60.0, 60.6)
"""From when to when, in seconds since the first reading. What is lost is less than 2 s, after which
a stream is told to be silent."""


class TourCaption(NamedTuple):
    """A line that explains what is about to be heard.

    Attributes
    ----------
    at_s
        When it is said, in seconds since the first reading.
    text
        For a person.
    """

    at_s: float
    text: str


CAPTIONS: Final = (
    TourCaption(1.5, "Three hosts, one by one: each has its own sound; busier is higher."),
    TourCaption(11.0, "A queue grows: its held tone rises, and is louder while it moves."),
    TourCaption(20.4, "A boiler's temperature, the high tone, slowly drifts down."),
    TourCaption(28.6, "Now it is below its limit: three bright notes fall, over all else."),
    TourCaption(34.5, "The host db jumps to 97 %, above its limit: three bright notes rise."),
    TourCaption(41.0, "Both recover: two soft notes for each alert that is over."),
    TourCaption(48.4, "web2 says nothing any more. Silence is told: two soft notes fall."),
    TourCaption(53.6, "There it is again: the same two notes rise."),
    TourCaption(59.8, "Points get lost on their way: a low trill."),
    TourCaption(64.5, "All is well, and nothing calls. This is what calm sounds like."),
)
"""In the order in which they are said, each a second or so before what it explains. The first one
waits for views to open, which takes as long."""


class LostReading(NamedTuple):
    """A reading that gets lost on its way.

    Attributes
    ----------
    stream, due_s
        As of a `Reading`.
    """

    stream: str
    due_s: float

    def send(self, publisher: Publisher) -> None:
        """Use up its number, by which a listener sees that it is missing."""
        publisher.skip(self.stream)


@click.command(short_help='What "streamson demo --tour" plays: a minute of a made-up system.')
def command() -> Production:
    """Publish a scripted minute of a made-up system, in which things drift, fail and recover.

    Its streams are web1/cpu, web2/cpu and db/cpu in percent, a queue's jobs and a boiler's
    temperature. "streamson demo --tour" plays it with captions; any listener may.

    \b
    streamson produce tour
    streamson produce tour --endpoint tcp://127.0.0.1:6000
    streamson produce tour --dry-run
    """  # noqa: D301
    return Production(readings(), keep=True)


def readings() -> Iterator[Reading | LostReading]:
    """Yield what the system's parts say, when they say it; the first is due at once."""
    said = [reading for part in _SYSTEM for reading in part.readings()]
    for reading in sorted(said, key=attrgetter("due_s")):
        if reading.stream == "web2/cpu" and _is_in(WEB2_IS_SILENT_S, reading.due_s):
            continue
        if reading.stream == "queue" and _is_in(QUEUE_IS_LOST_S, reading.due_s):
            yield LostReading(reading.stream, reading.due_s)
        else:
            yield reading


class _Part(NamedTuple):
    """A part of the system: what it says, from its first reading to the tour's end."""

    stream: str
    field: str
    value_at: Callable[[float], float]
    first_s: float
    interval_s: float

    def readings(self) -> Iterator[Reading]:
        """Yield its readings."""
        for number in range(int((LENGTH_S - self.first_s) / self.interval_s) + 1):
            due_s = round(self.first_s + number * self.interval_s, 3)
            yield Reading(self.stream, {self.field: round(self.value_at(due_s), 1)}, due_s)


def _web1(time_s: float) -> float:
    return 40 + 13 * sin(0.9 * time_s) + 9 * sin(2.3 * time_s)


def _web2(time_s: float) -> float:
    return 45 + 12 * sin(1.1 * time_s + 1) + 10 * sin(2.9 * time_s)


def _db(time_s: float) -> float:
    if _is_in(DB_IS_BUSY_S, time_s):
        return 97 + sin(3 * time_s)
    return 30 + 10 * sin(0.7 * time_s + 2) + 8 * sin(1.9 * time_s)


def _jobs(time_s: float) -> float:
    return _along(((12.5, 12), (20.5, 64), (44, 64), (62, 10)), time_s) + sin(1.7 * time_s)


def _celsius(time_s: float) -> float:
    return _along(((22.5, 70), (30.5, 58.5), (41.5, 58), (45, 70)), time_s) + 0.2 * sin(time_s)


_SYSTEM: Final = (
    _Part("web1/cpu", "percent", _web1, first_s=0.0, interval_s=BEAT_S),
    _Part("web2/cpu", "percent", _web2, first_s=3.4, interval_s=BEAT_S),
    _Part("db/cpu", "percent", _db, first_s=6.0, interval_s=BEAT_S),
    _Part("queue", "jobs", _jobs, first_s=11.7, interval_s=HALF_BEAT_S),
    _Part("boiler", "celsius", _celsius, first_s=21.3, interval_s=HALF_BEAT_S),
)


def _is_in(span_s: tuple[float, float], time_s: float) -> bool:
    return span_s[0] <= time_s < span_s[1]


def _along(points: tuple[tuple[float, float], ...], time_s: float) -> float:
    """Return the value of a line through points, and of its ends before and after them."""
    for (start_s, start), (end_s, end) in pairwise(points):
        if time_s < end_s:
            return start + (end - start) * max(time_s - start_s, 0) / (end_s - start_s)
    return points[-1][1]


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "tour", *sys.argv[1:]])
