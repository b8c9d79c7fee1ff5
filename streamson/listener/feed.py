"""The feed's thread: what happens, what is heard and how things stand, told to whoever reads it."""

import threading
import time
from collections import deque
from typing import Final

from streamson._faults import Faults
from streamson.listener.feed_sound import LevelMeter, SoundBlocks
from streamson.listener.feed_streams import StreamsTeller
from streamson.listener.report import Reporter
from streamson.model.event import Event
from streamson.model.feed import (
    AUDIO,
    EVENT,
    HELLO,
    LEVEL,
    NOTE,
    STATE,
    STATISTICS,
    STREAMS,
    EventTold,
    ListenerState,
    NoteStarted,
)
from streamson.model.note import Note
from streamson.output.tap import TapFanOut
from streamson.wire.feed import FeedPublisher

SOUND_TURN_S: Final = 0.005
TURN_S: Final = 0.02
QUIET_TURN_S: Final = 0.2
"""Time between two turns: while sound is sent, while anything is, and while nobody is there."""

STATISTICS_S: Final = 1.0
"""How often they are told."""

MAX_WAITING: Final = 10_000
"""Notes and events that wait to be told; of more the oldest are left out and counted."""


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
        self._waiting: deque[tuple[str, EventTold | NoteStarted]] = deque()
        self._events = self._notes = 0
        self._wants_notes = False
        self._state: ListenerState | None = None
        self._sound = SoundBlocks(tap)
        self._level = LevelMeter(tap)
        self._streams = StreamsTeller(reporter, publisher)
        self._statistics_due = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    @property
    def readers(self) -> int:
        """How many are connected."""
        return self._publisher.readers

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def close(self) -> None:
        """Publish what is left, and end."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
            self._tell_waiting()
        self._sound.close()
        self._level.close()
        self._publisher.close()

    def on_event(self, event: Event) -> None:
        """Tell an event; any thread may call it."""
        self._events += 1
        told = EventTold(
            number=self._events,
            time=time.time(),
            sentence=event.sentence,
            event=event,  # type: ignore[arg-type]  # each kind is one of AnyEvent
        )
        self._queue(EVENT, told)

    def on_note(self, note: Note) -> None:
        """Tell a note that began."""
        self._notes += 1
        if self._wants_notes:
            self._queue(NOTE, NoteStarted(number=self._notes, note=note))

    def _queue(self, topic: str, message: EventTold | NoteStarted) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.left_out += 1
        self._waiting.append((topic, message))

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._faults.surviving("the feed"):
                self._turn()

    def _turn(self) -> None:
        publisher = self._publisher
        newcomers = publisher.wait(self._pause_s())
        self._wants_notes = publisher.wants(NOTE)
        if newcomers:
            publisher.send(HELLO, self._reporter.hello())
            self._streams.refresh()
            self._state, self._statistics_due = None, 0.0
        if publisher.wants(AUDIO):
            for block in self._sound.blocks():
                publisher.send(AUDIO, block)
        else:
            self._sound.close()
        self._tell_waiting()
        now = time.monotonic()
        if publisher.wants(LEVEL):
            for level in self._level.levels():
                publisher.send(LEVEL, level)
        else:
            self._level.close()
        if publisher.wants(STATE):
            self._tell_state()
        if publisher.wants(STREAMS):
            self._streams.tell(now)
        if publisher.wants(STATISTICS) and now >= self._statistics_due:
            self._statistics_due = now + STATISTICS_S
            publisher.send(STATISTICS, self._reporter.statistics())

    def _pause_s(self) -> float:
        if self._publisher.wants(AUDIO):
            return SOUND_TURN_S
        return TURN_S if self._publisher.readers else QUIET_TURN_S

    def _tell_waiting(self) -> None:
        while self._waiting:
            topic, message = self._waiting.popleft()
            self._publisher.send(topic, message)

    def _tell_state(self) -> None:
        """Tell what can be steered where it is not as it was told last."""
        state, told = self._reporter.state(), self._state
        if told is None or _without_clock(state) != _without_clock(told):
            self._state = state
            self._publisher.send(STATE, state)


def _without_clock(state: ListenerState) -> tuple[object, ...]:
    return (
        *(state.session, state.volume_db, state.muted, state.muted_streams),
        *(state.soloed_streams, state.recording, state.alerts),
    )
