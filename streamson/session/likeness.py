"""How alike two streams sound: by instrument, register and place."""

import tomllib
from functools import cache
from importlib import resources
from math import exp
from typing import Final, NamedTuple

TOLD_APART_JND: Final = 10.0
"""Just noticeable differences of timbre that are reliably told apart; the unit of all three ways in
which sounds differ (`psychoacoustics.timbre.TOLD_APART`)."""

REGISTER_APART: Final = 15.0
"""Semitones between two registers that count as apart. By default a stream has two octaves and a
half: of two that are so far from one another, half of the notes are in the range of both."""

PAN_APART: Final = 1.0
"""The same for places: half of the way between left and right."""

WEAKER: Final = 0.5
"""What register and place count for at most, each, beside what tells two instruments apart: streams
are told by their instruments first, and who listens with one ear has no places at all."""

SHARPNESS: Final = 2.0
"""With it, one sound that can hardly be told from another counts for more than several that are."""

SCALE: Final = 1 << 40
"""Likenesses are whole numbers, so that they add up to the same in any order."""

SAME: Final = 2
"""Sounds that are the same in all count for so much: nobody, and no decoder, tells them apart,
where the smallest step to one side is enough for one of the two."""

BETWEEN_JND: Final = 14.0
"""Taken for instruments that nobody measured, such as a session's own: as far as most are."""


class Sound(NamedTuple):
    """What a stream is told by.

    Attributes
    ----------
    instrument
        Its name.
    register
        The middle of its pitches, as a MIDI note.
    pan
        Its place, -1 to 1.
    """

    instrument: str
    register: float
    pan: float


def likeness(one: Sound, other: Sound) -> int:
    """Return how alike two sounds are: 0 if they are far apart, near `SCALE` if they hardly differ.

    The same sound is `SAME` times that like itself.

    It falls with the square of the distance (R. N. Shepard, "Toward a universal law of
    generalization for psychological science", Science 237, 1987; R. M. Nosofsky, 1986), so that of
    all that sound the nearest has the most to say.
    """
    if one == other:
        return SAME * SCALE
    timbre = timbre_distance(one.instrument, other.instrument) / TOLD_APART_JND
    register = WEAKER * min(abs(one.register - other.register) / REGISTER_APART, 1.0)
    place = WEAKER * min(abs(one.pan - other.pan) / PAN_APART, 1.0)
    return round(SCALE * exp(-SHARPNESS * (timbre**2 + register**2 + place**2)))


def timbre_distance(one: str, other: str) -> float:
    """Return how far two instruments are apart, in just noticeable differences."""
    if one == other:
        return 0.0
    measured = timbre_distances()
    pair = frozenset((_measured_name(one), _measured_name(other)))
    return 0.0 if len(pair) == 1 else measured.get(pair, BETWEEN_JND)


@cache
def timbre_distances() -> dict[frozenset[str], float]:
    """Return the distances of all pairs of the instruments that streamson brings along."""
    file = resources.files("streamson.session") / "timbres.toml"
    found = tomllib.loads(file.read_text("utf-8"))
    return {
        frozenset((one, other)): distance
        for one, others in found.items()
        for other, distance in others.items()
    }


def _measured_name(instrument: str) -> str:
    """Return the instrument of which a part has a changed one, which is named after it."""
    return instrument.split(" of ", 1)[0]
