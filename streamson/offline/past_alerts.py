"""What a session would have told of points of the past: alerts, and which streams fell silent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from streamson.model.counts import ScoreCounts
from streamson.model.event.alerts import AlertRaised
from streamson.model.event.base import Event
from streamson.model.event.streams import StreamStale
from streamson.model.point import Batch, DataPoint, Goodbye
from streamson.score.alerts.stream_monitor import StreamMonitor
from streamson.session.schema import Session
from streamson.surprise.layout import BLOCK, MIN_BLOCKS, STRETCH

DAY_S: Final = 86_400.0

YOUNG_POINTS: Final = 2 * STRETCH + MIN_BLOCKS * BLOCK - 1
"""With no more points a stream is young: nothing of it is unusual yet."""


class PastAlert(NamedTuple):
    """What would have been told.

    Attributes
    ----------
    stream, field
        Of what; no field where the stream fell silent.
    time
        Of the point, or when the silence was noticed: seconds, as the points have it.
    value
        None where the stream fell silent.
    kind
        As of `AlertRaised`, or ``silent``.
    surprise
        log10 of how many points lie between such unusual ones in the mean; None of a known band.
    """

    stream: str
    time: float
    field: str
    value: float | None
    kind: str
    surprise: float | None


class _Stream:
    """A stream, and when its points came."""

    def __init__(self, time: float) -> None:
        self.first = self.last = time
        self.alerts = 0
        self.points = 0


class PastAlerts:
    """Watches points as a listener does, and notes what is told.

    Parameters
    ----------
    session
        Its alerts.
    sample_rate
        Frames a second.

    Attributes
    ----------
    streams
        How many alerts each stream had, and how many days of it there were.
    """

    def __init__(self, session: Session, *, sample_rate: int) -> None:
        self._monitor = StreamMonitor(
            session, sample_rate=sample_rate, counts=ScoreCounts(), on_event=self._take
        )
        self._tells_silence = session.notices.stale
        self._outliers = [alert.stream for alert in session.alerts if alert.band is None]
        self._streams: dict[str, _Stream] = {}
        self._found: list[PastAlert] = []
        self._frame = 0

    @property
    def streams(self) -> dict[str, tuple[int, float]]:
        """Each stream's alerts, and the days from its first point to its last."""
        return {
            name: (stream.alerts, (stream.last - stream.first) / DAY_S)
            for name, stream in self._streams.items()
        }

    @property
    def young(self) -> dict[str, int]:
        """The points of each stream that was asked for what is unusual, and had too few for it."""
        return {
            name: stream.points
            for name, stream in self._streams.items()
            if stream.points <= YOUNG_POINTS
            and any(fnmatchcase(name, pattern) for pattern in self._outliers)
        }

    def run(
        self, messages: Iterable[tuple[int, DataPoint | Batch | Goodbye]]
    ) -> Iterator[PastAlert]:
        """Yield what is told of points, which come each with the frame at which it came.

        A frame that goes back is taken for the last one: a clock was set.
        """
        for frame, message in messages:
            self._frame = max(frame, self._frame)
            if self._tells_silence:
                yield from self._look_for_silence()
            if isinstance(message, Goodbye):
                if message.stream in self._streams:
                    self._monitor.end(message.stream, self._frame)
                continue
            if message.stream not in self._streams:
                self._streams[message.stream] = _Stream(_first_time(message))
                self._monitor.add(message.stream, (), tuple(message.first_fields))
            stream = self._streams[message.stream]
            stream.last = max(stream.last, message.last_time)
            stream.points += len(message.times) if message.is_batch else 1
            self._monitor.process(message, self._frame)
            yield from self._take_found()

    def _look_for_silence(self) -> Iterator[PastAlert]:
        """Let the monitor look at each moment at which a silence may be noticed."""
        while (due := self._monitor.staleness.next_due) <= self._frame:
            self._monitor.tick(due)
            yield from self._take_found()

    def _take_found(self) -> Iterator[PastAlert]:
        found, self._found = self._found, []
        yield from found

    def _take(self, event: Event) -> None:
        if isinstance(event, AlertRaised):
            surprise = event.surprise if event.seldom else None
            alert = PastAlert(
                *(event.stream, event.time, event.field, event.value, event.kind, surprise)
            )
            self._note(alert)
        elif isinstance(event, StreamStale):
            # Of many at once an event names some.
            for name in self._monitor.staleness.stalled if event.together else event.streams:
                time = self._streams[name].last + round(event.silent_s, 2)
                self._note(PastAlert(name, time, "", None, "silent", None))

    def _note(self, alert: PastAlert) -> None:
        self._streams[alert.stream].alerts += 1
        self._found.append(alert)


def _first_time(message: DataPoint | Batch) -> float:
    return float(message.times[0]) if message.is_batch else message.time
