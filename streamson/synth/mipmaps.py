"""Sampled sounds made ready to be played at any pitch: copies with ever fewer high frequencies.

Played faster, a sound's high frequencies would pass Nyquist and come back as others. So there is a
copy of it for each half octave, without what would pass, at four times the rate that what is left
needs at least: between so many frames a short filter finds any value (`synth.kernel.sampler`).
"""

from math import ceil, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.model.instrument import Sample
from streamson.synth.kernel.layout import MIPMAP, MIPMAPS

OVERSAMPLING: Final = 2.0
MARGIN: Final = 4_096
"""Frames before and after a sound: filters ring there, and reach beyond its ends."""

MIN_LOOP: Final = 8_192
"""Shorter loops are written one after the other until they are so long: then no quantum, not even
of the fastest playing, passes a loop's end twice."""

CROSSFADE_S: Final = 0.01
END_FADE_S: Final = 0.003
LOUDNESS_S: Final = 0.05
"""A sound is as loud as it is in the loudest so many seconds."""

MAX_CREST: Final = 4.0
"""A sound whose peaks stand out more than this beside a sine's is made no louder."""

EDGES: Final = tuple(0.5 / sqrt(2) ** i for i in range(MIPMAPS))
"""Of the copies, in cycles a frame: half an octave apart."""


class Mipmaps(NamedTuple):
    """The copies of a sound.

    Attributes
    ----------
    frames
        float32, shape (2, any): one copy after the other.
    table
        `MIPMAP`, shape (MIPMAPS,): where each begins, counted in `frames`.
    end
        Where the sound ends, or its loop, in frames of the file.
    loop
        Length of the loop in frames of the file; 0 without one.
    """

    frames: NDArray[np.float32]
    table: NDArray[np.void]
    end: int
    loop: int


def mipmap_frames(sample: Sample) -> int:
    """Return how many frames the copies of a sample have together."""
    length = _padded(_looped_length(sample))
    return sum(_copy_length(length, edge) for edge in EDGES)


def make_mipmaps(sample: Sample, width: float) -> Mipmaps:
    """Return the copies of a sample, as loud as a sine of amplitude 1."""
    sound = sample.sound.astype(np.float64).T * full_scale(sample)
    middle = sound.mean(axis=0)
    sound = middle + width * (sound - middle)
    sound, end, loop = _looped(sound, sample) if sample.loop else _ended(sound, sample)
    frames = np.pad(sound, ((0, 0), (MARGIN, 2 * MARGIN)))
    frames = np.pad(frames, ((0, 0), (0, _padded(sound.shape[1]) - frames.shape[1])))
    spectrum = np.fft.rfft(frames)
    table = np.zeros(MIPMAPS, MIPMAP)
    copies: list[NDArray[np.float32]] = []
    start = 0
    for i, edge in enumerate(EDGES):
        copy = _band_limited(spectrum, frames.shape[1], edge)
        ratio = copy.shape[1] / frames.shape[1]
        table[i] = start, ratio, MARGIN * ratio
        start += copy.shape[1]
        copies.append(copy)
    return Mipmaps(np.concatenate(copies, axis=1), table, end, loop)


def full_scale(sample: Sample) -> float:
    """Return what gives a sample the power of a sine of amplitude 1 where it is loudest."""
    first, end = loudest(sample)
    power = float((sample.sound[first:end].astype(np.float64) ** 2).mean())
    return float(min(1 / sqrt(2 * power), MAX_CREST / np.abs(sample.sound).max()))


def loudest(sample: Sample) -> tuple[int, int]:
    """Return where the loudest `LOUDNESS_S` of a sample begin and end, in frames."""
    sound = sample.sound.astype(np.float64)
    window = min(round(LOUDNESS_S * sample.sample_rate), len(sound))
    sums = np.cumsum(np.concatenate(([0.0], (sound**2).mean(axis=1))))
    first = int((sums[window:] - sums[:-window]).argmax())
    return first, first + window


def _ended(sound: NDArray[np.float64], sample: Sample) -> tuple[NDArray[np.float64], int, int]:
    """Return a sound that ends without a jump, and where."""
    length = sound.shape[1]
    fade = min(round(END_FADE_S * sample.sample_rate), length // 2)
    sound[:, length - fade :] *= np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    return sound, length, 0


def _looped(sound: NDArray[np.float64], sample: Sample) -> tuple[NDArray[np.float64], int, int]:
    """Return a sound with its loop written often enough, where the loop ends, and its length."""
    assert sample.loop is not None
    first, end = sample.loop
    length = end - first
    # What comes before the loop fades in at its end, so that even a bad one does not click. In a
    # good one the two are the same.
    fade = min(round(CROSSFADE_S * sample.sample_rate), length // 2, first)
    weight = np.sin(np.linspace(0, np.pi / 2, fade)) ** 2
    sound[:, end - fade : end] *= 1 - weight
    sound[:, end - fade : end] += weight * sound[:, first - fade : first]
    loop = sound[:, first:end]
    before, within, after = _repeats(length)
    whole = np.concatenate((sound[:, :first], np.tile(loop, before + within + after)), axis=1)
    return whole, first + (before + within) * length, within * length


def _repeats(length: int) -> tuple[int, int, int]:
    """Return how often a loop is written before, as, and after the one that is played."""
    return ceil(MARGIN / length), ceil(MIN_LOOP / length), ceil(2 * MARGIN / length)


def _looped_length(sample: Sample) -> int:
    """Return the frames of a sound with its loop written often enough."""
    if sample.loop is None:
        return len(sample.sound)
    first, end = sample.loop
    return first + (end - first) * sum(_repeats(end - first))


def _padded(length: int) -> int:
    """Return the frames of a sound with its margins."""
    return _round(length + 3 * MARGIN)


def _copy_length(length: int, edge: float) -> int:
    """Return the frames of a copy up to an edge in cycles a frame."""
    return _round(ceil(length * edge * 2 * OVERSAMPLING))


def _band_limited(
    spectrum: NDArray[np.complex128], length: int, edge: float
) -> NDArray[np.float32]:
    """Return a sound without what lies above an edge, at a rate that the rest needs.

    Parameters
    ----------
    spectrum
        Of its frames, by `numpy.fft.rfft`.
    length
        Number of its frames.
    edge
        In cycles a frame.
    """
    frames = _copy_length(length, edge)
    cycles = np.arange(spectrum.shape[1]) / length
    if edge < 0.5:
        # From 0.9 of the edge on, so that the filter rings briefly.
        place = np.clip((cycles / edge - 0.9) / 0.1, 0, 1)
        spectrum = spectrum * np.cos(np.pi / 2 * place) ** 2
    bins = min(frames // 2 + 1, spectrum.shape[1])
    return (np.fft.irfft(spectrum[:, :bins], frames) * (frames / length)).astype(np.float32)


def _round(length: int) -> int:
    """Return a length, up to an eighth greater, whose transform is fast."""
    step = 1 << max(length.bit_length() - 4, 1)
    return -(-length // step) * step
