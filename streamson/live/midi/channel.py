"""A MIDI channel that plays one note at a time: what it is set to, what sounds, where it glides."""

from collections.abc import Callable
from math import inf
from typing import Final, NamedTuple

from streamson.live.midi.messages import (
    BEND_SEMITONES,
    BRIGHTNESS,
    EXPRESSION,
    MAX_BEND,
    PAN,
    Messages,
)
from streamson.model.note import Note
from streamson.music.general_midi import MAX_VALUE, level_to_value, program_of, signed_to_value
from streamson.music.pitch import HIGHEST_MIDI, LOWEST_MIDI

LOUDEST_DB: Final = -6.0
"""The level that has the loudest velocity: the loudest single notes of presets."""

HELD_VELOCITY: Final = 100
"""Of a held voice, whose level follows the notes: that is told as expression."""

STEP_S: Final = 0.01
"""From one step of a glide to the next: a glide of a semitone in 0.1 s has steps of 10 cents."""


class Shape(NamedTuple):
    """What may change while a note sounds.

    Attributes
    ----------
    midi_note, level_db, pan, brightness
        As of `Note`.
    """

    midi_note: float
    level_db: float
    pan: float
    brightness: float

    @classmethod
    def of(cls, note: Note) -> "Shape":
        """Return that of a note."""
        return cls(note.midi_note, note.level_db, note.pan, note.brightness)

    def towards(self, target: "Shape", share: float) -> "Shape":
        """Return what lies between this and another."""
        return Shape(*(a + (b - a) * share for a, b in zip(self, target, strict=True)))


class _Glide(NamedTuple):
    begin_s: float
    duration_s: float
    origin: Shape
    target: Shape

    def at(self, now_s: float) -> Shape:
        share = (now_s - self.begin_s) / self.duration_s if self.duration_s > 0 else 1.0
        return self.origin.towards(self.target, min(max(share, 0.0), 1.0))


class Channel:
    """Plays a note, and tells nothing twice.

    Parameters
    ----------
    number
        Counted from 0.
    messages
        Makes what is sent.
    send
        Sends it.

    Attributes
    ----------
    note
        What sounds; None for nothing.
    begin_s, end_s
        When that began and will end; of the last one, where nothing sounds.
    """

    def __init__(self, number: int, messages: Messages, send: Callable[[list[int]], None]) -> None:
        self.number = number
        self.note: Note | None = None
        self.begin_s = self.end_s = -inf
        self._messages = messages
        self._send = send
        self._key = 0
        self._glide: _Glide | None = None
        self.forget()

    def forget(self) -> None:
        """Take nothing for set: there is another receiver."""
        self.note = self._glide = None
        self._program = self._bend = -1 - MAX_BEND  # unlike any that can be
        self._controls: dict[int, int] = {}

    def is_set_for(self, note: Note) -> bool:
        """Return whether it has the program that a note takes."""
        return self._program == program_of(note.instrument)

    def begin(self, note: Note, now_s: float, end_s: float) -> None:
        """Begin a note; nothing sounds."""
        self.note, self.begin_s, self.end_s = note, now_s, end_s
        self._key = min(max(round(note.midi_note), LOWEST_MIDI), HIGHEST_MIDI)
        program = program_of(note.instrument)
        if program != self._program:
            self._program = program
            self._send(self._messages.program(self.number, program))
        self._shape(Shape.of(note))
        level = level_to_value(note.level_db - LOUDEST_DB)
        velocity = HELD_VELOCITY if note.held_key else level
        self._send(self._messages.note_on(self.number, self._key, velocity))

    def glide_to(self, note: Note, glide_s: float, now_s: float, end_s: float) -> bool:
        """Let the note that sounds glide to another; return whether a bend reaches so far."""
        assert self.note is not None
        if abs(note.midi_note - self._key) > BEND_SEMITONES:
            return False
        origin = Shape.of(self.note) if self._glide is None else self._glide.at(now_s)
        self._glide = _Glide(now_s, glide_s, origin, Shape.of(note))
        self.note, self.end_s = note, end_s
        self.turn(now_s)
        return True

    def turn(self, now_s: float) -> float:
        """Go on with a glide, end what is over; return when something is to be done again."""
        if self.note is None:
            return inf
        if self.end_s <= now_s:
            self.end(now_s)
            return inf
        if self._glide is None:
            return self.end_s
        self._shape(self._glide.at(now_s))
        if now_s >= self._glide.begin_s + self._glide.duration_s:
            self._glide = None
            return self.end_s
        return min(self.end_s, now_s + STEP_S)

    def end(self, now_s: float) -> None:
        """End what sounds."""
        if self.note is not None:
            self._send(self._messages.note_off(self.number, self._key))
            self.end_s = now_s
        self.note = self._glide = None

    def _shape(self, shape: Shape) -> None:
        """Tell what is not set already."""
        assert self.note is not None
        bend = round((shape.midi_note - self._key) / BEND_SEMITONES * MAX_BEND)
        bend = min(max(bend, -MAX_BEND), MAX_BEND - 1)
        if bend != self._bend:
            self._bend = bend
            self._send(self._messages.bend(self.number, bend))
        level = level_to_value(shape.level_db - LOUDEST_DB)
        for control, value in (
            (PAN, signed_to_value(shape.pan)),
            (BRIGHTNESS, signed_to_value(shape.brightness)),
            (EXPRESSION, level if self.note.held_key else MAX_VALUE),
        ):
            if self._controls.get(control) != value:
                self._controls[control] = value
                self._send(self._messages.control(self.number, control, value))
