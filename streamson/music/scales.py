"""Musical scales by name."""

import re
from difflib import get_close_matches
from typing import Final

import msgspec

from streamson.music.pitch import pitch_class

SCALES: Final[dict[str, tuple[float, ...]]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "chromatic": tuple(range(12)),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "whole tone": (0, 2, 4, 6, 8, 10),
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "lydian dominant": (0, 2, 4, 6, 7, 9, 10),
    "phrygian dominant": (0, 1, 4, 5, 7, 8, 10),
    "altered": (0, 1, 3, 4, 6, 8, 10),
    "octatonic": (0, 2, 3, 5, 6, 8, 9, 11),
    # Of other traditions; quarter tones are written as .5.
    "double harmonic": (0, 1, 4, 5, 7, 8, 11),
    "hungarian minor": (0, 2, 3, 6, 7, 8, 11),
    "hirajoshi": (0, 2, 3, 7, 8),
    "in": (0, 1, 5, 7, 8),
    "yo": (0, 2, 5, 7, 9),
    "iwato": (0, 1, 5, 6, 10),
    "marwa": (0, 1, 4, 6, 7, 9, 11),
    "rast": (0, 2, 3.5, 5, 7, 9, 10.5),
    "bayati": (0, 1.5, 3, 5, 7, 8, 10),
    # Chords: an arpeggio over all octaves.
    "major chord": (0, 4, 7),
    "minor chord": (0, 3, 7),
    "augmented chord": (0, 4, 8),
    "diminished chord": (0, 3, 6, 9),
    "suspended chord": (0, 5, 7),
    "seventh chord": (0, 4, 7, 10),
    "major seventh chord": (0, 4, 7, 11),
    "minor seventh chord": (0, 3, 7, 10),
    "sixth chord": (0, 4, 7, 9),
}
"""Semitones above the root, by name of the scale."""

MAX_DIVISIONS: Final = 72
MAX_NOTES: Final = 999
"""Notes of one pitch: of 1,000 or more the article's formula could not reach the last ones."""

_EQUAL: Final = re.compile(r"([1-9][0-9]?) ?edo")


class Scale(msgspec.Struct, frozen=True):
    """Steps that go on above and below in every period.

    Attributes
    ----------
    root
        A MIDI note from which the steps are counted.
    steps
        In semitones above the root.
    period
        Semitones after which they come again: 12 is the octave.
    """

    root: float
    steps: tuple[float, ...]
    period: float = 12.0

    def notes(self, low: float, high: float) -> tuple[float, ...]:
        """Return its MIDI notes from ``low`` to ``high``, both included, going up."""
        first = int((low - self.root - max(self.steps)) // self.period)
        last = int((high - self.root - min(self.steps)) // self.period)
        found = {
            # Thousandths of a cent: what rounding parted is one note.
            round(self.root + period * self.period + step, 5)
            for period in range(first, last + 1)
            for step in self.steps
        }
        return tuple(sorted(note for note in found if low <= note <= high))


def parse_scale(text: str) -> Scale:
    """Return the scale that a text such as ``c major`` or ``Bb 19 edo`` names.

    Raises
    ------
    ValueError
        The root isn't the name of a note, or there is no such scale.
    """
    root, _, name = " ".join(text.lower().split()).partition(" ")
    steps = SCALES.get(name) or _equal_divisions(name)
    if steps is None:
        raise ValueError(f'"{text}" is not a scale')
    return Scale(pitch_class(root), steps)


def _equal_divisions(name: str) -> tuple[float, ...] | None:
    """Return the steps of so many equal divisions of the octave, as in ``19 edo``."""
    match = _EQUAL.fullmatch(name)
    if match is None or int(match[1]) > MAX_DIVISIONS:
        return None
    divisions = int(match[1])
    return tuple(12 * i / divisions for i in range(divisions))


def nearest_scale(text: str) -> str | None:
    """Return the scale that ``text`` may have meant, root included, or None."""
    words = " ".join(text.lower().split())
    root, _, name = words.partition(" ")
    try:
        pitch_class(root)
    except ValueError:
        root, name = "c", words
    close = get_close_matches(name, SCALES, n=1, cutoff=0.6)
    return f"{root} {close[0]}" if close else None
