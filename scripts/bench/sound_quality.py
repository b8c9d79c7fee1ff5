"""What a sound is like to listen to for long: loudness, sharpness, roughness, fluctuation strength.

Sharpness (DIN 45692) and roughness (Daniel and Weber 1997) are those of the MoSQITo library;
loudness is that of ITU-R BS.1770. MoSQITo has no fluctuation strength: that is computed here after
E. Zwicker and H. Fastl, "Psychoacoustics: facts and models", equation 10.2, from how far the level
in each critical band swings between 0.25 and 20 Hz, and is set to 1 vacil for a tone of 1 kHz and
60 dB that is modulated wholly at 4 Hz. For other sounds it compares, and is no standard's figure.
"""

import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import pyloudnorm
from loudness_meter import RATE, LoudnessMeter
from mosqito import loudness_zwst, roughness_dw, sharpness_din_perseg
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfiltfilt

from streamson.psychoacoustics.hearing import FULL_SCALE_DB_SPL, hz_to_bark

LOUDNESS: Final = -23.0
"""LUFS: EBU R 128. Sounds are brought to it before their sharpness and roughness are compared."""

PASCAL: Final = 2e-5 * 10 ** (FULL_SCALE_DB_SPL / 20) * 2**0.5
"""Sound pressure of a sample of 1."""

ROUGHNESS_FRAME_S: Final = 0.2
ROUGHNESS_FRAMES: Final = 4
"""Of each window so many frames are given to MoSQITo's roughness, which takes twice as long."""

FLUCTUATION_STEP_S: Final = 0.016
FAINT_DB: Final = 30.0
"""Critical bands that are softer than the loudest by more do not count for the fluctuation."""

SILENT_DB: Final = -60.0
CLICK_HZ: Final = 15_000.0
CLICK_DB: Final = -60.0
"""Above this frequency nothing but a jump puts so much into 5 ms."""

_Array = NDArray[np.float64]


class Quality(NamedTuple):
    """What is measured of a sound: of all of it, but for what `--windows` of it stand for.

    Attributes
    ----------
    lufs
        Integrated loudness.
    swing_lu
        Between the short-term loudness (3 s) that is passed for 95 % of the time, and for 5 %.
    loudest_lu
        The loudest 0.4 s beside the loudness of all.
    sharpness_acum, sharpest_acum
        Mean and worst window, at -23 LUFS.
    roughness_asper, roughest_asper
        Mean and worst window, at -23 LUFS.
    fluctuation_vacil
        Mean of the windows, at -23 LUFS.
    mono_lu
        What is lost when both channels are added up.
    silence
        Share of tenths of a second below -60 dBFS.
    step
        The largest from sample to sample.
    clicks
        Jumps a minute.
    """

    lufs: float
    swing_lu: float
    loudest_lu: float
    sharpness_acum: float
    sharpest_acum: float
    roughness_asper: float
    roughest_asper: float
    fluctuation_vacil: float
    mono_lu: float
    silence: float
    step: float
    clicks: float


class Listener:
    """Measures a sound second by second, and keeps windows of it for what takes long.

    Parameters
    ----------
    starts_s
        Of the windows, in whole seconds.
    window_s
        Their length, in whole seconds.
    """

    def __init__(self, starts_s: Sequence[int], window_s: int) -> None:
        self._kept = {second for start in starts_s for second in range(start, start + window_s)}
        self._starts_s, self._window_s = starts_s, window_s
        self._seconds: dict[int, _Array] = {}
        self._stereo, self._mono = LoudnessMeter(), LoudnessMeter()
        self._click_filter = butter(6, CLICK_HZ, "highpass", fs=RATE, output="sos")
        self._click_state = np.zeros((3, 2, 2))
        self._before = np.zeros((1, 2))
        self._was_click = False
        self._silent = self._clicks = self._taken = 0
        self._step = 0.0

    def take(self, second: _Array) -> None:
        """Take in the next second, of shape (48_000, 2)."""
        self._stereo.take(second)
        self._mono.take(np.repeat(second.mean(axis=1, keepdims=True), 2, axis=1))
        if self._taken in self._kept:
            self._seconds[self._taken] = second
        self._taken += 1
        self._silent += int((_levels_db(second, 0.1) < SILENT_DB).sum())
        steps = np.diff(np.concatenate([self._before, second]), axis=0)
        self._step = max(self._step, float(np.abs(steps).max()))
        self._before = second[-1:]
        # What lasts for longer counts once.
        high, self._click_state = sosfilt(self._click_filter, second, axis=0, zi=self._click_state)
        is_click = [self._was_click, *(_levels_db(high, 0.005) > CLICK_DB)]
        self._clicks += int((np.diff(np.array(is_click, int)) == 1).sum())
        self._was_click = bool(is_click[-1])

    def quality(self) -> Quality:
        """Return what the sound is like that was taken in."""
        lufs, momentary, short = (
            self._stereo.integrated(),
            self._stereo.momentary(),
            self._stereo.short_term(),
        )
        short = short[short > -70]
        ears = [_pressure(one, lufs) for one in self._windows()]
        ears = [one for one in ears if np.abs(one).max() > 1e-5] or [np.zeros(RATE)]
        sharp = [_sharpness(one) for one in ears]
        rough = [_roughness(one, number) for number, one in enumerate(ears)]
        return Quality(
            lufs=lufs,
            swing_lu=float(np.ptp(np.quantile(short, [0.05, 0.95]))) if len(short) else 0.0,
            loudest_lu=float(momentary.max()) - lufs,
            sharpness_acum=float(np.mean(sharp)),
            sharpest_acum=max(sharp),
            roughness_asper=float(np.mean(rough)),
            roughest_asper=max(rough),
            fluctuation_vacil=float(np.mean([_fluctuation(one) for one in ears])),
            mono_lu=lufs - self._mono.integrated(),
            silence=self._silent / (10 * self._taken),
            step=self._step,
            clicks=self._clicks * 60 / self._taken,
        )

    def _windows(self) -> Iterator[_Array]:
        for start in self._starts_s:
            yield np.concatenate([self._seconds[start + i] for i in range(self._window_s)])


def loudness_of(sound: _Array) -> float:
    """Return the integrated loudness of a sound, in LUFS."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # silence has none
        return float(pyloudnorm.Meter(RATE).integrated_loudness(sound))


def _levels_db(sound: _Array, seconds: float) -> _Array:
    frames = round(seconds * RATE)
    power = np.square(sound[: len(sound) // frames * frames]).reshape(-1, frames * 2).mean(axis=1)
    levels: _Array = 10 * np.log10(power + 1e-20)
    return levels


def sones_of(sound: _Array) -> float:
    """Return the loudness of a steady sound by ISO 532-1, in sones."""
    return float(loudness_zwst(PASCAL * sound.mean(axis=1), RATE)[0])


def sharpness_of(sound: _Array) -> float:
    """Return the sharpness of a sound at -23 LUFS, in acum."""
    return _sharpness(_pressure(sound, loudness_of(sound)))


def _pressure(sound: _Array, lufs: float) -> _Array:
    """Return what both ears hear together of a sound, in pascal, at -23 LUFS."""
    pressure: _Array = sound.mean(axis=1) * (PASCAL * 10 ** ((LOUDNESS - lufs) / 20))
    return pressure


def _sharpness(pressure: _Array) -> float:
    """Return the mean sharpness of what is not silent, weighted by how loud it is."""
    with np.errstate(invalid="ignore"):  # silence has none
        sharpness, _ = sharpness_din_perseg(pressure, RATE, nperseg=8_192)
    frames = len(pressure) / len(sharpness)
    edges = (np.arange(len(sharpness)) * frames).astype(int)
    power = np.add.reduceat(np.square(pressure), edges)
    known = np.isfinite(sharpness)
    if not known.any():
        return 0.0
    return float(np.average(sharpness[known], weights=power[known] ** 0.3))


def _roughness(pressure: _Array, number: int) -> float:
    """Return the mean of frames anywhere in a window, so that they fit no beat; always these."""
    frames = round(ROUGHNESS_FRAME_S * RATE)
    found = []
    for first in np.random.default_rng(number).integers(
        0, len(pressure) - frames, ROUGHNESS_FRAMES
    ):
        frame = pressure[first : first + frames]
        roughness, *_ = roughness_dw(frame, RATE, overlap=0) if frame.any() else (0.0,)
        found.append(float(np.nanmean(roughness)))
    return float(np.mean(found))


def _fluctuation(pressure: _Array) -> float:
    return _swing(pressure) / _reference_swing()


@cache
def _reference_swing() -> float:
    seconds = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * 1_000 * seconds) * (1 - np.cos(2 * np.pi * 4 * seconds))
    return _swing(tone * 2e-5 * 10 ** (60 / 20) / np.sqrt(np.square(tone).mean()))


def _swing(pressure: _Array) -> float:
    """Return the mean over critical bands, by loudness, of how far they swing and how often."""
    hop = round(FLUCTUATION_STEP_S * RATE)
    window = np.hanning(2 * hop)
    frames = np.lib.stride_tricks.sliding_window_view(pressure, 2 * hop)[::hop] * window
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 / np.square(window).sum() / hop
    bark = hz_to_bark(np.fft.rfftfreq(2 * hop, 1 / RATE)).astype(int)
    per_bark = np.stack([power[:, bark == z].sum(axis=1) for z in range(24)])
    level_db = 10 * np.log10(per_bark / 2e-5**2 + 1e-20)
    loudest = level_db.max()
    heard = level_db[level_db.max(axis=1) > loudest - FAINT_DB]
    # What lies deep below is masked by what was just heard.
    heard = np.maximum(heard, heard.max(axis=1, keepdims=True) - FAINT_DB)
    band = butter(2, [0.25, 20], "bandpass", fs=RATE / hop, output="sos")
    swinging = sosfiltfilt(band, heard - heard.mean(axis=1, keepdims=True), axis=1)
    spectrum = np.abs(np.fft.rfft(swinging, axis=1)) ** 2
    hz = np.fft.rfftfreq(swinging.shape[1], hop / RATE)
    weight = 2 / (hz / 4 + 4 / np.maximum(hz, 0.1))  # 1 at 4 Hz
    weighted = np.sqrt((spectrum * weight**2).sum(axis=1) * 2) / swinging.shape[1]
    loudness = np.maximum(10 ** (heard.mean(axis=1) / 10), 1) ** 0.23
    return float(np.average(weighted, weights=loudness))
