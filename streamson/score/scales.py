"""Musical scales by name."""

import math
from difflib import get_close_matches
from typing import Final

from streamson.score.pitch import pitch_class

SCALES: Final[dict[str, tuple[int, ...]]] = {
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
}
"""Semitones above the root, by name of the scale."""


def parse_scale(text: str) -> frozenset[int]:
    """Return the pitch classes, 0 (C) to 11 (B), of a scale such as ``c major`` or ``Bb blues``.

    Raises
    ------
    ValueError
        The root isn't the name of a note, or there is no such scale.
    """
    root, _, name = " ".join(text.lower().split()).partition(" ")
    if name not in SCALES:
        raise ValueError(f'"{text}" is not a scale')
    tonic = pitch_class(root)
    return frozenset((tonic + step) % 12 for step in SCALES[name])


def scale_notes(text: str, low: float, high: float) -> tuple[int, ...]:
    """Return the MIDI notes of a scale from ``low`` to ``high``, both included, going up.

    Raises
    ------
    ValueError
        As `parse_scale`.
    """
    classes = parse_scale(text)
    notes = range(math.ceil(low), math.floor(high) + 1)
    return tuple(note for note in notes if note % 12 in classes)


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
