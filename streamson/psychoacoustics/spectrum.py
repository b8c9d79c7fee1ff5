"""What masks in a sound, and what is to be heard in it, found from its samples."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.psychoacoustics.hearing import (
    BANDS,
    INTEGRATION_S,
    Array,
    band_of,
    db_spl,
    hz_to_bark,
)
from streamson.psychoacoustics.masking import MAX_HALF_WIDTH, Maskers

FRAME_S: Final = 0.093
"""Length of the frames that are looked at: tones 40 Hz apart are told apart."""

TONAL_DB: Final = 7.0
"""A peak that stands out so far from its neighbourhood is a tone (ISO/IEC 11172-3, annex D.1)."""

_NEIGHBOURHOODS: Final = ((2_700.0, 86.0), (5_500.0, 129.0), (np.inf, 258.0))
"""Up to a frequency, the Hz on both sides that are its neighbourhood: the standard's 2, 3 and 6
lines of 1,024 at 44.1 kHz."""

_LOBE: Final = 2
"""Lines on both sides of a peak that belong to it: the main lobe of Hann's window."""

_FAINT: Final = 1e-12


def frame_length(sample_rate: int) -> int:
    """Return the frames' length in samples."""
    return round(FRAME_S * sample_rate)


def maskers_in(sound: NDArray[np.float32], sample_rate: int) -> list[Maskers]:
    """Return what masks in each frame of a sound; frames overlap by half.

    Both ears are taken together: what counts is the mean power of the channels.

    Parameters
    ----------
    sound
        Shape (samples, 2), full scale is 1.
    sample_rate
        In Hz.
    """
    length = frame_length(sample_rate)
    window = np.hanning(length + 1)[:-1]
    scale = 4 / (length * np.square(window).sum())  # a full-scale sine has a power of 1 in all
    hz = _lines_hz(length, sample_rate)
    found = []
    for first in range(0, len(sound) - length + 1, length // 2):
        spectrum = np.fft.rfft(sound[first : first + length] * window[:, None], axis=0)
        power: Array = scale * np.square(np.abs(spectrum)).mean(axis=1)
        found.append(_maskers(power, hz))
    return found


def _lines_hz(length: int, sample_rate: int) -> Array:
    return np.fft.rfftfreq(length, 1 / sample_rate).astype(np.float64)


def _maskers(power: Array, hz: Array) -> Maskers:
    """Return the tones and, of the rest, a band of noise for each critical band."""
    power = power + _FAINT
    tones = _tonal(power, hz)
    lobes = np.clip(tones[:, None] + np.arange(-_LOBE, _LOBE + 1), 0, len(power) - 1)
    tone_power = power[lobes].sum(axis=1)
    rest = power.copy()
    rest[lobes] = 0
    rest[0] = 0
    bark, bands = hz_to_bark(hz), band_of(hz)
    noise = np.bincount(bands, rest, BANDS)
    sounds = noise > len(power) * _FAINT
    noise = noise[sounds]
    noise_hz = np.bincount(bands, rest * hz, BANDS)[sounds] / noise
    mean = np.bincount(bands, rest * bark, BANDS)[sounds] / noise
    variance = np.bincount(bands, rest * bark**2, BANDS)[sounds] / noise - mean**2
    # An even band is as wide as the square root of 12 times its variance.
    width = np.minimum(np.sqrt(3 * np.maximum(variance, 0)), MAX_HALF_WIDTH)
    is_noise = np.arange(len(tones) + len(noise)) >= len(tones)
    return Maskers(
        np.concatenate([hz[tones], noise_hz]),
        db_spl(np.concatenate([tone_power, noise])),
        is_noise,
        np.concatenate([np.zeros(len(tones)), width]),
    )


def _tonal(power: Array, hz: Array) -> NDArray[np.int64]:
    """Return the lines that are tones' peaks."""
    level = 10 * np.log10(power)
    peak = (level[1:-1] > level[:-2]) & (level[1:-1] >= level[2:]) & (power[1:-1] > 100 * _FAINT)
    step = hz[1]
    kept = []
    for line in np.flatnonzero(peak) + 1:
        reach = next(width for most, width in _NEIGHBOURHOODS if hz[line] < most)
        far = max(round(reach / step), _LOBE + 1)
        below = level[max(line - far, 0) : max(line - _LOBE, 0)]
        above = level[line + _LOBE + 1 : line + far + 1]
        beside = max(below.max(initial=-np.inf), above.max(initial=-np.inf))
        if level[line] - beside >= TONAL_DB:
            kept.append(line)
    return np.array(kept, np.int64)


def heard_levels(sound: NDArray[np.float32], sample_rate: int) -> tuple[Array, Array]:
    """Return what the ear makes of a short sound in each critical band.

    Its energy counts as that of a tone of `INTEGRATION_S`.

    Parameters
    ----------
    sound
        Shape (samples, 2), of which the first `INTEGRATION_S` are looked at.
    sample_rate
        In Hz.

    Returns
    -------
    hz, level_db : ndarray, shape (24,)
        The centre of what lies in each band, and its sound pressure level.
    """
    most = round(INTEGRATION_S * sample_rate)
    part = sound[:most]
    length = 2 * most  # silence after it: what the end of the stretch would add is none of it
    energy = np.square(np.abs(np.fft.rfft(part, length, axis=0))).mean(axis=1) * 2 / length
    power = 2 * energy / most  # as a share of that of a full-scale sine
    hz = _lines_hz(length, sample_rate)
    power[0] = 0
    bands = band_of(hz)
    total = np.bincount(bands, power, BANDS) + _FAINT
    centre = (np.bincount(bands, power * hz, BANDS) + _FAINT * _BAND_HZ) / total
    return centre, db_spl(total)


_CENTRES: Final = np.geomspace(20.0, 20_000.0, 4_000)
_BAND_HZ: Final = np.interp(np.arange(BANDS) + 0.5, hz_to_bark(_CENTRES), _CENTRES)
