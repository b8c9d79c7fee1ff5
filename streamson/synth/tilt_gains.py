"""How loud each copy of a sampled sound is at each brightness: what the kernel makes up for."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.model.instrument import Sample
from streamson.synth.kernel.layout import MIPMAPS, TILT_STAGES, TILT_STEPS
from streamson.synth.kernel.tilt import MAX_CORNER, STAGE_SPACING
from streamson.synth.mipmaps import EDGES, MAX_CREST, full_scale, loudest

_Array = NDArray[np.float64]
_Spectrum = NDArray[np.complex128]

_SILENCE: Final = 1e-30
_BELOW_NYQUIST: Final = 0.499


def tilt_gains(sample: Sample) -> NDArray[np.float32]:
    """Return what gives a sound the power that it has without the filter, where it is loudest.

    So brightness changes the colour and not the level, as it does with partials. A sound whose
    peaks then stood out more than `mipmaps.MAX_CREST` is made no louder.

    Returns
    -------
    ndarray of float32, shape (MIPMAPS, TILT_STEPS)
        Amplitudes, for copies that are read at their highest speed.
    """
    spectrum, frames = _spectrum(sample)
    most = MAX_CREST / full_scale(sample)
    root = sample.root_hz / sample.sample_rate
    gains = np.ones((MIPMAPS, TILT_STEPS), np.float32)
    for i, edge in enumerate(EDGES):
        speed = 0.5 / edge
        copy = spectrum[: int(edge * frames) + 1]
        power = _power(copy)
        if power <= _SILENCE:  # the tone itself is above what can be played
            continue
        turns = np.arange(len(copy))[:, None] / frames * speed
        for k, brightness in enumerate(np.linspace(-1, 1, TILT_STEPS)):
            tilted = copy * _response(turns, root * speed, brightness)
            gains[i, k] = np.sqrt(power / max(_power(tilted), _SILENCE))
            if brightness > 0:
                gains[i, k] = min(gains[i, k], most / max(_peak(tilted, frames), _SILENCE))
    return gains


def _power(spectrum: _Spectrum) -> float:
    return float((spectrum.real**2 + spectrum.imag**2).sum())


def _peak(spectrum: _Spectrum, frames: int) -> float:
    """Return the largest sample of a sound, at the rate that its highest frequency needs."""
    fewer = max(2 * (len(spectrum) - 1), 1)
    return float(np.abs(np.fft.irfft(spectrum, fewer, axis=0)).max()) * fewer / frames


def _spectrum(sample: Sample) -> tuple[_Spectrum, int]:
    """Return the spectrum of the loudest part of a sound, shape (any, 2), and of how many frames.

    What is before and behind comes and goes softly: a jump would have high frequencies of its own.
    """
    first, end = loudest(sample)
    fade = (end - first) // 2
    sound = np.pad(sample.sound.astype(np.float64), ((fade, fade), (0, 0)))
    part = sound[first : end + 2 * fade]
    ramp = np.sin(np.linspace(0, np.pi / 2, fade))[:, None] ** 2
    part[:fade] *= ramp
    part[len(part) - fade :] *= ramp[::-1]
    return np.fft.rfft(part, axis=0), len(part)


def _response(cycles: _Array, fundamental: float, brightness: float) -> _Spectrum:
    """Return the filter's response; frequencies are in cycles a frame."""
    at = np.tan(np.pi * np.minimum(cycles, _BELOW_NYQUIST))
    response = np.ones(cycles.shape, np.complex128)
    for stage in range(TILT_STAGES):
        middle = fundamental * STAGE_SPACING**stage
        pole = np.tan(np.pi * min(middle * 2.0**brightness, MAX_CORNER))
        zero = np.tan(np.pi * min(middle * 2.0**-brightness, MAX_CORNER))
        response *= ((1 + 1j * at / zero) / (1 + 1j * at / pole)) ** 2
    return response
