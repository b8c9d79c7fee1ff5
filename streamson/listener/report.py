"""What a listener tells of itself: each message of its feed, as of this moment."""

import secrets
import time
from collections.abc import Callable
from math import inf
from typing import Any, Final

import msgspec

from streamson._version import __version__
from streamson.listener.alert_board import AlertBoard
from streamson.listener.mixer import Mixer
from streamson.listener.recordings import Recordings
from streamson.listener.sources import PlayedStreams
from streamson.model.feed import Hello, ListenerState, StreamRow
from streamson.model.limits import CHANNELS
from streamson.model.statistics import Statistics, StreamStatistics
from streamson.session.schema import Session
from streamson.synth.engine import Engine

MAX_SNAPSHOT_BYTES: Final = 1 << 20
"""Of a snapshot's streams, as JSON, which is some 1,300 of them; of more it does not tell."""

SNAPSHOT_SHARE: Final = 0.05
"""Snapshots take at most this share of the time: who asks more often gets streams as they were."""


class Reporter:
    """Any thread may ask it.

    Parameters
    ----------
    engine, score, mixer, alerts, recordings
        Of what it tells.
    statistics, streams
        Return the listener's, in all and of each stream.
    session
        Returns the one in force, and its number before it.
    page_url, output
        Return where a page shows it, and where the sound goes.
    endpoint, follows, plays, sessions
        As of `Hello`.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        score: PlayedStreams,
        mixer: Mixer,
        alerts: AlertBoard,
        recordings: Recordings,
        statistics: Callable[[], Statistics],
        streams: Callable[[], list[StreamStatistics]],
        session: Callable[[], tuple[int, Session]],
        page_url: Callable[[], str | None],
        endpoint: str,
        follows: bool,
        output: Callable[[], str],
        plays: bool,
        sessions: tuple[str, ...],
    ) -> None:
        self._engine = engine
        self._score = score
        self._mixer = mixer
        self._alerts = alerts
        self._recordings = recordings
        self.statistics = statistics
        self._streams = streams
        self.session = session
        self._page_url = page_url
        self._endpoint = endpoint
        self._follows = follows
        self._output = output
        self._plays = plays
        self._sessions = sessions
        self._run = secrets.token_hex(8)
        self._snapshot_rows: list[StreamRow] = []
        self._snapshot_due = -inf

    @property
    def frame(self) -> int:
        """The listener's clock."""
        return self._engine.frame

    def hello(self) -> Hello:
        """Return what does not change as long as the listener runs."""
        return Hello(
            program=f"streamson {__version__}",
            endpoint=self._endpoint,
            follows=self._follows,
            output=self._output(),
            plays=self._plays,
            sample_rate=self._engine.sample_rate,
            channels=CHANNELS,
            sessions=self._sessions,
            run=self._run,
            reverb=self._engine.reverb,
        )

    def state(self) -> ListenerState:
        """Return what can be steered, as it is."""
        mixer, recording = self._mixer, self._recordings.current
        _, session = self.session()
        on_grid = any(part.timing == "grid" for part in session.parts)
        return ListenerState(
            frame=self.frame,
            time=time.time(),
            session=session.name,
            tempo=session.tempo if on_grid else None,
            volume_db=mixer.volume_db,
            muted=mixer.muted,
            muted_streams=mixer.muted_streams,
            soloed_streams=mixer.soloed_streams,
            recording=None if recording is None else str(recording),
            alerts=self._alerts.alerts(),
            page_url=self._page_url(),
        )

    def rows(self) -> list[StreamRow]:
        """Return what is known of each stream, in the order of their appearance."""
        mixer = self._mixer
        muted, soloed = mixer.muted_streams, mixer.soloed_streams
        return [
            StreamRow(
                **msgspec.structs.asdict(stream),
                muted=stream.name in muted,
                soloed=stream.name in soloed,
                heard=mixer.hears(stream.name),
            )
            for stream in self._streams()
        ]

    def with_legend(self, row: StreamRow) -> StreamRow:
        """Return a row that says what is played of its stream, too."""
        return msgspec.structs.replace(row, legend=self._score.legend_of(row.name))

    def snapshot(self) -> dict[str, Any]:
        """Return all that is known at this moment; one thread may ask."""
        begin = time.monotonic()
        if begin >= self._snapshot_due:
            self._snapshot_rows = self._rows_within(MAX_SNAPSHOT_BYTES)
            end = time.monotonic()
            self._snapshot_due = end + (end - begin) / SNAPSHOT_SHARE
        return {
            "hello": self.hello(),
            "state": self.state(),
            "statistics": self.statistics(),
            "streams": self._snapshot_rows,
        }

    def _rows_within(self, most: int) -> list[StreamRow]:
        """Return streams, with what they play, as far as they fit into so many bytes."""
        found = []
        for row in map(self.with_legend, self.rows()):
            most -= len(msgspec.json.encode(row))
            if most < 0:
                break
            found.append(row)
        return found


def version_of(row: StreamRow) -> tuple[object, ...]:
    """Return what is different where something changed that somebody wants to know."""
    return (
        *(row.points, row.points_lost, row.messages_refused, row.notes, row.state, row.front),
        *(round(row.points_per_second, 1), row.muted, row.soloed, row.heard),
        None if row.clock_skew_s is None else round(row.clock_skew_s),
    )
