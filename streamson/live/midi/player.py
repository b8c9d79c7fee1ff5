"""Plays notes to a MIDI port as MPE does: each on a channel of its own, bent to its exact pitch."""

import logging
from math import inf
from time import monotonic
from typing import Final

from streamson._printable import counted
from streamson._rate_limited_log import RateLimitedLog
from streamson.live.midi.beats import Beats
from streamson.live.midi.channel import Channel
from streamson.live.midi.messages import CHANNELS, Messages
from streamson.live.midi.port import MidiPort
from streamson.live.outlet.frame_clock import FrameClock
from streamson.model.feed import EventTold, Hello, ListenerState, Streams
from streamson.model.note import Note

SILENT_DB: Final = -100.0
"""What is softer than this is not to be heard: so a held voice comes whose stream is muted."""

MIN_NOTE_S: Final = 0.02
"""The shortest note: one that came late may be over already."""

RING_S: Final = 0.3
"""So long a channel had better rest: what rings of its last note is bent with the next one."""

MAX_NOTES_A_SECOND: Final = 200
"""What a MIDI cable carries: 3,125 bytes a second, some 15 a note. Of what is more, a receiver may
lose messages, and with them ends of notes."""

BURST: Final = 50
"""So many notes at once are within that limit: chords of all streams."""

_log = logging.getLogger(__name__)


class MidiPlayer:
    """Plays notes to a port, as a sink of an `Outlet`.

    Parameters
    ----------
    port
        Where; this closes it.

    Attributes
    ----------
    stolen
        Notes that were ended before their time, for another that began.
    left_out
        Notes that were more than a port carries.
    """

    topics: tuple[str, ...] = ()
    lead_s = 0.0

    def __init__(self, port: MidiPort) -> None:
        self.name = f"MIDI to {port.name}"
        self.stolen = self.left_out = 0
        self._room = float(BURST)
        self._room_at = -inf
        self._port = port
        self._messages = Messages()
        self._channels = [Channel(number, self._messages, port.send) for number in CHANNELS]
        self._beats = Beats(self._messages, port.send)
        self._clock: FrameClock | None = None
        self._tempo: float | None = None
        self._limited = RateLimitedLog(_log)
        self._configure()

    def begin(self, hello: Hello, clock: FrameClock) -> None:  # noqa: ARG002
        """Keep to the beats of a listener's clock."""
        self._clock = clock
        self._beats.follow(clock, self._tempo)

    def play(self, note: Note, at_s: float, end_s: float) -> None:
        """Play a note from one time, which has come, to another."""
        end_s = max(end_s, at_s + MIN_NOTE_S)
        if note.held_key and self._goes_on(note, at_s, end_s):
            return
        if note.level_db > SILENT_DB and self._has_room(note, at_s):
            self._channel_for(note, at_s).begin(note, at_s, end_s)

    def take_state(self, state: ListenerState) -> None:
        """Fall silent where all is muted, and keep to the session's tempo."""
        if state.muted:
            self._end_notes()
        self._tempo = state.tempo
        self._beats.follow(self._clock, self._tempo)

    def take_event(self, told: EventTold) -> None:
        """Take in nothing: what is heard of an event is a note."""

    def take_streams(self, streams: Streams) -> None:
        """Take in nothing: MIDI has no place for it."""

    def turn(self, now_s: float) -> float:
        """Go on with what glides, end notes, tell the beats; return when something is due."""
        due = min(channel.turn(now_s) for channel in self._channels)
        if due > now_s and self._port.look(now_s):
            self._configure()
        return min(due, self._beats.turn(now_s))

    def end(self) -> None:
        """End all notes and beats."""
        self._beats.follow(None, self._tempo)
        self._clock = None
        self._end_notes()
        for channel in self._channels:  # of what was lost on the way to the port, too
            self._port.send(self._messages.all_notes_off(channel.number))

    def close(self) -> None:
        """Give back the port."""
        self._limited.flush()
        self._port.close()

    def summary(self) -> str:
        """Return how many notes were ended for others, and how many were too many."""
        told = {
            "cut short for others": self.stolen,
            "left out for more than a port carries": self.left_out,
        }
        return ", ".join(f"{count} {what}" for what, count in told.items() if count)

    def _has_room(self, note: Note, now_s: float) -> bool:
        """Return whether a port carries one note more; an earcon always."""
        self._room += max(now_s - self._room_at, 0.0) * MAX_NOTES_A_SECOND
        self._room = min(self._room, BURST)
        self._room_at = max(now_s, self._room_at)
        if self._room < 1 and not note.foreground:
            self.left_out += 1
            self._limited.warning(
                "dense",
                "%s: of more than %d notes a second the rest is left out",
                *(self.name, MAX_NOTES_A_SECOND),
            )
            return False
        self._room = max(self._room - 1, 0.0)
        return True

    def _configure(self) -> None:
        """Tell the receiver how to take what comes."""
        for channel in self._channels:
            channel.forget()
        for message in self._messages.configuration():
            self._port.send(message)

    def _end_notes(self) -> None:
        now_s = monotonic()
        for channel in self._channels:
            channel.end(now_s)

    def _goes_on(self, note: Note, at_s: float, end_s: float) -> bool:
        """Return whether the voice that a note belongs to sounds, and goes on with it."""
        held = note.held_key
        for channel in self._channels:
            if channel.note is None or channel.note.held_key != held:
                continue
            glide_s = 0.0 if self._clock is None else note.glide_frames / self._clock.sample_rate
            if note.level_db <= SILENT_DB or not channel.glide_to(note, glide_s, at_s, end_s):
                channel.end(at_s)
                return note.level_db <= SILENT_DB
            return True
        return False

    def _channel_for(self, note: Note, now_s: float) -> Channel:
        """Return a channel where nothing sounds any more.

        Best is one with the note's program that rested longest. Where all are taken, the oldest
        note ends that is no earcon and no held voice.
        """
        free = [channel for channel in self._channels if channel.note is None]
        if free:
            return min(free, key=lambda channel: _reluctance(channel, note, now_s))
        stolen = min(self._channels, key=_worth)
        stolen.end(now_s)
        self.stolen += 1
        self._limited.warning(
            "stolen",
            "%s: more than %s at a time; the oldest ends before its time",
            self.name,
            counted(len(CHANNELS), "note"),
        )
        return stolen


def _reluctance(channel: Channel, note: Note, now_s: float) -> tuple[bool, bool, float]:
    """Return what speaks against a free channel, the gravest first."""
    rings = channel.end_s > now_s - RING_S
    has_other = channel.end_s > -inf and not channel.is_set_for(note)
    return rings, has_other, channel.end_s


def _worth(channel: Channel) -> tuple[bool, bool, float]:
    """Return what speaks for a channel's note to go on, the weightiest first."""
    note = channel.note
    assert note is not None
    return note.foreground, note.held_key != 0, channel.begin_s
