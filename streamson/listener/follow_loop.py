"""The loop of a listener that follows another: its notes come in and are handed to the engine."""

import logging
import threading
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any, Final

import msgspec

from streamson._faults import Faults
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import StreamsonError, UsageError
from streamson.listener.dispatch import NoteDispatcher
from streamson.listener.event_bus import EventBus
from streamson.listener.feed_presence import FeedPresence
from streamson.listener.followed_notes import FollowedNotes
from streamson.listener.followed_sessions import session_of
from streamson.listener.followed_streams import FollowedStreams
from streamson.listener.frame_map import FrameMap
from streamson.listener.mixer import Mixer
from streamson.listener.reports import Reports
from streamson.model.event.alerts import AlertCleared, AlertRaised
from streamson.model.event.following import FeedJoined, SessionNotFollowed
from streamson.model.event.steering import Caption, SessionChanged, VolumeChanged
from streamson.model.event.streams import PointsLost, StreamRecovered, StreamStale
from streamson.model.feed import (
    CLOCK,
    EVENT,
    PLAY,
    SESSION,
    STATE,
    Clock,
    EventTold,
    Hello,
    ListenerState,
    PlayedNote,
    SessionTold,
)
from streamson.model.note import AS_SOON_AS_POSSIBLE
from streamson.score.alerts.earcon_player import EarconPlayer
from streamson.session.parse.earcons import builtin_earcons
from streamson.session.schema import Session
from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import NOTE_RING
from streamson.wire.feed.reader import FeedReader

TOPICS: Final = (SESSION, STATE, EVENT, PLAY, CLOCK)

TURN_S: Final = 0.05
TOLD_HERE: Final = (AlertRaised, AlertCleared, StreamStale, StreamRecovered, PointsLost, Caption)
"""Events of the listener that is followed that are told here too: all that is not about its own
device, recording, page and volume."""

_log = logging.getLogger(__name__)


class FollowLoop:
    """Runs in the listener's thread.

    Parameters
    ----------
    leader
        What the listener that is followed said first.
    session
        Its session then.
    open_reader
        Connects to its feed.
    endpoint
        Where that is, for messages.
    frames
        Maps its frames to those here.
    engine, dispatcher, mixer, streams, reports
        What is played with, and who is told of it.
    bus
        Where it tells what happens, and which it lets deliver.
    faults
        Survives what nobody foresaw.

    Attributes
    ----------
    in_force
        Number of the session that is in force, counted here, and the session.
    """

    def __init__(
        self,
        leader: Hello,
        session: Session,
        *,
        open_reader: Callable[[], FeedReader],
        endpoint: str,
        frames: FrameMap,
        engine: Engine,
        dispatcher: NoteDispatcher,
        mixer: Mixer,
        streams: FollowedStreams,
        reports: Reports,
        bus: EventBus,
        faults: Faults,
    ) -> None:
        self.in_force = 1, session
        self._leader = leader
        self._open_reader = open_reader
        self._endpoint = endpoint
        self._frames = frames
        self._engine = engine
        self._dispatcher = dispatcher
        self._mixer = mixer
        self._streams = streams
        self._reports = reports
        self._bus = bus
        self._faults = faults
        self._limited = RateLimitedLog(_log)
        self._earcons = EarconPlayer(session, sample_rate=engine.sample_rate, counts=streams.counts)
        self._run = ""
        self._notes = FollowedNotes(
            engine=engine,
            dispatcher=dispatcher,
            mixer=mixer,
            streams=streams,
            frames=frames,
            session_number=lambda: self.in_force[0],
            limited=self._limited,
        )
        self._last_event: int | None = None
        self._refused_session: int | None = None
        self._volume_db = session.audio.volume_db
        self._volume_due = True
        self._presence = FeedPresence(
            endpoint, frame=lambda: self._engine.frame, on_event=self._bus.emit
        )

    def change_session(self, session: Session) -> None:  # noqa: ARG002
        """Refuse: what is played is chosen there.

        Raises
        ------
        UsageError
        """
        raise UsageError(f"the session is chosen at the listener on {self._endpoint}")

    def run(self, stopping: threading.Event) -> None:
        """Take turns until it is to stop.

        Raises
        ------
        StreamsonError
            The other listener began anew with what can't be changed here, or what comes is no feed.
        """
        reader = self._open_reader()
        try:
            while not stopping.is_set():
                for _, message in reader.receive(TURN_S):
                    self._take(message)
                if self._presence.has_gone():
                    self._notes.end_held()
                    self._sound("stale")
                if self._presence.is_due_again():
                    if reader.refusal:
                        self._limited.warning("refused", "%s", reader.refusal)
                    reader.close()
                    reader = self._open_reader()
                with self._faults.surviving("what waited"):
                    self._take_turn()
        finally:
            reader.close()
            self._limited.flush()

    def _take_turn(self) -> None:
        for note in self._mixer.remix(self._engine.earliest_frame):
            self._dispatcher.dispatch(note, None, self.in_force[0])
        self._reports.read()
        self._bus.deliver()
        self._engine.release_unused()
        self._notes.say_late()

    def _take(self, message: Any) -> None:
        """Take in what was told.

        Raises
        ------
        StreamsonError
            As of `run`.
        """
        if isinstance(message, Hello):
            self._meet(message)
            return
        try:
            self._take_known(message)
        except Exception as error:  # no message ends it
            self._faults.survive(error, "what was told")

    def _take_known(self, message: Any) -> None:
        match message:
            case PlayedNote():
                self._notes.take(message)
            case Clock():
                self._take_clock(message)
            case SessionTold():
                self._take_session(message)
            case EventTold():
                self._take_event(message)
            case ListenerState():
                self._take_state(message)

    def _meet(self, hello: Hello) -> None:
        """Begin anew with another run of the listener."""
        if hello.run == self._run:
            return
        leader = self._leader
        if (hello.sample_rate, hello.reverb) != (leader.sample_rate, leader.reverb):
            raise StreamsonError(
                f"the listener on {self._endpoint} began anew at {hello.sample_rate} Hz instead of "
                f"{leader.sample_rate} Hz, or in another room: follow it anew"
            )
        if self._run:
            _log.info("the listener on %s began anew", self._endpoint)
        self._run = hello.run
        self._frames.forget()
        self._streams.forget()
        self._notes.begin_anew()
        self._last_event = self._refused_session = None
        self._volume_due = True

    def _take_session(self, told: SessionTold) -> None:
        sessions = self._notes.sessions
        if sessions.get(told.number) is not None or told.number == self._refused_session:
            return  # it is told to each newcomer
        try:
            session = session_of(told)
            sessions.add(told.number, session)
            self._engine.change_instruments(sessions.instruments)
        except StreamsonError as error:
            self._refused_session = told.number
            frame, name = self._engine.frame, told.name
            self._bus.emit(SessionNotFollowed(frame=frame, name=name, reason=str(error)))
            return
        number, before = self.in_force
        if session.text == before.text:
            self.in_force = number, session
            return
        self.in_force = number + 1, session
        self._earcons.change(session)
        changed = SessionChanged(frame=self._engine.frame, name=session.name, number=number + 1)
        self._bus.emit(changed)

    def _take_clock(self, told: Clock) -> None:
        if self._presence.hear():
            self._volume_due = True
            self._sound("back")
        if not int(self._engine.state["origin_ns"]):
            return  # no device asks for sound yet
        self._frames.measure(told.frame, self._engine.frame, monotonic())
        if self._frames.offset is None:
            self._frames.fit()
            frame, delay_s = self._engine.frame, self._frames.delay_s
            self._bus.emit(FeedJoined(frame=frame, endpoint=self._endpoint, delay_s=delay_s))
            self._notes.play_early()
        elif not self._notes.have_begun:
            self._frames.fit()
        elif self._frames.is_off():
            self._shift()
        self._notes.check(told.notes)

    def _shift(self) -> None:
        """Map the frames anew, as the clocks drifted apart: in silence if that comes in time."""
        if not self._is_silent() and not self._frames.is_off(times=2.0):
            return
        how = "in a pause" if self._is_silent() else "while it sounds, which is not the same there"
        self._frames.fit()
        self._streams.counts.clock_shifts += 1
        self._limited.warning("shift", "the clocks drifted apart: mapped anew %s", how)

    def _is_silent(self) -> bool:
        """Return whether nothing sounds or waits here, so that nobody hears a shift."""
        state = self._engine.state
        return (
            self._engine.queue_space == NOTE_RING
            and int(state["pending"]) == int(state["active"]) == 0
            and int(state["reverb_left"]) <= 0
        )

    def _take_event(self, told: EventTold) -> None:
        if self._last_event is not None and told.number > self._last_event + 1:
            self._volume_due = True  # it may have changed unheard
        self._last_event, event = told.number, told.event
        if isinstance(event, VolumeChanged):
            volume_db = -inf if event.volume_db is None else event.volume_db
            if self._frames.offset is not None:
                self._glide_to(volume_db, self._frames.own_frame(event.frame))
            elif not self._volume_due:
                self._glide_to(volume_db, AS_SOON_AS_POSSIBLE)
        elif isinstance(event, TOLD_HERE):
            self._streams.add_event(event)
            offset = self._frames.offset
            frame = self._engine.frame if offset is None else max(event.frame + offset, 0)
            self._bus.emit(msgspec.structs.replace(event, frame=frame))

    def _take_state(self, state: ListenerState) -> None:
        self._streams.set_alerts(state.alerts)
        if self._volume_due:  # later changes are events, at their frames
            self._volume_due = False
            volume_db = -inf if state.muted else state.volume_db
            if volume_db != self._volume_db:
                self._glide_to(volume_db, AS_SOON_AS_POSSIBLE)

    def _glide_to(self, volume_db: float, frame: int) -> None:
        """Follow a change of the volume, unless somebody muted all here."""
        self._volume_db = volume_db
        if volume_db > -inf:
            self._mixer.volume_db = volume_db
        if not self._mixer.muted:
            self._dispatcher.glide_to(volume_db, frame)

    def _sound(self, earcon: str) -> None:
        """Let it be heard: silence is never to mean that all is well."""
        now_frame = self._engine.earliest_frame
        for note in self._earcons.play(builtin_earcons()[earcon], self._endpoint, now_frame):
            self._dispatcher.dispatch(note, None, self.in_force[0])
