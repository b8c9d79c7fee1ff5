"""How far a sound is above its masked threshold, in one figure."""

from typing import Final

import numpy as np

from streamson.psychoacoustics.hearing import Array, hz_to_bark

AUDIBLE_DB: Final = 10.0
"""So far an alert is above its masked threshold; ISO 7731:2003 has it for one octave band ..."""

AUDIBLE_BANDS: Final = 2
"""... in so many critical bands: one alone is lost with whatever masker happens to lie there. Where
the primary harmonic of alarms was masked they were no longer told apart (M. L. Bolton, X. Zheng,
M. Li, J. R. Edworthy and A. D. Boyd, Human Factors 62, 2020)."""

COUNTED_DB: Final = 15.0
"""A component that is softer than the strongest by more does not count: IEC 60601-1-8 leaves such
harmonics out too, and what an attack strews into other bands lies below."""


def margin_db(hz: Array, level_db: Array, threshold_db: Array) -> Array:
    """Return how far a sound is above the masked threshold in two critical bands.

    Parameters
    ----------
    hz, level_db
        The sound's components: frequencies and sound pressure levels, shape (n,).
    threshold_db
        The masked threshold at their frequencies, shape (frames, n).

    Returns
    -------
    ndarray, shape (frames,)
        The margin of the best component that is a Bark or more away from the best of all; -inf
        where there is none.
    """
    counted = level_db >= level_db.max() - COUNTED_DB
    bark = hz_to_bark(hz[counted])
    above = (level_db - threshold_db)[:, counted]
    best = above.argmax(axis=1)
    is_apart = np.abs(bark - bark[best][:, np.newaxis]) >= 1
    margins: Array = np.where(is_apart, above, -np.inf).max(axis=1)
    return margins
