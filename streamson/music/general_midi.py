"""Instruments as programs of General MIDI, and levels as its velocities.

General MIDI System Level 1 (MIDI Manufacturers Association, 1991) names the programs; how loud a
velocity is, and expression, was recommended with Level 2 (1999): 40 log10(v / 127) dB.
"""

from typing import Final

MAX_VALUE: Final = 127
"""Of a velocity, and of any controller."""

PROGRAMS: Final = {
    "sine": 80,  # a lead: nothing in General MIDI is plainer
    "organ": 19,
    "flute": 73,
    "clarinet": 71,
    "reed": 68,
    "strings": 48,
    "brass": 61,
    "epiano": 4,
    "vibraphone": 11,
    "marimba": 12,
    "bell": 14,
    "harp": 46,
    "banjo": 105,
    "bass": 33,
    "glass": 92,
    "breath": 122,
    "click": 115,
    "earcon bright": 9,
    "earcon soft": 11,
    "earcon tick": 115,
    "earcon beacon": 80,
}
"""Instrument to the program that is nearest, counted from 0."""

OTHER_PROGRAM: Final = 0
"""Of an instrument that a session brings along."""


def program_of(instrument: str) -> int:
    """Return the program of an instrument by its name, counted from 0."""
    return PROGRAMS.get(instrument, OTHER_PROGRAM)


def level_to_value(level_db: float) -> int:
    """Return the velocity, or the value of expression, of a level below the loudest; 1 at least.

    >>> level_to_value(0), level_to_value(-12), level_to_value(-100)
    (127, 64, 1)
    """
    return min(max(round(MAX_VALUE * 10 ** (level_db / 40)), 1), MAX_VALUE)


def signed_to_value(position: float) -> int:
    """Return the value of a controller with a middle, such as pan, from -1 to 1.

    >>> signed_to_value(-1), signed_to_value(0), signed_to_value(1)
    (0, 64, 127)
    """
    return min(max(64 + round(64 * position), 0), MAX_VALUE)
