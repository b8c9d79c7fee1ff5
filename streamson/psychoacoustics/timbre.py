"""How unlike two notes sound that have the same pitch and level, in just noticeable differences.

What is compared is what listeners go by in the timbre spaces that were made of their judgements
(S. McAdams, S. Winsberg, S. Donnadieu, G. De Soete and J. Krimphoff, "Perceptual scaling of
synthesized musical timbres", Psychological Research 58, 1995): how fast a note begins, its
spectrum, and how that changes; and, as notes here are struck or held, how it dies away (temporal
descriptors of G. Peeters, B. L. Giordano, P. Susini, N. Misdariis and S. McAdams, "The Timbre
Toolbox", JASA 130, 2011). Spectra are compared as the ear has them, by the differences between
levels in its filters, which is how R. Plomp ("Timbre as a multidimensional attribute of complex
tones", 1970) predicted what listeners said.

Each difference is divided by that which is just noticed, and they add up as independent ones do
(D. M. Green and J. A. Swets, "Signal detection theory and psychophysics", 1966): squares.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.psychoacoustics.excitation import CENTRES_HZ, excitation_db
from streamson.psychoacoustics.hearing import Array, db_spl, threshold_in_quiet_db

STRIKE_S: Final = 0.1
"""Its first spectrum is that of so much of a note; another one is that of the rest."""

LEVEL_JND_DB: Final = 1.0
"""Of excitation: E. Zwicker and H. Fastl, "Psychoacoustics: facts and models"."""

ATTACK_JND: Final = 0.097
"""Decades of the attack time: a quarter (V. J. van Heuven and M. P. R. van den Broecke, "Auditory
discrimination of rise and decay times in tone and noise bursts", JASA 66, 1979)."""

DECAY_JND: Final = 0.125
"""Decades of the rate of decay: a third (H. Järveläinen and T. Tolonen, "Perceptual tolerances for
decay parameters in plucked string synthesis", JAES 49, 2001)."""

STEADY_DB_S: Final = 6.0
"""A note that falls more slowly might as well stay: 60 dB take ten seconds."""

TOLD_APART: Final = 10.0
"""Just noticeable differences below which two sounds are not reliably told apart. That one of two
is taken for the other five times in 100 takes a sensitivity of 3.3 (Green and Swets); and where
sounds are not compared but named, from memory, resolution is several times worse the wider their
range is (L. D. Braida and N. I. Durlach, "Intensity perception II", JASA 51, 1972). Three times
is taken here, which nobody measured for these sounds."""

MIN_FALL_S: Final = 0.1
"""A note whose peak comes so near to its end does not fall."""

_HOP_S: Final = 0.002
_SMOOTHING_S: Final = 0.01
_LINES: Final = 16_384
_FAINT: Final = 1e-12


class TimbreDescriptors(NamedTuple):
    """What a note sounds like.

    Attributes
    ----------
    strike_db, body_db
        Excitation of the ear's filters in the first tenth of a second, and after that; each array
        has the shape (CHANNELS,).
    attack
        Logarithm to the base 10 of the seconds that it takes from a tenth of its peak to nine.
    decay
        Logarithm to the base 10 of the dB a second by which it falls.
    modulation_db
        How far its level moves around that fall, as a standard deviation.
    centroid
        The centre of its excitation, as a place on the ERB-rate scale; part of the spectra, and
        told for itself.
    """

    strike_db: Array
    body_db: Array
    attack: float
    decay: float
    modulation_db: float
    centroid: float


class Difference(NamedTuple):
    """How unlike two notes are, in just noticeable differences by what they differ in."""

    strike: float
    body: float
    attack: float
    decay: float
    modulation: float

    @property
    def total(self) -> float:
        """All of it."""
        spectral = (self.strike**2 + self.body**2) / 2
        return float(np.sqrt(spectral + self.attack**2 + self.decay**2 + self.modulation**2))


def describe(sound: NDArray[np.float32], sample_rate: int, duration_s: float) -> TimbreDescriptors:
    """Return what a note sounds like.

    Parameters
    ----------
    sound
        Shape (frames, 2), full scale is 1; begins with the note.
    sample_rate
        Frames a second.
    duration_s
        Of the note, without its release: what is looked at.
    """
    frames = round(duration_s * sample_rate)
    heard = sound[:frames].astype(np.float64)
    level_db = float(db_spl(2 * np.square(heard).mean() + _FAINT))
    strike = round(STRIKE_S * sample_rate)
    body_db = _excitation(heard[strike:], sample_rate, level_db)
    above = np.maximum(body_db - threshold_in_quiet_db(CENTRES_HZ), 0) + _FAINT
    levels_db = _levels_db(heard, sample_rate)
    peak = int(levels_db.argmax())
    attack_s = _attack_s(levels_db[: peak + 1])
    slope, modulation_db = _fall(levels_db[peak:])
    return TimbreDescriptors(
        strike_db=_excitation(heard[:strike], sample_rate, level_db),
        body_db=body_db,
        attack=float(np.log10(attack_s)),
        decay=float(np.log10(STEADY_DB_S + max(-slope, 0.0))),
        modulation_db=modulation_db,
        centroid=float((above * np.arange(1, len(above) + 1)).sum() / above.sum()),
    )


def difference(one: TimbreDescriptors, other: TimbreDescriptors) -> Difference:
    """Return how unlike two notes are."""
    return Difference(
        strike=_spectral(one.strike_db, other.strike_db) / LEVEL_JND_DB,
        body=_spectral(one.body_db, other.body_db) / LEVEL_JND_DB,
        attack=abs(one.attack - other.attack) / ATTACK_JND,
        decay=abs(one.decay - other.decay) / DECAY_JND,
        modulation=abs(one.modulation_db - other.modulation_db) / LEVEL_JND_DB,
    )


def _spectral(one_db: Array, other_db: Array) -> float:
    """Return by how many dB two patterns differ, where either is heard, beside their loudness."""
    heard = np.maximum(one_db, other_db) > threshold_in_quiet_db(CENTRES_HZ)
    if not heard.any():
        return 0.0
    apart = (one_db - other_db)[heard]
    return float(np.sqrt(np.mean(np.square(apart - apart.mean()))))


def _excitation(part: Array, sample_rate: int, level_db: float) -> Array:
    """Return the excitation by a part of a note, both ears taken together."""
    window = np.hanning(len(part) + 2)[1:-1, None]
    lines = max(_LINES, len(part))
    spectrum = np.square(np.abs(np.fft.rfft(part * window, lines, axis=0))).mean(axis=1)
    power = 4 * spectrum / (lines * np.square(window).sum())
    hz: Array = np.fft.rfftfreq(lines, 1 / sample_rate).astype(np.float64)
    return excitation_db(power, hz, level_db)


def _levels_db(sound: Array, sample_rate: int) -> Array:
    """Return the level at each hop."""
    hop, width = round(_HOP_S * sample_rate), round(_SMOOTHING_S * sample_rate)
    window = np.hanning(width + 2)[1:-1]
    before = np.zeros(width // 2)  # it begins from silence; behind it there is more
    squares = np.concatenate([before, np.square(sound).sum(axis=1)])
    power = np.convolve(squares, window / window.sum(), mode="valid")
    found: Array = 10 * np.log10(np.maximum(power[::hop], 0) + _FAINT)
    return found


def _attack_s(levels_db: Array) -> float:
    """Return the time from a tenth of the peak's amplitude to nine."""
    rising = levels_db - levels_db[-1]
    first = int(np.flatnonzero(rising >= -20)[0])
    last = int(np.flatnonzero(rising >= 20 * np.log10(0.9))[0])
    return max(last - first, 1) * _HOP_S


def _fall(levels_db: Array) -> tuple[float, float]:
    """Return the slope in dB a second from the peak on, and how far the level moves around it."""
    if len(levels_db) < MIN_FALL_S / _HOP_S:
        return 0.0, 0.0
    seconds = np.arange(len(levels_db)) * _HOP_S
    slope, level = np.polyfit(seconds, levels_db, 1)
    return float(slope), float(np.std(levels_db - level - slope * seconds))
