"""The listener's loop: points come in, become notes, and are handed to the engine."""

import logging
import threading
from collections import deque
from typing import Final

from streamson._faults import Faults
from streamson.errors import UsageError
from streamson.listener.dispatch import NoteDispatcher
from streamson.listener.event_bus import EventBus
from streamson.listener.mixer import Mixer
from streamson.listener.reports import Reports
from streamson.listener.state_file import StateKeeper
from streamson.model.event.steering import SessionChanged, SessionRefused
from streamson.model.note import AS_SOON_AS_POSSIBLE, Note
from streamson.model.point import Message
from streamson.music.level import amplitude_to_db
from streamson.psychoacoustics.placing import AlertPlacer
from streamson.score.score import Score
from streamson.session.schema import Session
from streamson.synth import clock
from streamson.synth.engine import Engine
from streamson.synth.kernel.ducking import DUCKED_GAIN
from streamson.wire.points.receiver import Receiver

RECEIVE_TIMEOUT_S: Final = 0.05
IDLE_TIMEOUT_S: Final = 0.125
"""It waits so long for points at most, while notes are to begin, and while none are: then only what
somebody steers, and what is looked at four times a second, are to be seen to."""

COALESCING_TIMEOUT_S: Final = 0.01
"""Points that were coalesced begin at most so long after there is room for them."""

FRAME_NS: Final = 500_000
"""The clock is read once in this time, a third of a quantum of the engine: of thousands of points a
second not for each."""

MAX_STREAMS_LOGGED: Final = 200
"""Of so many streams it is said what is played of them: endless names must not fill a log."""

_legend_log = logging.getLogger("streamson.legend")


class Loop:
    """Runs in the listener's thread, which is the only one that the score knows.

    Parameters
    ----------
    session
        In force.
    receiver, score, mixer, dispatcher, engine
        Between which it passes on what comes.
    bus
        Where it tells what happens, and which it lets deliver.
    faults
        Survives what nobody foresaw.
    state
        Keeps the score's state in a file; None: nobody does.
    reports
        What began is read by.

    Attributes
    ----------
    in_force
        Number of the session that is in force, and the session.
    """

    def __init__(
        self,
        session: Session,
        *,
        receiver: Receiver,
        score: Score,
        engine: Engine,
        dispatcher: NoteDispatcher,
        mixer: Mixer,
        bus: EventBus,
        faults: Faults,
        state: StateKeeper | None,
        reports: Reports,
    ) -> None:
        self.in_force = 1, session
        self._receiver = receiver
        receiver.sources.limits = session.limits
        self._score = score
        self._engine = engine
        self._dispatcher = dispatcher
        self._bus = bus
        self._faults = faults
        self._state = state
        self._mixer = mixer
        self._placer = AlertPlacer(
            session.all_instruments,
            sample_rate=engine.sample_rate,
            compensation_db=engine.compensation_db,
            ducked_db=amplitude_to_db(DUCKED_GAIN),
        )
        self._reports = reports
        self._next_session: deque[Session] = deque(maxlen=1)
        self._lost = 0
        self._soloed: tuple[str, ...] = ()
        self._streams_logged = 0
        self._look_ahead_frames = self._look_ahead(session)
        self._frame = self._frame_due_ns = 0

    def change_session(self, session: Session) -> None:
        """Go on as another session says, from the next points on; any thread may call it."""
        self._next_session.append(session)

    def run(self, stopping: threading.Event) -> None:
        """Take turns until it is to stop."""
        while not stopping.is_set():
            for message in self._receiver.receive(self._timeout_s):
                self._process(message, clock.now_ns())
            for stream in self._receiver.take_ended():
                self._end(stream, self._frame_for(clock.now_ns()))
            with self._faults.surviving("what waited"):
                self._flush(clock.now_ns())
            self._reports.read()
            self._log_new_streams()
            if self._next_session:
                with self._faults.surviving("the changed session"):
                    self._take_over()
            self._bus.deliver()
            self._engine.release_unused()
            if self._state is not None:
                with self._faults.surviving("the state"):
                    self._state.keep()

    @property
    def _timeout_s(self) -> float:
        if self._score.behind:
            return COALESCING_TIMEOUT_S
        return RECEIVE_TIMEOUT_S if self._dispatcher.is_awaiting else IDLE_TIMEOUT_S

    def _process(self, message: Message, received_ns: int) -> None:
        now_frame = self._frame_for(received_ns)
        if (log := self._reports.session_log) is not None:
            log.receive(message, now_frame)
        try:
            notes = self._score.process(message, now_frame)
            if notes:  # of thousands of streams few points are
                self._dispatch(notes, now_frame, received_ns)
        except Exception as error:  # no point ends a listener
            self._faults.survive(error, message.stream)

    def _end(self, stream: str, now_frame: int) -> None:
        if self._score.end(stream, now_frame) and self._reports.session_log is not None:
            self._reports.session_log.end(stream, now_frame)

    def _flush(self, now_ns: int) -> None:
        now_frame = self._frame_for(now_ns)
        if (soloed := self._mixer.soloed_streams) != self._soloed:
            self._soloed = soloed
            self._score.solo(soloed)
        for note in self._placer.place(self._mixer.remix(now_frame), now_frame):
            self._dispatcher.dispatch(note, None, self.in_force[0])
        self._dispatch(self._score.flush(now_frame), now_frame, now_ns)
        lost = self._receiver.lost
        # They are fewer again where what was missing came by another way.
        points, self._lost = lost - self._lost, lost
        if points > 0:
            self._dispatch(self._score.on_loss(points, now_frame), now_frame, now_ns)

    def _dispatch(self, notes: list[Note], now_frame: int, received_ns: int) -> None:
        mixed = (self._mixer.mix(note, now_frame) for note in notes)
        heard = [note for note in mixed if note is not None]
        for note in self._placer.place(heard, now_frame):
            on_arrival = note.onset_frame in (AS_SOON_AS_POSSIBLE, now_frame)
            handed = received_ns if on_arrival else None
            self._dispatcher.dispatch(note, handed, self.in_force[0])

    def _frame_for(self, time_ns: int) -> int:
        """Return the frame at which what comes at a time may begin."""
        if time_ns >= self._frame_due_ns:
            self._frame_due_ns = time_ns + FRAME_NS
            if self._look_ahead_frames:
                self._frame = self._engine.frame_at(time_ns) + self._look_ahead_frames
            else:
                self._frame = self._engine.earliest_frame
        return self._frame

    def _look_ahead(self, session: Session) -> int:
        return round(session.audio.look_ahead * self._engine.sample_rate)

    def _log_new_streams(self) -> None:
        """Say what is played of new streams, as long as there are not too many for a log."""
        for line in self._score.take_new_streams():
            if self._streams_logged < MAX_STREAMS_LOGGED:
                _legend_log.info("%s", line)
            elif self._streams_logged == MAX_STREAMS_LOGGED:
                _legend_log.info("more than %d streams: others are not told", MAX_STREAMS_LOGGED)
            self._streams_logged += 1

    def _take_over(self) -> None:
        """Go on as the next session says."""
        session = self._next_session.popleft()
        frame = self._engine.frame
        try:
            self._engine.change_instruments(session.all_instruments)
        except UsageError as error:
            self._bus.emit(SessionRefused(frame=frame, name=session.name, reason=str(error)))
            return
        self._placer.change(session.all_instruments)
        number, before = self.in_force[0] + 1, self.in_force[1].audio
        self.in_force = number, session
        self._score.change(session)
        self._receiver.sources.limits = session.limits
        if (log := self._reports.session_log) is not None:
            log.add_session(number, session)
        self._frame_due_ns = 0
        audio = session.audio
        self._engine.equal_loudness = audio.equal_loudness
        self._look_ahead_frames = self._look_ahead(session)
        if audio.volume_db != before.volume_db:
            self._mixer.set_volume(audio.volume_db)
        later = (audio.sample_rate, audio.reverb) != (before.sample_rate, before.reverb)
        remark = "sample_rate and reverb change at the next start" if later else ""
        self._bus.emit(SessionChanged(frame=frame, name=session.name, number=number, remark=remark))
