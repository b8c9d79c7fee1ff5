"""What a listener plays in plain lines: for screen readers, logs and whoever reads on."""

import time
from collections.abc import Callable
from typing import Any, Final

from streamson._printable import counted, printable
from streamson.live.mirror import Mirror
from streamson.live.times import time_of_day
from streamson.model.feed import EVENT, HELLO, STATE, STATISTICS, STREAMS, ActiveAlert
from streamson.model.note import Note
from streamson.model.statistics import Statistics
from streamson.music.pitch import midi_to_note

TOPICS: Final = (STATE, STREAMS, EVENT, STATISTICS)
"""What is read of a feed."""

INTERVAL_S: Final = 10.0
"""A line that sums up is told this often."""

SHOWN_LAG_S: Final = 0.5
"""What is more behind than this is told."""


def summary_line(
    stats: Statistics, *, endpoint: str, last_played: str, follows: bool = False
) -> str:
    """Return how things stand.

    Parameters
    ----------
    stats
        Of the listener.
    endpoint
        Where it waits for points; or the feed of the listener that it follows.
    last_played
        The last note, as `played` returns it.
    follows
        Whether it plays the notes of another listener, and so gets no points.
    """
    minutes, seconds = divmod(int(stats.seconds), 60)
    if not stats.points_received and not stats.notes_played:
        awaited = "notes of the listener" if follows else "points"
        return f"{minutes}:{seconds:02}  waiting for {awaited} on {printable(endpoint)}"
    lost = f", {stats.points_lost} lost" if stats.points_lost else ""
    points = "" if follows else f"{counted(stats.points_received, 'point')}{lost}, "
    alerts = f", {counted(stats.alerts_active, 'alert')}" if stats.alerts_active else ""
    stale = f", {stats.streams_stale} silent" if stats.streams_stale else ""
    lag = f", {stats.lag_s:.1f} s behind" if stats.lag_s >= SHOWN_LAG_S else ""
    dropped = f", {stats.notes_dropped} dropped" if stats.notes_dropped else ""
    return (
        f"{minutes}:{seconds:02}  {printable(last_played)}  "
        f"{counted(stats.streams, 'stream')}{stale}{alerts}, "
        f"{points}{counted(stats.notes_played, 'note')}{dropped}{lag}, "
        f"load {100 * stats.callback_load:.1f} %"
    )


def played(note: Note) -> str:
    """Return a note for a person."""
    return f"{note.stream} {midi_to_note(note.midi_note)}"


class PlainLines:
    """Tells of a listener, line by line.

    Parameters
    ----------
    tell
        Writes a line.
    """

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._mirror = Mirror()
        self._last_note: Note | None = None
        self._due = 0.0
        self._was_there = False
        self._told_alerts = False
        self._refusal = ""

    def update(self, topic: str, message: Any) -> None:
        """Take in a message, and tell of it where it is told at once."""
        if topic == HELLO and not self._was_there:
            self._greet(message)
        self._mirror.update(topic, message)
        self._was_there = True
        if topic == EVENT:
            self._say(message.sentence, message.time)
        elif topic == STREAMS:
            notes = [row.last_note for row in message.rows if row.last_note is not None]
            self._last_note = max(notes, key=lambda note: note.onset_frame, default=self._last_note)
        elif topic == STATE and not self._told_alerts:
            self._told_alerts = True
            for alert in message.alerts:
                self._say(_since(alert), time.time())
        elif topic == STATISTICS:
            self._sum_up(message)

    def look(self, refusal: str = "") -> None:
        """Tell when the listener has gone, or lets nobody in; to be called now and then.

        Parameters
        ----------
        refusal
            Why it does not let this reader in, if it does not.
        """
        if refusal != self._refusal:
            self._refusal = refusal
            if refusal:
                self._say(refusal, time.time())
        if self._was_there and not self._mirror.is_there:
            self._was_there = self._told_alerts = False
            self._mirror = Mirror()
            self._due, self._last_note = 0.0, None
            self._say("the listener tells nothing any more; waiting for it", time.time())

    def _sum_up(self, stats: Statistics) -> None:
        next_due = stats.seconds + INTERVAL_S
        if stats.seconds < self._due <= next_due:
            return
        self._due = next_due  # of a listener that began anew it is less than before
        hello, note = self._mirror.hello, self._last_note
        endpoint, last = hello.endpoint if hello else "", played(note) if note else ""
        follows = hello is not None and hello.follows
        self._tell(summary_line(stats, endpoint=endpoint, last_played=last, follows=follows))

    def _greet(self, hello: Any) -> None:
        what = "what the listener plays on" if hello.follows else "what comes to"
        self._say(f"{hello.program} plays {hello.output} {what} {hello.endpoint}", time.time())

    def _say(self, sentence: str, at: float) -> None:
        self._tell(f"{time_of_day(at)} {printable(sentence)}")


def _since(alert: ActiveAlert) -> str:
    known = ", which somebody knows" if alert.acknowledged else ""
    return f"{alert.sentence}, since {time_of_day(alert.raised_at)}{known}"
