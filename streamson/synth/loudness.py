"""Equal loudness: how much louder a tone must be to be heard as loud as another.

ISO 226:2023, "Normal equal-loudness-level contours", formula 1 and table 1.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.model.instrument import Instrument, Sample
from streamson.music.level import db_to_power
from streamson.music.pitch import midi_to_hz

LISTENING_PHON: Final = 60.0
"""Loudness level of the contour: conversation, and music in the background."""

REFERENCE_HZ: Final = 261.63
"""A sine of this frequency, C4, keeps its level."""

MAX_BOOST_DB: Final = 12.0
"""Deep notes would else take what room there is: reached at G2 by a sine."""

INTEGRATION_S: Final = 0.125
"""The ear takes in what comes within this time as one: what dies away earlier is quieter."""

NOTES: Final = 128

# Frequency in Hz, exponent of loudness perception, magnitude of the linear transfer function in dB,
# and threshold of hearing in dB.
_TABLE: Final = np.array(
    [
        (20, 0.635, -31.5, 78.1),
        (25, 0.602, -27.2, 68.7),
        (31.5, 0.569, -23.1, 59.5),
        (40, 0.537, -19.3, 51.1),
        (50, 0.509, -16.1, 44.0),
        (63, 0.482, -13.1, 37.5),
        (80, 0.456, -10.4, 31.5),
        (100, 0.433, -8.2, 26.5),
        (125, 0.412, -6.3, 22.1),
        (160, 0.391, -4.6, 17.9),
        (200, 0.373, -3.2, 14.4),
        (250, 0.357, -2.1, 11.4),
        (315, 0.343, -1.2, 8.6),
        (400, 0.330, -0.5, 6.2),
        (500, 0.320, 0.0, 4.4),
        (630, 0.311, 0.4, 3.0),
        (800, 0.303, 0.5, 2.2),
        (1_000, 0.300, 0.0, 2.4),
        (1_250, 0.295, -2.7, 3.5),
        (1_600, 0.292, -4.2, 1.7),
        (2_000, 0.290, -1.2, -1.3),
        (2_500, 0.290, 1.4, -4.2),
        (3_150, 0.289, 2.3, -6.0),
        (4_000, 0.289, 1.0, -5.4),
        (5_000, 0.289, -2.3, -1.5),
        (6_300, 0.293, -7.2, 6.0),
        (8_000, 0.303, -11.2, 12.6),
        (10_000, 0.323, -10.9, 13.9),
        (12_500, 0.354, -3.5, 12.3),
    ]
)


def contour_db(phon: float, frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sound pressure level of tones that are heard as loud as 1 kHz at `phon` dB.

    Between the frequencies of the standard it is interpolated over the logarithm of the frequency,
    and beyond them it stays.

    Parameters
    ----------
    phon
        Loudness level, 20 to 80.
    frequencies_hz
        Any shape.
    """
    hz, exponent, transfer, threshold = _TABLE.T
    loudness = 4e-10 ** (0.3 - exponent) * (10 ** (0.03 * phon) - 10**0.072)
    at_threshold = 10 ** (exponent * (threshold + transfer) / 10)
    levels = 10 / exponent * np.log10(loudness + at_threshold) - transfer
    return np.interp(np.log(frequencies_hz), np.log(hz), levels)


def compensation_db(instrument: Instrument, sample_rate: int) -> NDArray[np.float64]:
    """Return by how much each MIDI note is raised or lowered to be as loud as a sine at C4.

    The loudness of a tone with partials is the sum of their powers, each weighted by the contour.

    Returns
    -------
    ndarray, shape (128,)
        In dB, at most `MAX_BOOST_DB`; 0 where nothing of the note is below Nyquist.
    """
    frequencies = np.array([midi_to_hz(note) for note in range(NOTES)])
    ratios, powers, staying = _spectrum(instrument)
    hz = frequencies[:, None] * ratios
    shares = np.where(hz < sample_rate / 2, powers, 0.0)
    reference = contour_db(LISTENING_PHON, np.array(REFERENCE_HZ))
    weights = db_to_power(reference - contour_db(LISTENING_PHON, hz))
    total = shares.sum(axis=1)
    loudness = (shares * weights * staying).sum(axis=1)
    heard = total > 0
    compensation = np.zeros(NOTES)
    compensation[heard] = -10 * np.log10(loudness[heard] / total[heard])
    return np.minimum(compensation, MAX_BOOST_DB)


_Array = NDArray[np.float64]


def _spectrum(instrument: Instrument) -> tuple[_Array, _Array, _Array]:
    """Return the ratios of what sounds, the power of each, and the share that the ear hears."""
    if instrument.sample is not None:
        ratios, powers = _sample_spectrum(instrument.sample)
        return ratios, powers, np.ones(len(powers))
    partials = instrument.partials
    ratios = np.array([partial.exact_ratio for partial in partials])
    powers = db_to_power(np.array([partial.level for partial in partials]))
    return ratios, powers, _staying(instrument)


def _sample_spectrum(sample: Sample) -> tuple[_Array, _Array]:
    """Return a sample's powers in bands of a third of an octave, by their ratio to its root."""
    power = (np.abs(np.fft.rfft(sample.sound, axis=0)) ** 2).sum(axis=1)[1:]
    hz = np.arange(1, len(power) + 1) * sample.sample_rate / len(sample.sound)
    bands = np.round(3 * np.log2(hz / sample.root_hz)).astype(int)
    powers = np.bincount(bands - bands.min(), power).astype(np.float64)
    return 2.0 ** ((np.arange(len(powers)) + bands.min()) / 3), powers


def _staying(instrument: Instrument) -> NDArray[np.float64]:
    """Return each partial's mean power over the ear's time, beside that of its onset."""
    decays = np.array([partial.decay or np.inf for partial in instrument.partials])
    exponents = 2 * np.log(1_000) * INTEGRATION_S / decays
    return np.where(exponents > 0, -np.expm1(-exponents) / np.where(exponents > 0, exponents, 1), 1)
