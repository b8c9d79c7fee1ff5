"""Sounds of one loudness, in small files: Opus in Ogg."""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyloudnorm
import soundfile
import soxr
from gallery_takes import Sound

from streamson.music.level import amplitude_to_db, db_to_amplitude

OPUS_RATE: Final = 48_000
TARGET_LUFS: Final = -20.0
"""Each sound's loudness by ITU-R BS.1770, where its peaks allow that."""

PEAK_DBFS: Final = -1.0
SILENT_DBFS: Final = -66.0
"""What is below at the end is cut off: a room of five seconds takes long to fall silent."""

REST_S: Final = 0.1
"""Of silence at the end: an encoder cuts into what comes last."""

KBPS: Final = 48
_LOWERING_DB: Final = 0.5


class Written(NamedTuple):
    """What a sound file holds, as it is decoded: seconds, loudness in LUFS, peak in dBFS."""

    seconds: float
    lufs: float
    peak_db: float


def write_opus(path: Path, sound: Sound, sample_rate: int) -> Written:
    """Write a sound, brought to one loudness, up to its audible end; return what is heard of it.

    Parameters
    ----------
    path
        The file, ``.ogg``.
    sound
        Samples of shape (frames, 2).
    sample_rate
        In Hz.
    """
    if np.array_equal(sound[:, 0], sound[:, 1]):
        sound = sound[:, :1]
    sound = soxr.resample(sound, sample_rate, OPUS_RATE)
    gain_db = min(TARGET_LUFS - loudness(sound), PEAK_DBFS - peak_db(sound))
    heard = np.flatnonzero(np.abs(sound).max(axis=1) > db_to_amplitude(SILENT_DBFS - gain_db))
    sound = np.pad(sound[: heard[-1] + 1], ((0, round(REST_S * OPUS_RATE)), (0, 0)))
    # libsndfile: (1 - level) * 250 + 6 kbit/s for each channel.
    level = 1 - (KBPS / sound.shape[1] - 6) / 250
    while True:
        levelled = sound * db_to_amplitude(gain_db)
        soundfile.write(
            *(path, levelled, OPUS_RATE), format="OGG", subtype="OPUS", compression_level=level
        )
        decoded, _ = soundfile.read(path, always_2d=True)
        if peak_db(decoded) <= PEAK_DBFS:
            return Written(len(decoded) / OPUS_RATE, loudness(decoded), peak_db(decoded))
        gain_db -= _LOWERING_DB  # coding moved a peak


def loudness(sound: Sound) -> float:
    """Return what BS.1770 makes of a sound at `OPUS_RATE`, in LUFS; a single channel is both."""
    both = np.repeat(sound, 2, axis=1) if sound.shape[1] == 1 else sound
    lufs: float = pyloudnorm.Meter(OPUS_RATE).integrated_loudness(both)
    return lufs


def peak_db(sound: Sound) -> float:
    """Return the largest sample in dBFS."""
    return amplitude_to_db(float(np.abs(sound).max()))
