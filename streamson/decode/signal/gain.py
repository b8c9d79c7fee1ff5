"""By how much a sound is louder than what was played: a recording's gain is not known."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.decode.signal.fit import Fit, tone_amplitudes
from streamson.decode.signal.spectra import Spectra
from streamson.decode.signal.templates import LEAD_HOPS, TAIL_HOPS, Templates
from streamson.music.level import amplitude_to_db

WELL: Final = 0.15
"""Where no more of the energy than this is left unexplained, the gain is right."""

BETTER: Final = 0.95
"""A new gain is taken where it leaves less than this share of what the old one leaves."""

_TRIES: Final = 4
_CLOSE_DB: Final = 1.0
_LOUD_QUANTILE: Final = 0.95


def fit_at_its_gain(found: Spectra, voices: Sequence[Templates], gain_db: float) -> Fit:
    """Return the tunes of a stretch of sound, at a gain that explains it.

    Parameters
    ----------
    found
        The sound's spectra.
    voices
        What may sound.
    gain_db
        The gain of the stretch before, which is tried first.
    """
    amplitudes = tone_amplitudes(found, voices)
    best = Fit(found, voices, gain_db, amplitudes)
    if best.rest_share < WELL:
        return best
    guess = _loudness_gain(found, voices)
    for _ in range(_TRIES):
        other = Fit(found, voices, guess, amplitudes)
        if other.rest_share < BETTER * best.rest_share:
            best = other
        shift = _shift(other, voices)
        if abs(shift) < _CLOSE_DB:
            break
        guess += shift
    return best


def _loudness_gain(found: Spectra, voices: Sequence[Templates]) -> float:
    """Return the gain that makes all voices together as loud as the sound's loud parts."""
    heard = float(np.quantile((found.astype(np.float64) ** 2).sum(axis=1), _LOUD_QUANTILE))
    played = 0.0
    for voice in voices:
        power = float((voice.steady.astype(np.float64) ** 2).sum(axis=1).mean())
        envelope = voice.envelopes[-1, LEAD_HOPS:-TAIL_HOPS]
        loudest_db = voice.candidate.level_db[1]
        played += (
            power * float(np.quantile(envelope, _LOUD_QUANTILE)) ** 2 * 10 ** (loudest_db / 10)
        )
    return amplitude_to_db(max(heard, 1e-20) ** 0.5) - amplitude_to_db(max(played, 1e-20) ** 0.5)


def _shift(fit: Fit, voices: Sequence[Templates]) -> float:
    """Return by how much notes lie beyond their voices' levels, in dB; the median of all voices."""
    shifts = []
    for voice, tune in zip(voices, fit.tunes, strict=True):
        levels = np.array([amplitude_to_db(note.gain) for note in tune]) - fit.gain_db
        if len(levels):
            shifts.append(_beyond(levels, *voice.candidate.level_db))
    return float(np.median(shifts)) if shifts else 0.0


def _beyond(levels: NDArray[np.float64], low: float, high: float) -> float:
    least, greatest = np.quantile(levels, (0.1, 0.9))
    above, below = greatest - high, least - low
    if above > 0 and below < 0:  # as wide as all that may be: the middle
        return float(above + below) / 2
    return float(max(above, 0.0) + min(below, 0.0))
