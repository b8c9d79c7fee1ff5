"""Excitation patterns: how strongly each place in the inner ear is moved by a spectrum.

B. R. Glasberg and B. C. J. Moore, "Derivation of auditory filter shapes from notched-noise data",
Hearing Research 47, 1990: filters an equivalent rectangular bandwidth (ERB) apart, rounded
exponentials whose lower skirt is flatter the louder the sound is.
"""

from functools import cache
from typing import Final

import numpy as np

from streamson.psychoacoustics.hearing import Array, db_spl, threshold_in_quiet_db

CHANNELS: Final = 37
"""Filters, from 26 Hz to 13 kHz, one ERB apart."""

_REFERENCE_DB: Final = 51.0
"""Level at which a filter is symmetrical."""

_FAINT: Final = 1e-12


def erb_hz(hz: Array) -> Array:
    """Return the equivalent rectangular bandwidths at frequencies, in Hz."""
    found: Array = 24.7 * (4.37e-3 * hz + 1)
    return found


def erb_rate_hz(rate: Array) -> Array:
    """Return the frequencies of places on the ERB-rate scale, which counts filters from 0 Hz."""
    found: Array = (10 ** (rate / 21.4) - 1) / 4.37e-3
    return found


CENTRES_HZ: Final = erb_rate_hz(np.arange(1.0, CHANNELS + 1))


def excitation_db(power: Array, hz: Array, level_db: float) -> Array:
    """Return the excitation of each filter.

    Parameters
    ----------
    power
        Of each line of a spectrum, as a share of that of a full-scale sine.
    hz
        The lines' frequencies.
    level_db
        Sound pressure level of all of it, on which the filters' lower skirts hang.

    Returns
    -------
    ndarray, shape (CHANNELS,)
        Levels, not below the threshold in quiet: what is below is not heard.
    """
    weights = _weights(tuple(hz[[0, 1, -1]].tolist()), round(level_db))
    found: Array = db_spl(weights @ power + _FAINT)
    return np.maximum(found, threshold_in_quiet_db(CENTRES_HZ))


@cache
def _weights(lines: tuple[float, float, float], level_db: int) -> Array:
    """Return the share that each filter takes of each line of a spectrum."""
    first, second, last = lines
    hz = np.arange(first, last + (second - first) / 2, second - first)
    slope = 4 * CENTRES_HZ / erb_hz(CENTRES_HZ)
    at_1_khz = 4 * 1_000 / erb_hz(np.array([1_000.0]))
    lower = slope - 0.38 * (slope / at_1_khz) * (level_db - _REFERENCE_DB)
    away = hz[None, :] / CENTRES_HZ[:, None] - 1
    steep = np.abs(away) * np.where(away < 0, lower[:, None], slope[:, None])
    found: Array = (1 + steep) * np.exp(-steep)
    return found
