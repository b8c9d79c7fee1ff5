"""The notes of a listener that is followed, handed to the engine here at their frames."""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from streamson._printable import counted, printable
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import UsageError
from streamson.listener.dispatch import NoteDispatcher
from streamson.listener.followed_sessions import FollowedSessions
from streamson.listener.followed_streams import FollowedStreams
from streamson.listener.frame_map import FrameMap
from streamson.listener.held_voices import HeldVoices
from streamson.listener.mixer import Mixer
from streamson.model.feed import PlayedNote
from streamson.model.note import Note
from streamson.synth.engine import Engine

MAX_EARLY: Final = 1_000
"""Notes that wait for the clock to be known; of more the oldest are left out and counted."""

LOST: Final = "lost on the way"


class FollowedNotes:
    """Plays them, and counts and says what is missing.

    Parameters
    ----------
    engine, dispatcher, mixer, streams
        What they are played with, and who is told of it.
    frames
        Maps their frames to those here.
    session_number
        Returns the number of the session in force, counted here.
    limited
        Where it is said what is missing.

    Attributes
    ----------
    sessions
        Those that they are played by.
    have_begun
        Whether one was played in this run.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        dispatcher: NoteDispatcher,
        mixer: Mixer,
        streams: FollowedStreams,
        frames: FrameMap,
        session_number: Callable[[], int],
        limited: RateLimitedLog,
    ) -> None:
        self._engine = engine
        self._dispatcher = dispatcher
        self._mixer = mixer
        self._streams = streams
        self._frames = frames
        self._session_number = session_number
        self._limited = limited
        self._held = HeldVoices()
        self._late = 0
        self._begin()

    def begin_anew(self) -> None:
        """Begin with another run of the listener; what is held ends."""
        self.end_held()
        self._begin()

    def _begin(self) -> None:
        self.sessions = FollowedSessions()
        self.have_begun = False
        self._early: deque[PlayedNote] = deque(maxlen=MAX_EARLY)
        self._last_number: int | None = None

    def take(self, told: PlayedNote) -> None:
        """Take in a note."""
        if self._last_number is not None:
            if told.number <= self._last_number:
                return  # of another run, which says so next
            self._miss(told.number - self._last_number - 1, LOST)
        self._last_number = told.number
        if self._frames.offset is None:
            if len(self._early) == MAX_EARLY:
                self._miss(1, "left out: it came before the clock")
            self._early.append(told)
        else:
            self._play(told)

    def play_early(self) -> None:
        """Play the notes that came before the clock was known, if they are not past."""
        while self._early:
            told = self._early.popleft()
            if self._frames.own_frame(told.onset_frame) >= self._engine.earliest_frame:
                self._play(told)

    def check(self, last_number: int) -> None:
        """Count what is missing up to the last one that was told."""
        if self._last_number is not None and last_number > self._last_number:
            self._miss(last_number - self._last_number, LOST)
            self._last_number = last_number

    def end_held(self) -> None:
        """Let held voices fall silent."""
        for note in self._held.end(self._engine.earliest_frame):
            if (mixed := self._mixer.mix(note, note.onset_frame)) is not None:
                self._mixer.notes_remixed += 1
                self._dispatcher.dispatch(mixed, None, self._session_number())

    def say_late(self) -> None:
        """Say how many came too late since the last time; the engine counts them."""
        late = int(self._engine.state["late"])
        if late > self._late:
            self._limited.warning(
                "late",
                "too late for the frame where it belongs: %s; it begins at once, and the sound is "
                "not the same. A longer --delay gives more time",
                counted(late - self._late, "note"),
            )
            self._late = late

    def _play(self, told: PlayedNote) -> None:
        session = self.sessions.get(told.session)
        if session is None:
            self._miss(1, "left out: its session is not known here")
            return
        note = self.sessions.renamed(told.note(self._engine.sample_rate), told.session)
        onset_frame = max(self._frames.own_frame(note.onset_frame), 0)
        note = msgspec.structs.replace(note, onset_frame=onset_frame)
        self._held.add(note)
        mixed = self._mixer.mix(note, onset_frame)
        self._engine.equal_loudness = session.audio.equal_loudness
        if mixed is None or self._hand_over(mixed):
            self._streams.add_note(note)

    def _hand_over(self, note: Note) -> bool:
        """Hand a note to the engine; return whether it is one that can be played."""
        try:
            self._dispatcher.dispatch(note, None, self._session_number())
        except UsageError as error:
            self._miss(1, "left out: ", str(error))
            return False
        self.have_begun = True
        return True

    def _miss(self, notes: int, why: str, reason: str = "") -> None:
        if notes > 0:
            self._streams.counts.notes_missed += notes
            said = f"{why}{printable(reason)}"
            self._limited.warning(why, "%s %s", counted(notes, "note"), said)
