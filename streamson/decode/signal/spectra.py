"""A sound as the decoder sees it: magnitudes of short-time spectra at one rate, side by side."""

from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
"""Shape (frames, channels)."""

Spectra = NDArray[np.float32]
"""Shape (hops, rows): of each channel its bins, one channel after the other."""

ANALYSIS_RATE: Final = 22_050
"""Every sound is brought to this rate."""

WINDOW: Final = 2_048
"""Frames of a spectrum, 93 ms: semitones of deep notes are told apart by it. Where a note begins is
known more exactly, for its rise is blurred as that of the known one is."""

HOP: Final = 128
"""Frames from one spectrum to the next, 5.8 ms."""

HOP_S: Final = HOP / ANALYSIS_RATE

BINS: Final = 560
"""Of each spectrum, up to 6 kHz: with what is above, up to 10 kHz, as many notes were found."""

_BLOCK_HOPS: Final = 512
"""Spectra that are made at a time, so that their windows need few megabytes."""


def to_analysis_rate(sound: Sound, sample_rate: int) -> Sound:
    """Return a sound at `ANALYSIS_RATE`; what is not finite becomes silence."""
    clean = np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    common = gcd(ANALYSIS_RATE, sample_rate)
    if common == sample_rate == ANALYSIS_RATE:
        return clean
    from scipy.signal import resample_poly  # takes 0.8 s

    resampled: Sound = resample_poly(
        clean, ANALYSIS_RATE // common, sample_rate // common, axis=0
    ).astype(np.float32)
    return resampled


def spectra(sound: Sound) -> Spectra:
    """Return the magnitudes of a sound at `ANALYSIS_RATE`, each hop's window centred on it.

    A steady sine has its amplitude in its bin.
    """
    views, window = _views(sound), _window()
    found = np.empty((len(views), sound.shape[1], BINS), np.float32)
    for first in range(0, len(views), _BLOCK_HOPS):
        part = slice(first, first + _BLOCK_HOPS)
        found[part] = np.abs(np.fft.rfft(views[part] * window, axis=-1)[..., :BINS])
    return found.reshape(len(views), -1)


def amplitude_at(sound: Sound, frequency_hz: float) -> NDArray[np.float64]:
    """Return the amplitude of a sine in each hop, of a sound of one channel, shape (hops,)."""
    turns = np.arange(WINDOW) * frequency_hz / ANALYSIS_RATE
    found: NDArray[np.float64] = np.abs(
        _views(sound)[:, 0] @ (_window() * np.exp(2j * np.pi * turns))
    )
    return found


def _window() -> NDArray[np.float32]:
    window = np.hanning(WINDOW + 1)[:-1]  # of which the next begins as this one ends
    scaled: NDArray[np.float32] = (window * (2 / window.sum())).astype(np.float32)
    return scaled


def _views(sound: Sound) -> NDArray[np.float32]:
    """Return what each hop's window sees, shape (hops, channels, WINDOW), without a copy."""
    hops = len(sound) // HOP + 1
    padded = np.zeros((hops * HOP + WINDOW, sound.shape[1]), np.float32)
    padded[WINDOW // 2 : WINDOW // 2 + len(sound)] = sound[: len(padded) - WINDOW // 2]
    return np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)[::HOP][:hops]


def to_mono(sound: Sound) -> Sound:
    """Return the mean of a sound's channels, shape (frames, 1)."""
    mean: Sound = sound.mean(axis=1, keepdims=True, dtype=np.float32)
    return mean
