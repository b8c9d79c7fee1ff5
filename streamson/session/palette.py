"""The sounds that streams get by themselves: instrument, register and place, each with a number."""

from functools import cache, lru_cache
from typing import Final, NamedTuple

PANS: Final = (0.0, -0.5, 0.5, -0.25, 0.25)
"""Places between left and right. What is further out is softer by more than 1 dB where both become
one channel."""

STAGGERS_S: Final = (0.0, 0.06, 0.12, 0.03, 0.09)
"""Seconds by which streams begin later: the ear parts what begins 30 ms after another, and still
hears it as of the same moment."""

REGISTERS: Final[dict[str, tuple[int, ...]]] = {
    "epiano": (0, -12, 12),
    "marimba": (-12, 12, 0),
    "flute": (12, 0),
    "harp": (-12, 0, 12),
    "clarinet": (0, -12),
    "vibraphone": (12, 0),
    "bass": (-12,),
    "organ": (0, -12),
    "brass": (-12, 0),
    "sine": (12, 0),
    "strings": (0, -12, 12),
    "reed": (-12, 0),
    "banjo": (0, -12),
    "glass": (0, 12),
}
"""Semitones by which an instrument's pitches may be moved: as it sounds well. Lower than an octave
none goes, which small loudspeakers would not let through."""

BRIGHTNESS: Final = {-12: 0.0, 0: -0.3, 12: -0.6}
"""Of each register: the higher, the darker, so that none is sharper than a plain sine."""

HELD: Final = frozenset({"glass", "clarinet", "strings", "flute", "organ", "sine", "brass", "reed"})
"""Instruments whose tone can be held, for continuous parts."""

SLOW: Final = frozenset({"glass"})
"""Instruments that have not risen when a short note ends."""


class PaletteSound(NamedTuple):
    """What a number stands for.

    Attributes
    ----------
    instrument
        Its name.
    semitones
        By which pitches are moved.
    pan
        Its place.
    brightness
        Its brightness, -1 to 1.
    stagger_s
        How much later its notes begin.
    """

    instrument: str
    semitones: int
    pan: float
    brightness: float
    stagger_s: float


@cache
def _voices() -> tuple[tuple[str, int], ...]:
    """Return instruments with their registers, as they are taken while nothing sounds.

    That is first as pitches are written, then an octave lower, then higher: neighbours, which the
    parts of one stream get, have different instruments.
    """
    voices = [(name, octave) for name, octaves in REGISTERS.items() for octave in octaves]
    return tuple(sorted(voices, key=lambda voice: (abs(voice[1]), voice[1])))


def fits(instrument: str, *, is_held: bool) -> bool:
    """Return whether an instrument can play a part that is held, or one of separate notes."""
    return instrument in HELD if is_held else instrument not in SLOW


def auto_instruments() -> tuple[str, ...]:
    """Return the names of the instruments that streams may get."""
    return tuple(REGISTERS)


def cells(*, is_held: bool) -> list[int]:
    """Return the cells of the palette: an instrument that fits, its register, and a place."""
    return [
        voice * len(PANS) + place
        for voice, (instrument, _) in enumerate(_voices())
        if fits(instrument, is_held=is_held)
        for place in range(len(PANS))
    ]


def number_of(cell: int, stagger: int, round_: int) -> int:
    """Return the number of a cell, of a stagger, and of how often the cell was taken before."""
    return stagger + len(STAGGERS_S) * (cell + round_ * len(PANS) * len(_voices()))


def cell_of(number: int) -> tuple[int, int]:
    """Return the cell and the stagger of a number."""
    return number // len(STAGGERS_S) % (len(PANS) * len(_voices())), number % len(STAGGERS_S)


@lru_cache(maxsize=4_096)
def sound_of(number: int, part: int = 0, *, is_held: bool = False) -> PaletteSound:
    """Return what a number stands for.

    Parameters
    ----------
    number
        Of the stream.
    part
        The number of the part among those that play the stream: others have other instruments.
    is_held
        Whether the part is held; where the number's instrument can't be, it is the next that can.
    """
    cell, stagger = cell_of(number)
    voices = _voices()
    first, place = divmod(cell, len(PANS))
    fitting = [
        voice
        for i in range(len(voices))
        if fits((voice := voices[(first + i) % len(voices)])[0], is_held=is_held)
    ]
    instrument, semitones = fitting[part % len(fitting)]
    staggers = len(STAGGERS_S)
    stagger_s = STAGGERS_S[(stagger + part) % staggers]
    return PaletteSound(instrument, semitones, PANS[place], BRIGHTNESS[semitones], stagger_s)
