"""Pitch by name, by MIDI note number and by frequency."""

import math
import re
from typing import Final

NOTE_NAMES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

LOWEST_MIDI: Final = 0
HIGHEST_MIDI: Final = 127

_SEMITONES: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ACCIDENTALS: Final = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_NOTE: Final = re.compile(r"([a-g][#♯b♭]?)(-?[0-9])", re.IGNORECASE)


def pitch_class(name: str) -> int:
    """Return the semitones of a name such as ``C``, ``f#`` or ``Db`` above C, from 0 to 11.

    Raises
    ------
    ValueError
        It isn't a letter from A to G with at most one accidental.
    """
    letter, accidental = name[:1].lower(), name[1:].lower()
    if letter not in _SEMITONES or accidental not in _ACCIDENTALS:
        raise ValueError(f'"{name}" is not the name of a note')
    return (_SEMITONES[letter] + _ACCIDENTALS[accidental]) % 12


def note_to_midi(name: str) -> int:
    """Return the MIDI note number of a name such as ``G3`` (55), ``C#4`` or ``Db4`` (61).

    Octaves are numbered as in scientific pitch notation: C4 is MIDI 60, A4 is 69 and 440 Hz.

    Raises
    ------
    ValueError
        It isn't the name of a note, or lies outside MIDI 0 (C-1) to 127 (G9).
    """
    match = _NOTE.fullmatch(name.strip())
    if not match:
        raise ValueError(f'"{name}" is not the name of a note')
    letter, octave = match.groups()
    # The octave belongs to the letter: Cb4 lies below C4, B#3 is C4.
    natural = _SEMITONES[letter[0].lower()] + _ACCIDENTALS[letter[1:].lower()]
    midi_note = 12 * (int(octave) + 1) + natural
    if not LOWEST_MIDI <= midi_note <= HIGHEST_MIDI:
        raise ValueError(f'"{name}" lies outside C-1 to G9')
    return midi_note


def midi_to_note(midi_note: float) -> str:
    """Return the name of the nearest note, with sharps: 61 is ``C#4``."""
    nearest = round(midi_note)
    return f"{NOTE_NAMES[nearest % 12]}{nearest // 12 - 1}"


def midi_to_hz(midi_note: float) -> float:
    """Return the frequency in Hz in equal temperament, A4 = 440 Hz (ISO 16)."""
    return float(440.0 * 2.0 ** ((midi_note - 69.0) / 12.0))


def hz_to_midi(frequency_hz: float) -> float:
    """Return the MIDI note number, with its fraction, of a frequency above 0 Hz."""
    return 69.0 + 12.0 * math.log2(frequency_hz / 440.0)


def cents_to_ratio(cents: float) -> float:
    """Return the ratio of two frequencies that lie so many cents apart."""
    return math.exp2(cents / 1_200)
