"""A thread that reads a listener's feed and hands on its notes, each at its time.

A note is told up to 0.11 s after it began, and not always as late. So each is played a constant
time after its onset, and what is heard keeps the rhythm of the listener.
"""

import heapq
import logging
import threading
import time
from math import inf
from typing import Any, Final, NamedTuple, Self

from streamson._printable import counted
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import MessageError, StreamsonError, UsageError
from streamson.live.outlet.frame_clock import FrameClock
from streamson.live.outlet.sink import Sink
from streamson.model.feed import (
    CLOCK,
    EVENT,
    HELLO,
    PLAY,
    STATE,
    STREAMS,
    Clock,
    Hello,
    PlayedNote,
)
from streamson.model.limits import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from streamson.model.note import Note
from streamson.wire.feed.reader import FeedReader

DEFAULT_DELAY_S: Final = 0.15
"""A note is told up to 0.11 s after it began; the rest is for the network."""

MAX_DELAY_S: Final = 10.0

MAX_LATE_S: Final = 0.5
"""A note that would sound so much later than it should is left out: it would be another rhythm."""

LATE_S: Final = 0.005
"""What sounds later than this is counted as late: the ear tells no less."""

MAX_WAITING: Final = 1_000
"""Notes that wait for their time; of more the newest are left out and counted."""

MAX_NOTE_VALUE: Final = 1_000.0
"""No pitch, level or rate of a note that is heard is beyond it."""

SILENCE_S: Final = 3.0
"""A listener that tells nothing for so long has gone: it tells its clock four times a second."""

TURN_S: Final = 0.05
"""The longest time until it is seen that this is to end."""

FINE_S: Final = 0.003
"""ZeroMQ waits in whole milliseconds: the last ones are waited for by the system's own clock."""

END_S: Final = 1.0
"""How long the thread may take to end: it waits for nothing that could hold it up."""

_log = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    at_s: float
    number: int
    """In the order of their coming, for those of one time."""
    end_s: float
    note: Note


class OutletCounts:
    """What became of notes.

    Attributes
    ----------
    played
        Notes that were handed on.
    late
        Of these, those that came too late for their time, and began at once.
    left_out
        Notes that came too late for that, or for which there was no room.
    lost
        Notes that never came.
    """

    def __init__(self) -> None:
        self.played = self.late = self.left_out = self.lost = 0


def check_delay(delay_s: float) -> None:
    """Raise `UsageError` where a delay is out of its range."""
    if not 0 <= delay_s <= MAX_DELAY_S:
        raise UsageError(f"--delay: found {delay_s:g} s; up to {MAX_DELAY_S:.0f} s are allowed")


class Outlet:
    """Plays a listener's notes to a sink, in a thread of its own, from its start to its close.

    As a context manager it is started and closed.

    Parameters
    ----------
    endpoint
        Of the feed.
    sink
        What is played to; this closes it.
    delay_s
        From a note's onset to the time that it is played here, beyond what the network takes at its
        best.

    Attributes
    ----------
    name
        Of what is played to.
    counts
        What became of notes; any thread may read it.

    Raises
    ------
    UsageError
        If the delay is out of its range.
    """

    def __init__(self, endpoint: str, sink: Sink, *, delay_s: float = DEFAULT_DELAY_S) -> None:
        check_delay(delay_s)
        self.name = sink.name
        self.counts = OutletCounts()
        self._endpoint = endpoint
        self._sink = sink
        self._delay_s = delay_s
        self._error: Exception | None = None
        self._clock: FrameClock | None = None
        self._hello: Hello | None = None
        self._is_muted = False
        self._heard_at = 0.0
        self._last_number: int | None = None
        self._waiting: list[_Waiting] = []
        self._numbers = 0
        self._limited = RateLimitedLog(_log)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=sink.name, daemon=True)

    def check(self) -> None:
        """Raise what ended it before its time."""
        if self._error is not None:
            raise self._error

    def summary(self) -> str:
        """Return in words what it did."""
        counts = self.counts
        parts = [f"{self._sink.name}: {counted(counts.played, 'note')}"]
        if counts.late:
            parts.append(f"{counts.late} late")
        if counts.left_out:
            parts.append(f"{counts.left_out} left out")
        if counts.lost:
            parts.append(f"{counts.lost} lost on the way")
        return ", ".join([*parts, *filter(None, [self._sink.summary()])])

    @property
    def is_started(self) -> bool:
        """Whether it plays, or did."""
        return self._thread.ident is not None

    def start(self) -> None:
        """Begin to play."""
        self._thread.start()

    def close(self) -> None:
        """End what sounds, and give back the sink, whether it was started or not."""
        if not self.is_started:
            self._sink.close()
            return
        self._stopping.set()
        self._thread.join(END_S)
        self._limited.flush()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        try:
            # A socket belongs to the thread that uses it.
            topics = (HELLO, STATE, PLAY, CLOCK, *self._sink.topics)
            with FeedReader(self._endpoint, topics) as reader:
                while not self._stopping.is_set():
                    self._turn(reader)
        except StreamsonError as error:
            self._error = error
        except Exception as error:  # it is told where it is waited for
            self._error = error
        finally:
            try:
                self._sink.end()
            finally:
                self._sink.close()

    def _turn(self, reader: FeedReader) -> None:
        now = time.monotonic()
        due = self._play_due(now)
        if due - now <= FINE_S:
            time.sleep(max(due - time.monotonic(), 0.0))
            return
        for topic, message in reader.receive(min(due - now - FINE_S / 2, TURN_S)):
            self._take(topic, message, time.monotonic())
            self._play_due(time.monotonic())
        if self._clock is not None and time.monotonic() - self._heard_at > SILENCE_S:
            self._lose()

    def _play_due(self, now: float) -> float:
        """Hand on what is due; return when something will be."""
        lead_s = self._sink.lead_s
        due = self._sink.turn(now)  # what ends comes before what begins
        while self._waiting and self._waiting[0].at_s - lead_s <= now:
            waiting = heapq.heappop(self._waiting)
            if not self._is_muted:
                self.counts.played += 1
                self._sink.play(waiting.note, max(waiting.at_s, now), waiting.end_s)
                due = self._sink.turn(now)
        return min(due, self._waiting[0].at_s - lead_s if self._waiting else inf)

    def _take(self, topic: str, message: Any, now: float) -> None:
        self._heard_at = now
        if topic == HELLO:
            self._greet(message)
        elif topic == STATE:
            self._is_muted = message.muted
            self._sink.take_state(message)
        elif topic == EVENT:
            self._sink.take_event(message)
        elif topic == STREAMS:
            self._sink.take_streams(message)
        elif topic == CLOCK:
            self._take_clock(message, now)
        elif topic == PLAY and self._clock is not None:
            self._take_note(message, self._clock, now)

    def _greet(self, hello: Hello) -> None:
        if not MIN_SAMPLE_RATE <= hello.sample_rate <= MAX_SAMPLE_RATE:
            raise MessageError(f"{self._endpoint}: no listener has that sample rate")
        if self._hello is None or hello.run != self._hello.run:
            self._lose()
        self._hello = hello

    def _take_clock(self, told: Clock, now: float) -> None:
        if self._hello is None:
            return  # of a listener that has not said who it is nothing is known
        if self._clock is None:
            self._clock = FrameClock(self._hello.sample_rate, self._delay_s)
            self._sink.begin(self._hello, self._clock)
        self._clock.measure(told.frame, now)
        self._miss_up_to(told.notes)

    def _lose(self) -> None:
        """Forget a listener: it has gone, or another took its place."""
        if self._clock is not None:
            self._sink.end()
        self._clock = self._last_number = None
        self._waiting.clear()

    def _take_note(self, told: PlayedNote, clock: FrameClock, now: float) -> None:
        self._miss_up_to(told.number - 1)
        self._last_number = told.number
        self._schedule(told, clock, now)

    def _miss_up_to(self, number: int) -> None:
        """Count what is missing up to a note that was told."""
        if self._last_number is not None and number > self._last_number:
            missing = number - self._last_number
            self.counts.lost += missing
            self._last_number = number
            self._limited.warning(
                "lost", "%s: %s lost on the way", self._sink.name, counted(missing, "note")
            )

    def _schedule(self, told: PlayedNote, clock: FrameClock, now: float) -> None:
        at_s = clock.time_of(told.onset_frame)
        late_s = now - at_s
        note = told.note(clock.sample_rate)
        if not _is_playable(note):
            self._leave_out("is none that can be played")
            return
        if late_s > MAX_LATE_S:
            self._leave_out("came too late to be played. A longer --delay gives more time")
            return
        if len(self._waiting) >= MAX_WAITING:
            self._leave_out("had no room: too many wait for their time")
            return
        if late_s > LATE_S:
            self.counts.late += 1
        self._numbers += 1
        end_s = at_s + told.duration_frames / clock.sample_rate
        heapq.heappush(self._waiting, _Waiting(at_s, self._numbers, end_s, note))

    def _leave_out(self, why: str) -> None:
        self.counts.left_out += 1
        self._limited.warning(why, "%s: a note %s", self._sink.name, why)


def _is_playable(note: Note) -> bool:
    """Return whether a note is one that a listener can have: a feed might tell anything."""
    values = (note.midi_note, note.level_db, note.pan, note.brightness, note.tremolo_hz)
    return all(abs(value) <= MAX_NOTE_VALUE for value in values) and note.duration_frames >= 0
