"""The streams of a listener that is followed: what its notes and events tell of them."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from streamson.model.counts import ScoreCounts
from streamson.model.event.alerts import AlertCleared, AlertRaised
from streamson.model.event.base import Event
from streamson.model.event.streams import StreamRecovered, StreamStale
from streamson.model.feed import ActiveAlert, PartLegend
from streamson.model.note import Note
from streamson.model.statistics import StreamStatistics
from streamson.score.parts.beacon import INSTRUMENT as BEACON_INSTRUMENT

MAX_ALERTS: Final = 4_096
"""Alerts that are known; further ones are counted alone."""

MAX_STREAMS: Final = 4_096
"""Streams that are known; of more the one that came first is forgotten."""


class _Stream:
    """One of them."""

    def __init__(self) -> None:
        self.notes = 0
        self.last_note: Note | None = None


class FollowedStreams:
    """Any thread may ask; the listener's takes in what it is told.

    Attributes
    ----------
    counts
        Of notes and alerts.
    """

    points_waiting = 0
    alerts_waiting = 0
    lag_s = 0.0

    def __init__(self) -> None:
        self.counts = ScoreCounts()
        self._streams: dict[str, _Stream] = {}
        self._alerts: frozenset[tuple[str, str]] = frozenset()
        self._stale: frozenset[str] = frozenset()

    def add_note(self, note: Note) -> None:
        """Take in a note that is played."""
        if note.foreground:
            self.counts.earcon_notes += 1
            return
        if note.instrument == BEACON_INSTRUMENT:
            self.counts.beacons += 1
            return
        self.counts.notes += 1
        stream = self._streams.setdefault(note.stream, _Stream())
        stream.notes += 1
        stream.last_note = note
        if len(self._streams) > MAX_STREAMS:
            del self._streams[next(iter(self._streams))]

    def add_event(self, event: Event) -> None:
        """Take in what happened."""
        match event:
            case AlertRaised(stream=stream, field=field):
                self.counts.alerts += 1
                if len(self._alerts) < MAX_ALERTS:
                    self._alerts |= {(stream, field)}
            case AlertCleared(stream=stream, field=field):
                self._alerts -= {(stream, field)}
            case StreamStale(streams=streams):
                known = list(self._stale | set(streams))
                self._stale = frozenset(known[-MAX_STREAMS:])
            case StreamRecovered(together=together) if together:
                self._stale = frozenset()  # of many, who is back last is not told
            case StreamRecovered(name=name):
                back = {one for one in self._stale if one == name or one.startswith(f"{name}/")}
                self._stale -= back

    def set_alerts(self, alerts: Iterable[ActiveAlert]) -> None:
        """Take in which alerts are not over: one may end without a word."""
        self._alerts = frozenset(
            (alert.stream, alert.field) for alert in islice(alerts, MAX_ALERTS)
        )

    def forget(self) -> None:
        """Know of none: another run of the listener begins."""
        self._streams = {}
        self._alerts, self._stale = frozenset(), frozenset()

    @property
    def streams(self) -> int:
        """How many there are."""
        return len(self._streams)

    @property
    def streams_in_front(self) -> int:
        """How many play notes of their own: all of which notes came."""
        return len(self._streams)

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self._streams)

    @property
    def alerts_active(self) -> int:
        """Alerts that are not over."""
        return len(self._alerts)

    @property
    def streams_stale(self) -> int:
        """Streams that fell silent."""
        return len(self._stale)

    def plays(self, name: str) -> bool:
        """Return whether there is such a stream."""
        return name in self._streams

    def has_alert(self, stream: str, field: str) -> bool:
        """Return whether a stream has an alert of a field that is not over."""
        return (stream, field) in self._alerts

    def acknowledge(self, stream: str, field: str) -> None:
        """Change nothing: what sounds is up to the listener that is followed."""

    def stream_statistics(self) -> list[StreamStatistics]:
        """Return what is known of each."""
        alerting = {stream for stream, _ in self._alerts}
        return [
            StreamStatistics(
                name=name,
                state="alert" if name in alerting else "stale" if name in self._stale else "live",
                fields={},
                time=None,
                range=None,
                points=0,
                points_per_second=0.0,
                points_coalesced=0,
                notes=stream.notes,
                last_note=stream.last_note,
            )
            for name, stream in list(self._streams.items())
        ]

    def legend_of(self, name: str) -> tuple[PartLegend, ...]:  # noqa: ARG002
        """Return nothing: what is played of a stream is told where it is."""
        return ()

    def close(self) -> None:
        """Nothing is to be ended."""
