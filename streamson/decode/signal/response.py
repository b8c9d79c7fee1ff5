"""What a sound lost on its way by frequency: a telephone's band, a small loudspeaker.

A recording has no energy where its way lets none through, whatever was played; but nothing was
played there, perhaps. So voices that lost it are tried beside those that did not, and taken where
they explain clearly more.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.decode.signal.spectra import ANALYSIS_RATE, BINS, WINDOW, Spectra
from streamson.decode.signal.templates import Templates
from streamson.music.level import db_to_amplitude, db_to_power

LOST_DB: Final = -8.0
"""A band that has so much less than the voices would give it, beside the others, has lost it."""

MOST_LOST_DB: Final = -40.0

_LEAST_SHARE: Final = 1e-4
"""Of the energy of the strongest band: weaker ones tell nothing."""

_BANDS_AN_OCTAVE: Final = 3
_LOWEST_HZ: Final = 40.0
_SILENCE: Final = 1e-20


def lost(found: Spectra, voices: Sequence[Templates]) -> NDArray[np.float32] | None:
    """Return the gain of each row, as far as bands have lost energy; None where none has.

    Parameters
    ----------
    found
        The sound's spectra.
    voices
        What may sound in it: each of its tones is taken to be as frequent as any other.
    """
    channels = found.shape[1] // BINS
    heard = (found.astype(np.float64) ** 2).mean(axis=0).reshape(channels, BINS).sum(axis=0)
    played = sum((_played(voice) for voice in voices), np.zeros(BINS))
    hz = np.arange(BINS) * ANALYSIS_RATE / WINDOW
    places = np.log2(np.maximum(hz / _LOWEST_HZ, 1.0)) * _BANDS_AN_OCTAVE
    bands = places.astype(int)
    heard_in, played_in = np.bincount(bands, heard), np.bincount(bands, played)
    used = np.flatnonzero(played_in > _LEAST_SHARE * played_in.max())
    gains_db = 10 * np.log10(np.maximum(heard_in[used], _SILENCE) / played_in[used])
    gains_db -= np.average(gains_db, weights=heard_in[used] + _SILENCE)  # what came through is at 0
    if not (gains_db < LOST_DB).any():
        return None
    gains_db[gains_db > LOST_DB / 2] = 0.0
    rows_db = np.interp(places, used + 0.5, np.maximum(gains_db, MOST_LOST_DB))
    return np.tile(db_to_amplitude(rows_db), channels).astype(np.float32)


def _played(voice: Templates) -> NDArray[np.float64]:
    """Return the energy of a voice's tones in each bin, at its middle level."""
    powers = (voice.steady.astype(np.float64) ** 2).mean(axis=0).reshape(-1, BINS).sum(axis=0)
    middle_db = sum(voice.candidate.level_db) / 2
    found: NDArray[np.float64] = powers * db_to_power(middle_db)
    return found
