"""The ear alone: critical bands, the threshold in quiet, and how loud one is assumed to listen."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FULL_SCALE_DB_SPL: Final = 78.0
"""Sound pressure level of a sine at 0 dBFS: a note of the default level, -18 dBFS, is then heard at
60 dB, as conversation is, and as `synth.loudness` assumes too. Who listens louder has more upward
spread of masking, who listens softer comes nearer to the threshold in quiet."""

BANDS: Final = 24
"""Critical bands, of a Bark each, up to 15.5 kHz."""

INTEGRATION_S: Final = 0.2
"""The threshold of a shorter tone rises by 10 dB for a tenth of the time: its energy counts.
E. Zwicker and H. Fastl, "Psychoacoustics: facts and models", on temporal effects in masking."""


def hz_to_bark(hz: Array) -> Array:
    """Return the critical-band rates of frequencies.

    E. Zwicker and E. Terhardt, "Analytical expressions for critical-band rate and critical
    bandwidth as a function of frequency", JASA 68, 1980: within 0.2 Bark of the measured table.
    """
    bark: Array = 13 * np.arctan(0.76e-3 * hz) + 3.5 * np.arctan((hz / 7_500) ** 2)
    return bark


def threshold_in_quiet_db(hz: Array) -> Array:
    """Return the sound pressure levels of tones that are just heard in silence.

    E. Terhardt, "Calculating virtual pitch", Hearing Research 1, 1979.
    """
    khz = np.maximum(hz, 20.0) / 1_000
    levels: Array = 3.64 * khz**-0.8 - 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) + 1e-3 * khz**4
    return levels


def band_of(hz: Array) -> NDArray[np.int64]:
    """Return the numbers of the critical bands in which frequencies lie, counted from 0."""
    return np.minimum(hz_to_bark(hz).astype(np.int64), BANDS - 1)


def db_spl(power: Any) -> Any:
    """Return the sound pressure level of a share of a full-scale sine's power, or of several."""
    return FULL_SCALE_DB_SPL + 10 * np.log10(power)
