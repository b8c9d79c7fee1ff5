"""What a listener's views and statistics ask of where its notes come from."""

import threading
from collections.abc import Mapping
from typing import Protocol

from streamson.model.counts import ReceiverCounts, ScoreCounts
from streamson.model.feed import PartLegend
from streamson.model.statistics import StreamStatistics
from streamson.session.schema import Session


class ReceivedPoints(Protocol):
    """What receives points, or the notes of another listener."""

    @property
    def endpoint(self) -> str:
        """Where."""

    @property
    def public_key(self) -> str | None:
        """That publishers have to know; None where no keys are shown."""

    @property
    def counts(self) -> ReceiverCounts:
        """What it has seen so far."""

    @property
    def lost_by_stream(self) -> Mapping[str, int]:
        """Points that never came."""

    @property
    def refused_by_stream(self) -> Mapping[str, int]:
        """Messages that were refused."""

    @property
    def clock_skew_by_stream(self) -> Mapping[str, float]:
        """How far the clocks of streams are ahead, seconds, where they are notably wrong."""

    def close(self) -> None:
        """Receive no more."""


class PlayedStreams(Protocol):
    """What makes notes of them, or knows of what streams they are."""

    @property
    def counts(self) -> ScoreCounts:
        """What became of them so far."""

    @property
    def points_waiting(self) -> int:
        """Points that are to be coalesced."""

    @property
    def streams(self) -> int:
        """How many there are."""

    @property
    def streams_in_front(self) -> int:
        """How many of them play notes of their own."""

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""

    @property
    def alerts_active(self) -> int:
        """Alerts that are not over."""

    @property
    def alerts_waiting(self) -> int:
        """Alerts that wait to be told as one."""

    @property
    def streams_stale(self) -> int:
        """Streams that fell silent."""

    @property
    def lag_s(self) -> float:
        """How long after its point a note begins at most."""

    def plays(self, name: str) -> bool:
        """Return whether there is such a stream."""

    def has_alert(self, stream: str, field: str) -> bool:
        """Return whether a stream has an alert of a field that is not over."""

    def acknowledge(self, stream: str, field: str) -> None:
        """Be silent about alerts until they are over; empty names are all."""

    def stream_statistics(self) -> list[StreamStatistics]:
        """Return what is known of each."""

    def legend_of(self, name: str) -> tuple[PartLegend, ...]:
        """Return what is played of a stream."""

    def close(self) -> None:
        """End."""


class NoteLoop(Protocol):
    """What hands notes to the engine."""

    @property
    def in_force(self) -> tuple[int, Session]:
        """Number of the session that is in force, and the session."""

    def run(self, stopping: threading.Event) -> None:
        """Take turns until it is to stop."""

    def change_session(self, session: Session) -> None:
        """Go on as another session says; any thread may call it."""
