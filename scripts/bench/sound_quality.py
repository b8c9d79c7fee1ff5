"""What a sound is like to listen to for long: loudness, sharpness, roughness, fluctuation strength.

Sharpness (DIN 45692) and roughness (Daniel and Weber 1997) are those of the MoSQITo library;
loudness is that of ITU-R BS.1770. MoSQITo has no fluctuation strength: that is computed here after
E. Zwicker and H. Fastl, "Psychoacoustics: facts and models", equation 10.2, from how far the level
in each critical band swings between 0.25 and 20 Hz, and is set to 1 vacil for a tone of 1 kHz and
60 dB that is modulated wholly at 4 Hz. For other sounds it compares, and is no standard's figure.
"""

import warnings
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import pyloudnorm
from mosqito import loudness_zwst, roughness_dw, sharpness_din_perseg
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfiltfilt

from streamson.psychoacoustics.hearing import FULL_SCALE_DB_SPL, hz_to_bark

RATE: Final = 48_000
"""What MoSQITo asks for."""

LOUDNESS: Final = -23.0
"""LUFS: EBU R 128. Sounds are brought to it before their sharpness and roughness are compared."""

PASCAL: Final = 2e-5 * 10 ** (FULL_SCALE_DB_SPL / 20) * 2**0.5
"""Sound pressure of a sample of 1."""

QUALITY_S: Final = 5.0
"""So much of each stretch is given to MoSQITo, which is slow."""

FLUCTUATION_STEP_S: Final = 0.016
FAINT_DB: Final = 30.0
"""Critical bands that are softer than the loudest by more do not count for the fluctuation."""

SILENT_DB: Final = -60.0
CLICK_HZ: Final = 15_000.0
CLICK_DB: Final = -60.0
"""Above this frequency nothing but a jump puts so much into 5 ms."""

_Array = NDArray[np.float64]


class Quality(NamedTuple):
    """What is measured of stretches of sound; means where nothing else is said.

    Attributes
    ----------
    lufs
        Integrated loudness.
    swing_lu
        Between the short-term loudness (3 s) that is passed for 95 % of the time, and for 5 %.
    sharpness_acum, roughness_asper, fluctuation_vacil
        At -23 LUFS.
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
    sharpness_acum: float
    roughness_asper: float
    fluctuation_vacil: float
    mono_lu: float
    silence: float
    step: float
    clicks: float


def quality_of(stretches: list[_Array]) -> Quality:
    """Return what stretches of sound are like, each of shape (frames, 2), at 48 kHz."""
    sound = np.concatenate(stretches)
    lufs = loudness_of(sound)
    short = np.concatenate([_short_term(one) for one in stretches])
    short = short[short > -70]
    mono = np.repeat(sound.mean(axis=1, keepdims=True), 2, axis=1)
    ears = [_pressure(one[: round(QUALITY_S * RATE)], lufs) for one in stretches]
    ears = [one for one in ears if np.abs(one).max() > 1e-5]
    return Quality(
        lufs=lufs,
        swing_lu=float(np.ptp(np.quantile(short, [0.05, 0.95]))) if len(short) else 0.0,
        sharpness_acum=float(np.mean([_sharpness(one) for one in ears])) if ears else 0.0,
        roughness_asper=float(np.mean([_roughness(one) for one in ears])) if ears else 0.0,
        fluctuation_vacil=float(np.mean([_fluctuation(one) for one in ears])) if ears else 0.0,
        mono_lu=lufs - loudness_of(mono),
        silence=float((_levels_db(sound, 0.1) < SILENT_DB).mean()),
        step=max(float(np.abs(np.diff(one, axis=0)).max()) for one in stretches),
        clicks=sum(map(_clicks, stretches)) * 60 * RATE / len(sound),
    )


def loudness_of(sound: _Array) -> float:
    """Return the integrated loudness of a sound, in LUFS."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # silence has none
        return float(pyloudnorm.Meter(RATE).integrated_loudness(sound))


def _short_term(sound: _Array) -> _Array:
    length = 3 * RATE
    return np.array(
        [loudness_of(sound[at : at + length]) for at in range(0, len(sound) - length + 1, RATE)]
    )


def _levels_db(sound: _Array, seconds: float) -> _Array:
    frames = round(seconds * RATE)
    power = np.square(sound[: len(sound) // frames * frames]).reshape(-1, frames * 2).mean(axis=1)
    levels: _Array = 10 * np.log10(power + 1e-20)
    return levels


def _clicks(sound: _Array) -> int:
    """Return how many jumps there are; what lasts for longer counts once."""
    high = sosfilt(butter(6, CLICK_HZ, "highpass", fs=RATE, output="sos"), sound, axis=0)
    is_click = _levels_db(high, 0.005) > CLICK_DB
    return int((np.diff(is_click.astype(int)) == 1).sum())


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
    return float(np.average(sharpness[known], weights=power[known] ** 0.3))


def _roughness(pressure: _Array) -> float:
    roughness, *_ = roughness_dw(pressure, RATE, overlap=0)
    return float(np.nanmean(roughness))


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
