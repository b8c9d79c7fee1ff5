"""Hears notes in a sound: what was played is found from the sound and the possible pitches alone.

Nothing of the synthesis is used. Short-time spectra give the power at each possible pitch; a note
begins where the power at its fundamental rises, whatever else still rings.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.signal import resample_poly

HOP_S = 0.002
WINDOW_S = 0.046
"""About that of a spectrogram of 2,048 samples at 44.1 kHz: whole tones stay apart down to G3."""

STEP_S = 0.03
RISE_DB = 5.0
"""A note begins where the level at its pitch rises by so much within a step."""

TOGETHER_S = 0.04
"""Rises closer than this are those of one note: its partials, and what leaks."""

FUNDAMENTAL = 10 ** (-8 / 10)
"""The fundamental gains at least so much of the power that the strongest possible pitch gains."""

AUDIBLE = 10 ** (-9 / 10)
LATELY_S = 0.06
"""A note gains at least so much of the most power that any pitch has around it."""

FAINT = 10 ** (-24 / 10)
"""What gains less than this share of the loudest note's power is no note."""

LOWEST_RATE = 8_000
"""Sound is read at this rate or a little more: no fundamental is above 4 kHz."""

_AROUND = np.array([0, -1, 1])

_Array = NDArray[np.float64]


class Heard(NamedTuple):
    """A note that was heard."""

    onset_s: float
    midi_note: float


def decode(sound: NDArray[np.float32], rate: int, pitches: Iterable[float]) -> list[Heard]:
    """Return the notes that are heard, one after the other.

    Parameters
    ----------
    sound
        Shape (frames, 2).
    rate
        Frames a second.
    pitches
        MIDI notes that may have been played.
    """
    notes = np.array(sorted(pitches))
    powers = _powers(sound, rate, notes)
    gains = _gains(powers[:, :, 0])
    # A pitch is stronger than what is half a tone beside it, unless it is leakage.
    soon = np.roll(powers, -round(STEP_S / HOP_S), axis=0)
    own = np.where((soon[:, :, 0] >= soon[:, :, 1:].max(axis=2)), gains, 0)
    strongest = own.max(axis=1)
    loudest = maximum_filter1d(powers.max(axis=(1, 2)), 2 * round(LATELY_S / HOP_S) + 1)
    strongest[strongest < loudest * AUDIBLE] = 0
    return [
        Heard(place * HOP_S, float(notes[_lowest_strong(own, place)]))
        for place in _peaks(strongest, strongest.max() * FAINT)
    ]


def found(
    heard: Sequence[Heard], onsets_s: Sequence[float], midi_notes: Sequence[float]
) -> NDArray[np.bool_]:
    """Return which of the notes played were heard: one for one, the right pitch at its time."""
    free = list(heard)
    result = np.zeros(len(onsets_s), bool)
    for i, (onset, midi_note) in enumerate(zip(onsets_s, midi_notes, strict=True)):
        until = onsets_s[i + 1] if i + 1 < len(onsets_s) else onset + 0.25
        near = [h for h in free if onset - 0.03 <= h.onset_s < onset + 0.6 * (until - onset)]
        right = [h for h in near if abs(h.midi_note - midi_note) < 0.5]
        if right:
            free.remove(right[0])
            result[i] = True
    return result


def _powers(sound: NDArray[np.float32], rate: int, notes: _Array) -> _Array:
    """Return the power at each hop, of each pitch, there and half a tone below and above."""
    fewer = rate // LOWEST_RATE
    sound = resample_poly(np.asarray(sound, np.float32), 1, fewer)
    rate = rate / fewer
    length, hop = round(WINDOW_S * rate), HOP_S * rate
    hz = 440 * 2 ** ((notes[:, None] + _AROUND - 69) / 12)
    turns = np.arange(length)[:, None] * hz.ravel() / rate
    window = np.hanning(length)[:, None]
    waves = np.hstack((np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns))) * window
    # Of 24 bits: what is 60 dB below the loudest is no note.
    waves = waves.astype(np.float32)
    powers: _Array = np.zeros(1)
    for channel in sound.T:
        padded = np.pad(channel, (length // 2, length))
        places = (np.arange(int(len(channel) / hop)) * hop).astype(int)
        slices = np.lib.stride_tricks.sliding_window_view(padded, length)[places]
        powers = powers + (slices @ waves).astype(np.float64) ** 2
    together: _Array = powers.reshape(len(powers), 2, *hz.shape).sum(axis=1)
    return together


def _gains(powers: _Array) -> _Array:
    """Return the power that is gained around each hop, 0 where the level rises too little."""
    half = round(STEP_S / HOP_S / 2)
    padded = np.pad(powers, ((half, half), (0, 0)), "edge")
    before, after = padded[: -2 * half], padded[2 * half :]
    rises = after >= before * 10 ** (RISE_DB / 10)
    gains: _Array = np.where(rises, after - before, 0.0)
    return gains


def _peaks(gains: _Array, least: float) -> list[int]:
    """Return the hops of the strongest gains, none near a stronger one."""
    apart = round(TOGETHER_S / HOP_S)
    places: list[int] = []
    left = gains.copy()
    while (place := int(left.argmax())) >= 0 and left[place] > least:
        places.append(place)
        first, last = place, place
        while first > 0 and gains[first - 1] > 0:
            first -= 1
        while last + 1 < len(gains) and gains[last + 1] > 0:
            last += 1
        left[max(min(first, place - apart), 0) : max(last, place + apart) + 1] = 0
    return sorted(places)


def _lowest_strong(gains: _Array, place: int) -> int:
    """Return the fundamental among the pitches that gain around a hop."""
    near = round(TOGETHER_S / HOP_S / 2)
    most = gains[max(place - near, 0) : place + near + 1].max(axis=0)
    return int(np.flatnonzero(most >= most.max() * FUNDAMENTAL)[0])
