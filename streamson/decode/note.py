"""The border between what hears and what reads: what may sound, and the notes that were found."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from streamson.model.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Candidate:
    """One voice of a session that may be in a sound: what a decoder listens for.

    Attributes
    ----------
    name
        The instrument's, as its session calls it.
    instrument
        Its partials and its envelope. A sampled one can't be decoded.
    midi_notes
        The notes that it may play, going up: those of its scale, each once.
    continuous
        Whether every pitch from the first of them to the last may be played, not these alone.
    pan
        Least and greatest place, -1 (left) to 1 (right); twice the same where it does not move.
    duration_s
        Least and greatest duration of a note in seconds.
    level_db
        Least and greatest level of a note in dBFS, as notes have it. What counts is their
        difference: the gain of a recording is not known.
    brightness
        Least and greatest tilt of the partials, as notes have it.
    sequential
        Whether a note begins only once the one before it has ended, as with the timing
        ``sequence``.
    """

    name: str
    instrument: Instrument
    midi_notes: tuple[float, ...]
    continuous: bool = False
    pan: tuple[float, float] = (0.0, 0.0)
    duration_s: tuple[float, float] = (0.1, 0.5)
    level_db: tuple[float, float] = (-36.0, -12.0)
    brightness: tuple[float, float] = (0.0, 0.0)
    sequential: bool = True


class NoteError(NamedTuple):
    """How far a note may be off, as its confidence interval of 95 % has it to either side.

    Attributes
    ----------
    onset_s, duration_s
        In seconds.
    midi_note
        In semitones, of a pitch that may be any; that of a scale is one of its notes.
    level_db
        In dB.
    pan
        As notes have it.
    """

    onset_s: float = 0.01
    duration_s: float = 0.015
    midi_note: float = 0.25
    level_db: float = 1.0
    pan: float = 0.1


USUAL_ERROR: Final = NoteError()
"""That of a note in a sound as it was rendered."""


@dataclass(frozen=True, slots=True)
class DecodedNote:
    """A note that was found in a sound.

    Attributes
    ----------
    onset_s
        When it begins, in seconds from the beginning of the sound.
    duration_s
        Its duration, without the release after it, in seconds.
    midi_note
        Its pitch as a MIDI note number; one of its candidate's, or any where that is continuous.
    level_db
        As notes have it, in dBFS, by the session's volume. A gain that a recording has beside that
        is in it: then the differences alone are right.
    pan
        -1 is left, 1 is right.
    instrument
        Name of its candidate.
    candidate
        Number of its candidate, from 0, in the order they were given.
    confidence
        How likely it is right, 0 to 1: of the notes with 0.9 about nine in ten are.
    error
        How far it may be off where it is right: told by what is beside it in the sound.
    """

    onset_s: float
    duration_s: float
    midi_note: float
    level_db: float
    pan: float
    instrument: str
    candidate: int
    confidence: float
    error: NoteError = USUAL_ERROR
