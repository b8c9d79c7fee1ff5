"""The feed's thread: what happens, what is heard and how things stand, told to whoever reads it."""

import threading
import time
from collections import deque
from collections.abc import Iterable
from math import inf
from typing import Final

import msgspec

from streamson._faults import Faults
from streamson.listener.feed_session import session_told
from streamson.listener.feed_sound import LevelMeter, SoundBlocks
from streamson.listener.feed_streams import StreamsTeller
from streamson.listener.report import Reporter
from streamson.model.event.base import Event
from streamson.model.event.steering import SessionChanged
from streamson.model.feed import (
    AUDIO,
    CLOCK,
    EVENT,
    HELLO,
    LEVEL,
    NOTE,
    PAST,
    PLAY,
    SESSION,
    STATE,
    STATISTICS,
    STREAMS,
    Clock,
    EventTold,
    ListenerState,
    Message,
    NoteStarted,
    Past,
    PlayedNote,
)
from streamson.model.note import Note
from streamson.output.tap import TapFanOut
from streamson.session.schema import Session
from streamson.wire.feed.publisher import FeedPublisher

SOUND_TURN_S: Final = 0.01
TURN_S: Final = 0.05
QUIET_TURN_S: Final = 0.2
"""Time between two turns: while sound is sent, while anything is, and while nobody is there."""

STATISTICS_S: Final = 1.0
"""How often they are told."""

CLOCK_S: Final = 0.25
"""How often the clock is told."""

LOOK_S: Final = 0.05
"""How often it is looked how loud it is, and whether what can be steered changed."""

STATE_S: Final = 10.0
"""What can be steered is told again in this time, so that who missed it knows it again."""

MAX_AT_ONCE: Final = 100
"""Notes and events that are told in a turn: half of what may wait for a reader."""

MAX_PAST: Final = 20
"""Events that a newcomer is told of: what was said before he came."""

MAX_SESSIONS: Final = 8
"""Sessions that are kept until it is told that they are in force."""

SESSIONS_TOLD: Final = 2
"""Sessions that a newcomer is told of: notes of the one before may still begin."""

MAX_WAITING: Final = 10_000
"""Notes and events that wait to be told; of more the oldest are left out and counted."""


class _Due:
    """Says when the time for something has come.

    Parameters
    ----------
    interval_s
        From one time to the next.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._next = -inf

    def comes(self, now: float) -> bool:
        """Return whether it is time; then the next time is so much later."""
        if now < self._next:
            return False
        self._next = now + self._interval_s
        return True

    def at_once(self) -> None:
        """Let it be time now."""
        self._next = -inf


class Feed:
    """Publishes what a listener tells.

    Parameters
    ----------
    publisher
        Where; this closes it.
    tap
        The finished sound.
    reporter
        How things stand.
    faults
        Survives what nobody foresaw.

    Attributes
    ----------
    left_out
        Notes and events that had no room.
    """

    def __init__(
        self, publisher: FeedPublisher, *, tap: TapFanOut, reporter: Reporter, faults: Faults
    ) -> None:
        self.left_out = 0
        self._publisher = publisher
        self._reporter = reporter
        self._faults = faults
        self._waiting: deque[tuple[str, EventTold | NoteStarted]] = deque(maxlen=MAX_WAITING)
        self._past: deque[EventTold] = deque(maxlen=MAX_PAST)
        self._sessions: deque[tuple[int, Session]] = deque(maxlen=MAX_SESSIONS)
        self._events = self._notes = self._notes_told = 0
        self._wants_notes = self._legend_changed = False
        self._state: ListenerState | None = None
        self._sound = SoundBlocks(tap)
        self._level = LevelMeter(tap)
        self._streams = StreamsTeller(reporter, publisher)
        self._state_due, self._statistics_due = _Due(STATE_S), _Due(STATISTICS_S)
        self._clock_due = _Due(CLOCK_S)
        self._level_look, self._state_look = _Due(LOOK_S), _Due(LOOK_S)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    @property
    def readers(self) -> int:
        """How many are connected."""
        return self._publisher.readers

    @property
    def sends_sound(self) -> bool:
        """Whether anybody wants it; any thread may ask."""
        return self._publisher.wants(AUDIO)

    @property
    def cut(self) -> int:
        """Connections that were cut off."""
        return self._publisher.cut

    @property
    def refused(self) -> int:
        """Connections that were not let in."""
        return self._publisher.refused

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def close(self) -> None:
        """Publish what is left, and end. Can be called again."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
            with self._faults.surviving("the end of the feed"):
                self._tell_the_last()
        self._sound.close()
        self._level.close()
        self._publisher.close()

    def on_event(self, event: Event) -> None:
        """Tell an event; any thread may call it."""
        self._events += 1
        if isinstance(event, SessionChanged):
            self._legend_changed = True
            self._sessions.append(self._reporter.session())
        told = EventTold(
            number=self._events,
            time=time.time(),
            sentence=event.sentence,
            event=event,  # type: ignore[arg-type]  # each kind is one of AnyEvent
        )
        self._past.append(told)
        self._queue(EVENT, told)

    def on_note(self, note: Note, session: int) -> None:
        """Tell a note that began, and the number of the session that it was played by."""
        self._notes += 1
        if self._wants_notes:
            self._queue(NOTE, NoteStarted(number=self._notes, note=note, session=session))

    def _queue(self, topic: str, message: EventTold | NoteStarted) -> None:
        self.left_out += len(self._waiting) == MAX_WAITING
        self._waiting.append((topic, message))

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._faults.surviving("the feed"):
                self._turn()

    def _turn(self) -> None:
        publisher = self._publisher
        asked = publisher.wait(self._pause_s())
        self._wants_notes = publisher.wants(NOTE) or publisher.wants(PLAY)
        self._welcome(asked)
        if publisher.wants(AUDIO):
            self._send(AUDIO, self._sound.blocks())
        else:
            self._sound.close()
        self._tell_waiting()
        now = time.monotonic()
        if publisher.wants(CLOCK) and self._clock_due.comes(now):
            publisher.send(CLOCK, Clock(frame=self._reporter.frame, notes=self._notes_told))
        if not publisher.wants(LEVEL):
            self._level.close()
        elif self._level_look.comes(now):
            self._send(LEVEL, self._level.levels())
        if publisher.wants(STATE) and self._state_look.comes(now):
            self._tell_state(now)
        if publisher.wants(STREAMS):
            self._streams.tell(now)
        if publisher.wants(STATISTICS) and self._statistics_due.comes(now):
            publisher.send(STATISTICS, self._reporter.statistics())

    def _welcome(self, asked: set[str]) -> None:
        """Let those who subscribed know at once how things stand."""
        if HELLO in asked:
            self._publisher.send(HELLO, self._reporter.hello())
        if SESSION in asked:
            self._tell_sessions()
        if PAST in asked:
            self._publisher.send(PAST, Past(events=tuple(self._past)))
        if CLOCK in asked:
            self._clock_due.at_once()
        if STATE in asked:
            self._state_due.at_once()
            self._state_look.at_once()
        if STREAMS in asked or self._legend_changed:
            self._legend_changed = False
            self._streams.refresh()
        if STATISTICS in asked:
            self._statistics_due.at_once()

    def _pause_s(self) -> float:
        if self._publisher.wants(AUDIO):
            return SOUND_TURN_S
        return TURN_S if self._publisher.readers else QUIET_TURN_S

    def _send(self, topic: str, messages: Iterable[Message]) -> None:
        for message in messages:
            self._publisher.send(topic, message)

    def _tell_waiting(self) -> None:
        # A note is two messages where both of its forms are read.
        forms = self._publisher.wants(NOTE) + self._publisher.wants(PLAY)
        for _ in range(min(len(self._waiting), MAX_AT_ONCE // max(forms, 1))):
            topic, message = self._waiting.popleft()
            if isinstance(message, NoteStarted):
                self._notes_told = message.number
                if self._publisher.wants(PLAY):
                    self._publisher.send(PLAY, PlayedNote.of(message))
            elif isinstance(message.event, SessionChanged):
                self._tell_session(message.event.number)  # before any note of it
            self._publisher.send(topic, message)

    def _tell_sessions(self) -> None:
        """Tell of the session in force, and of the one before it."""
        if not self._sessions:
            self._sessions.append(self._reporter.session())
        for number, session in list(self._sessions)[-SESSIONS_TOLD:]:
            self._publisher.send(SESSION, session_told(number, session))

    def _tell_session(self, number: int) -> None:
        """Tell of a session, before it is told that it is in force."""
        session = dict(self._sessions).get(number)
        if session is not None and self._publisher.wants(SESSION):
            self._publisher.send(SESSION, session_told(number, session))

    def _tell_state(self, now: float) -> None:
        """Tell what can be steered where it is not as it was told last, and now and then."""
        state, told = self._reporter.state(), self._state
        if self._state_due.comes(now) or told is None or _timeless(state) != _timeless(told):
            self._state = state
            self._publisher.send(STATE, state)

    def _tell_the_last(self) -> None:
        """Tell what happened until the end, and the sound up to its last frame."""
        while self._waiting:
            self._tell_waiting()
        if self._publisher.wants(AUDIO):
            self._send(AUDIO, self._sound.blocks(to_the_end=True))
        if self._publisher.wants(STATE):
            self._tell_state(time.monotonic())


def _timeless(state: ListenerState) -> ListenerState:
    return msgspec.structs.replace(state, frame=0, time=0.0)
