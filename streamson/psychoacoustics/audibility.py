"""How far a sound is above its masked threshold, in one figure."""

from typing import Final

import numpy as np

from streamson.psychoacoustics.hearing import BANDS, Array, band_of

AUDIBLE_DB: Final = 10.0
"""So far an alert is above its masked threshold; ISO 7731:2003 has it for one octave band ..."""

AUDIBLE_BANDS: Final = 2
"""... in so many critical bands: one alone is lost with whatever masker happens to lie there. Where
the primary harmonic of alarms was masked they were no longer told apart (M. L. Bolton, X. Zheng,
M. Li, J. R. Edworthy and A. D. Boyd, Human Factors 62, 2020)."""


def margin_db(hz: Array, above_db: Array) -> Array:
    """Return how far a sound is above the masked threshold in all but the best of its bands.

    Parameters
    ----------
    hz
        Frequencies of the sound's components, shape (n,).
    above_db
        How far each is above the threshold at its frequency, shape (frames, n).

    Returns
    -------
    ndarray, shape (frames,)
        The margin that is reached in `AUDIBLE_BANDS` critical bands, in dB; below 0 it is not
        heard in them, and -inf where it has not so many.
    """
    bands = band_of(hz)
    best = np.full((BANDS, len(above_db)), -np.inf)
    for band in set(bands.tolist()):
        best[band] = above_db[:, bands == band].max(axis=1)
    margins: Array = np.sort(best, axis=0)[-AUDIBLE_BANDS]
    return margins
