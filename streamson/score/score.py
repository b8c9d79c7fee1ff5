"""Data points become notes."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from streamson._event_log import EventLog
from streamson._faults import Faults
from streamson.errors import nearest
from streamson.model.counts import ScoreCounts
from streamson.model.statistics import StreamStatistics
from streamson.score.alerts.stream_monitor import StreamMonitor
from streamson.score.attention.foreground import Foreground
from streamson.score.legend import legend_line, part_legend
from streamson.score.parts.part_factory import PartFactory
from streamson.score.parts.part_player import PartPlayer
from streamson.score.played_stream import PlayedStream
from streamson.score.stream_registry import MAX_PLAYED_STREAMS, MAX_STREAMS, StreamRegistry
from streamson.score.tick_clock import TickClock
from streamson.session.resolve import matching_parts, parts_for
from streamson.session.schema import field_name

if TYPE_CHECKING:  # at run time points and extents would bring numpy along
    from collections.abc import Callable, Collection, Sequence

    from streamson.model.event.base import Event
    from streamson.model.feed import PartLegend
    from streamson.model.note import Note
    from streamson.model.point import Message
    from streamson.rescaling.extents import Extents
    from streamson.session.schema import Part, Session

_log = logging.getLogger(__name__)

RATED_A_TICK: Final = 512
"""Of so many streams it is looked then how many of their points come a second; of others next."""

FORGET_LOOK_S: Final = 1.0
"""It is looked so often whether streams are silent for long enough to be forgotten."""

MAX_NEW_STREAMS: Final = 64
"""Streams that wait to be told."""

MAX_HINTS: Final = 50
MAX_HINTED_CHARS: Final = 60
"""Among so many patterns it is looked for the one that was meant, for names of this length."""


class Score:
    """Plays points as a session says: one note for each part that plays the point's stream.

    Each stream has windows and timing of its own in each part, from its first point on.

    Parameters
    ----------
    session
        What plays which stream.
    sample_rate
        Frames a second.
    extents
        Where the values of a whole table begin and end, as far as its parts ask for it; None live.
    on_event
        Is called with what happens, such as an alert; by default it is logged.

    Attributes
    ----------
    counts
        What became of the points so far.

    Examples
    --------
    >>> from streamson.session.load import load_session
    >>> from streamson.model.point import DataPoint
    >>> score = Score(load_session("article"), sample_rate=44100)
    >>> point = DataPoint("eta", {"re": 0.3, "im": 0.1, "modulus": 0.32}, 0.0)
    >>> [note.midi_note for note in score.process(point, 0)]
    [69.0]
    """

    part_factory: type[PartFactory] = PartFactory
    """Makes the players of its parts."""

    mixes: bool = True
    """Whether of many streams only a few are in front."""

    def __init__(
        self,
        session: Session,
        *,
        sample_rate: int = 44_100,
        extents: Extents | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self.counts = ScoreCounts()
        self.sample_rate = sample_rate
        self._on_event = EventLog() if on_event is None else on_event
        self._faults = Faults()
        self._session = session
        self._streams: dict[str, PlayedStream] = {}
        self._behind: dict[PartPlayer, None] = {}  # those that wait for longest come first
        self._parts = self.part_factory(
            session, sample_rate=sample_rate, counts=self.counts, extents=extents
        )
        self._parts.budget.allow(part.notes_per_second for part in session.parts)
        self._registry = StreamRegistry(session, sample_rate, self.counts)
        self._monitor = StreamMonitor(
            session,
            sample_rate=sample_rate,
            counts=self.counts,
            on_event=self._pass_on,
        )
        self.surprises = self._monitor.surprises
        self._clock = TickClock(sample_rate)
        self._front = Foreground(
            session,
            may_mix=self.mixes,
            clock=self._clock,
            sample_rate=sample_rate,
            counts=self.counts,
            streams=self._streams,
            registry=self._registry,
            parts=self._parts,
            surprises=self.surprises,
            on_event=self._on_event,
            drop=self._drop,
        )
        self._registry.most = self._most_streams
        self._forget_due = 0
        self._unrated: list[str] = []
        self._new_streams: list[str] = []

    @property
    def streams(self) -> int:
        """How many streams are played."""
        return len(self._streams)

    def take_new_streams(self) -> list[str]:
        """Return what is played of streams that appeared since the last call, a line each.

        Of many at once only the first are told.
        """
        newcomers, self._new_streams = self._new_streams, []
        return newcomers

    def process(self, message: Message, now_frame: int) -> list[Note]:
        """Return the notes of a point, or of a batch of points.

        Parameters
        ----------
        message
            The point, or the batch.
        now_frame
            The first frame at which its notes may begin; sequences are placed after it.
        """
        notes: list[Note] = []
        if self._clock.on_grid and now_frame >= self._clock.next_frame:
            notes = self._ticks(now_frame)
        stream = self._streams.get(message.stream)
        if stream is None:
            stream = self._add_stream(message, now_frame)
            if stream is None:
                return notes
        names: Collection[str] = message.columns if message.is_batch else message.fields
        if stream.followed not in names:  # rarely: what follows takes its time
            unplayed, size = self._monitor.unplayed, message.size
            unplayed.process(message.stream, names, size, stream.points, now_frame)
        stream.points += message.size
        stream.last = message.last_point
        if stream.slot >= 0:
            self._front.process(message.stream, stream, message)
        for player in stream.players:
            notes += self._play(player, message, now_frame)
        notes += self._monitor.process(message, self._earcon_frame(notes, now_frame))
        return notes

    def flush(self, now_frame: int) -> list[Note]:
        """Return the notes whose time has come: of coalesced points, and of streams gone silent.

        To be called often.
        """
        return self._flush_behind(now_frame) + self._ticks(now_frame)

    def end(self, stream: str, now_frame: int) -> bool:
        """Note that a stream's producer ended: until it comes back, its silence tells nothing.

        Returns
        -------
        bool
            Whether that is news: there is such a stream, and it had not ended before.
        """
        if stream not in self._streams or self._monitor.staleness.state_of(stream) == "ended":
            return False
        self._monitor.end(stream, now_frame)
        self._front.end(stream, self._streams[stream])
        return True

    def solo(self, streams: tuple[str, ...]) -> None:
        """Let streams that are soloed be in front."""
        self._front.solo(streams)

    def finish(self, now_frame: int) -> None:
        """Tell what is still to be told: no more points come."""
        for stream in self._streams:
            self._monitor.unplayed.end(stream, now_frame)

    def on_loss(self, points: int, now_frame: int) -> list[Note]:
        """Return the notes that tell that points were lost on their way."""
        return self._monitor.on_loss(points, now_frame)

    @property
    def behind(self) -> bool:
        """Whether points wait to be coalesced."""
        return bool(self._behind)

    @property
    def points_waiting(self) -> int:
        """How many points wait to be coalesced, each once for each part that plays it."""
        return sum(player.waiting for player in list(self._behind))

    @property
    def alerts_active(self) -> int:
        """How many alerts are active at this moment."""
        return self._monitor.alerts.active

    def has_alert(self, stream: str, field: str) -> bool:
        """Return whether an alert of a stream's field is active; any thread may ask."""
        return self._monitor.alerts.active_of(stream, field) > 0

    def acknowledge(self, stream: str, field: str) -> None:
        """Be silent about alerts until they are over; any thread may call it.

        Parameters
        ----------
        stream, field
            Whose; empty for all.
        """
        self._monitor.alerts.acknowledge(stream, field)

    @property
    def alerts_waiting(self) -> int:
        """How many alerts wait to be told as one."""
        return self._monitor.budget.waiting

    @property
    def alert_sounds(self) -> int:
        """How many alerts sounded, each that was told with others once."""
        return self._monitor.budget.sounds

    @property
    def streams_stale(self) -> int:
        """How many streams fell silent."""
        return self._monitor.staleness.stale

    @property
    def streams_in_front(self) -> int:
        """How many streams play notes of their own."""
        return self._front.size

    @property
    def lag_s(self) -> float:
        """How long after its point the last note of the stream that lags most was to begin."""
        streams = list(self._streams.values())
        players = [player for stream in streams for player in stream.players]
        return max((player.lag_frames for player in players), default=0) / self.sample_rate

    def stream_statistics(self) -> list[StreamStatistics]:
        """Return what is known of each stream, in the order of their appearance."""
        found = []
        for name, stream in list(self._streams.items()):
            with suppress(KeyError):  # another thread may ask, and a stream be gone meanwhile
                found.append(self._statistics(name, stream))
        return found

    def legend_of(self, name: str) -> tuple[PartLegend, ...]:
        """Return what is played of a stream; any thread may ask."""
        stream = self._streams.get(name)
        if stream is None:
            return ()
        session, (known_for, legend) = self._session, stream.legend
        if known_for is not session:  # of thousands it is asked again and again
            parts = [player.part for player in list(stream.players)]
            if not parts:  # as it plays when it comes to the front
                with suppress(KeyError):
                    number = self._registry.number(name)
                    parts = parts_for(session, name, stream.fields, number)
            legend = tuple(part_legend(part, stream.fields) for part in parts)
            stream.legend = session, legend
        return legend

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the streams, in the order of their appearance; any thread may ask."""
        return tuple(self._streams)

    def plays(self, name: str) -> bool:
        """Return whether there is such a stream; the bed is one, too."""
        return name in self._streams or self._front.plays(name)

    def state(self) -> Any:
        """Return what `restore` wants: the streams with their windows, the last heard one last.

        And what was told of alerts within ten minutes.
        """
        heard = sorted(self._streams, key=self._monitor.staleness.last_frame)
        streams = self._registry.state({stream: self._state_of(stream) for stream in heard})
        front = self._front.state(streams)
        budget = self._monitor.budget
        if not budget.has_told:
            return front
        alerts = budget.state(self._clock.next_frame - self._clock.step)
        return {"alerts": alerts, "front": front}

    def restore(self, state: Any, passed_s: float = 0.0) -> None:
        """Go on where another score was; to be called before the first point.

        A stream sounds as it did, wherever it appears. What is rescaled as it was goes on with its
        windows; the rest begins afresh.

        Parameters
        ----------
        state
            Of the other one.
        passed_s
            How many seconds ago that was.

        Raises
        ------
        ValueError
            It isn't the state of a score.
        """
        if isinstance(state, dict) and "alerts" in state:
            self._monitor.budget.restore(state["alerts"], passed_s)
            state = state.get("front")
        self._registry.restore(self._front.restore(state))

    def change(self, session: Session) -> None:
        """Go on as another session says; what is the same in both goes on as if nothing happened.

        Points of parts that are no more and that wait to be coalesced are not played.
        """
        before = self._session
        keep_time = (before.tempo, before.audio) == (session.tempo, session.audio)
        self._monitor.change(session)
        self._parts.session = session
        self._parts.budget.allow(part.notes_per_second for part in session.parts)
        self._front.change(session)
        self._registry.change(session, {name: one.fields for name, one in self._streams.items()})
        for name, stream in self._streams.items():
            parts = parts_for(session, name, stream.fields, self._registry.number(name))
            self._monitor.unplayed.add(name, parts, stream.fields, seen=stream.points)
            stream.followed = followed_field(parts, stream.fields)
            self._front.follow(name, stream, parts, stream.followed or stream.fields[0])
            if stream.players:
                self._change_players(name, stream, parts, keep_time=keep_time)
        self._registry.most = self._most_streams
        for name in list(self._streams)[self._registry.most :]:
            self._forget(name)
        self._front.change_most()
        self._session = session  # last: what other threads ask of streams is by what plays them

    def _change_players(
        self, name: str, stream: PlayedStream, parts: list[Part], *, keep_time: bool
    ) -> None:
        """Let a stream that is in front be played by other parts."""
        state, old = self._state_of(name), stream.players
        kept = {player.part: player for player in old} if keep_time else {}
        stream.players = [
            kept.get(part) or self._parts.player(part, name, stream.fields) for part in parts
        ]
        for player in stream.players:
            if player not in old:
                player.restore(state)
        for player in old:
            if player not in stream.players:
                stream.retire(player)
                self._drop(player)

    def close(self) -> None:
        """Write what the log still owes."""
        self._registry.close()

    def _play(self, player: PartPlayer, message: Message, now_frame: int) -> list[Note]:
        """Return the notes of a part that begin now."""
        try:
            played = (
                player.process_batch(message, now_frame)
                if message.is_batch
                else player.process(message, now_frame)
            )
        except Exception as error:  # no point ends a score
            self._fail(player, error)
            return []
        return [] if played is None else self._after(player, played, now_frame)

    def _flush_behind(self, now_frame: int) -> list[Note]:
        """Let parts that wait play in turn, as far as the budget of all goes."""
        notes: list[Note] = []
        budget = self._parts.budget
        budget.contended = False
        for player in list(self._behind):
            if not budget.has_capacity(now_frame):
                break
            del self._behind[player]  # it comes back behind the others if it must wait on
            try:
                flushed = player.flush(now_frame)
            except Exception as error:  # no point ends a score
                self._fail(player, error)
                continue
            notes += self._after(player, flushed, now_frame)
        budget.contended = not budget.has_capacity(now_frame) and bool(self._behind)
        return notes

    def _after(self, player: PartPlayer, notes: list[Note], now_frame: int) -> list[Note]:
        """Note whether a part is behind; return its notes, and those that tell of its range."""
        if player.waiting:
            self._behind[player] = None
        else:
            self._behind.pop(player, None)
        if notes:
            at_frame = self._earcon_frame(notes, now_frame)
            notes += self._monitor.range_ticks(player, notes, at_frame)
        return notes

    def _earcon_frame(self, notes: list[Note], now_frame: int) -> int:  # noqa: ARG002  # for tables
        """Return when the earcon of a point with these notes may begin."""
        return now_frame

    def _add_stream(self, message: Message, now_frame: int) -> PlayedStream | None:
        """Set up a stream that appears for the first time; None if there is no place for it."""
        name, fields = message.stream, tuple(message.first_fields)
        if self._registry.is_full:
            silent = self._registry.next_replaceable(self._monitor.staleness.last_frame)
            if silent is None:
                self._registry.refuse(name, message.size)
                return None
            self._forget(silent)
        parts = self._registry.admit(name, fields)
        stream = None
        try:
            stream = PlayedStream(fields, followed_field(parts, fields), now_frame)
            stream.players = self._front.add(name, stream, parts, now_frame)
            self._monitor.add(name, parts, fields)  # last: what can't be set up is not watched
        except Exception:
            if stream is not None:
                self._front.remove(name, stream)
            self._registry.release(name)
            raise
        remembered = self._registry.recall(name)
        if remembered is not None:
            self._restore_stream(name, stream, remembered)
        self._streams[name] = stream
        if len(self._new_streams) < MAX_NEW_STREAMS:
            line = legend_line(name, parts, fields)
            self._new_streams.append(line + _why_by_default(self._session, name))
        return stream

    def _restore_stream(self, name: str, stream: PlayedStream, state: dict[str, Any]) -> None:
        """Let a stream go on where it was before a restart."""
        try:
            for player in stream.players:
                player.restore(state)
            self._monitor.restore(name, state)
        except ValueError as error:
            _log.warning("%s begins afresh, its state can't be used: %s", name, error)
            parts = parts_for(self._session, name, stream.fields, self._registry.number(name))
            self._monitor.remove(name)
            self._monitor.add(name, parts, stream.fields)
            self._front.begin_again(name, stream, parts)
            return
        if not stream.players:
            self._front.keep(name, stream, state)

    @property
    def _most_streams(self) -> int:
        return MAX_PLAYED_STREAMS if self._front.most is None else MAX_STREAMS

    def _ticks(self, now_frame: int) -> list[Note]:
        """Return the notes of all ticks up to a frame."""
        notes: list[Note] = []
        for frame in self._clock.due(now_frame):
            notes += self._tick(frame)
        return notes

    def _tick(self, now_frame: int) -> list[Note]:
        """Look after all streams at once."""
        self._forget_silent(now_frame)
        self._update_rates(now_frame)
        notes = self._monitor.tick(now_frame)
        self._front.silence(self._monitor.staleness.fell_silent)
        self._front.silence(self._monitor.staleness.stalled, notable=False)
        return notes + self._front.tick(now_frame)

    def _pass_on(self, event: Event) -> None:
        """Let who is told hear what happened, and let it have a say in who is in front."""
        self._on_event(event)
        self._front.hear(event)

    def _forget_silent(self, now_frame: int) -> None:
        """Let streams that are silent for long give their places back."""
        if now_frame < self._forget_due:
            return
        self._forget_due = now_frame + round(FORGET_LOOK_S * self.sample_rate)
        forget_after_s = self._session.streams.forget_after
        silent_before = self._monitor.staleness.silent_before
        for stream in silent_before(now_frame - round(forget_after_s * self.sample_rate)):
            self._forget(stream)
        self._registry.tick(now_frame, silent_before, forget_after_s)

    def _update_rates(self, now_frame: int) -> None:
        """See how many points come a second: of thousands of streams, of some in each turn."""
        if not self._unrated:
            self._unrated = list(self._streams)
        for _ in range(min(RATED_A_TICK, len(self._unrated))):
            if (stream := self._streams.get(self._unrated.pop())) is not None:
                stream.update_rate(now_frame, self.sample_rate)

    def _forget(self, stream: str) -> None:
        played = self._streams.pop(stream)
        for player in played.players:
            self._drop(player)
        self._front.remove(stream, played)
        self._monitor.remove(stream)
        self._registry.forget(stream)

    def _state_of(self, stream: str) -> dict[str, Any]:
        played = self._streams[stream]
        states = [*self._front.windows(stream, played), self._monitor.state(stream)]
        return {key: remembered for state in states for key, remembered in state.items()}

    def _statistics(self, name: str, stream: PlayedStream) -> StreamStatistics:
        players, point = stream.players, stream.last
        staleness = self._monitor.staleness
        state = staleness.state_of(name)
        if state == "live" and self._monitor.alerts.active_of(name):
            state = "alert"
        note = next((player.last_note for player in players if player.last_note), stream.last_note)
        return StreamStatistics(
            name=name,
            state=state,
            points=stream.points,
            fields={} if point is None else dict(point.fields),
            time=None if point is None else point.time,
            range=next((player.pitch_range for player in players), None),
            points_per_second=stream.points_per_second,
            points_unplayed=self._monitor.unplayed.points_of(name),
            points_coalesced=stream.coalesced + sum(player.coalesced for player in players),
            notes=stream.notes + sum(player.notes for player in players),
            last_note=note,
            front=bool(players),
            surprise=round(self._front.surprise(name, stream), 2),
        )

    def _fail(self, player: PartPlayer, error: Exception) -> None:
        """Take in that a point, or what waited with it, could not be played."""
        self.counts.faults += 1
        self._faults.survive(error, player.stream)

    def _drop(self, player: PartPlayer) -> None:
        """Let go of a part; what waits in it is not played."""
        self.counts.points_coalesced += player.waiting
        self._behind.pop(player, None)


def _why_by_default(session: Session, stream: str) -> str:
    """Return that a session's parts leave a stream out, which a mistyped pattern does."""
    if not session.parts or matching_parts(session, stream):
        return ""
    patterns = list(dict.fromkeys(part.stream for part in session.parts))[:MAX_HINTS]
    hint = nearest(stream, patterns) if len(stream) <= MAX_HINTED_CHARS else ""
    return f"; by default, as no part of the session is for it{hint}"


def followed_field(parts: Sequence[Part], fields: Sequence[str]) -> str:
    """Return the field that the pitch of the first of a stream's parts follows."""
    return field_name(parts[0].pitch.field, fields)
