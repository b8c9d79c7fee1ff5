"""Reading the sound files of sampled instruments."""

from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from streamson.errors import InputFileError
from streamson.formats.regular_file import open_regular
from streamson.model.limits import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE

MAX_SAMPLE_FRAMES: Final = 60 * 48_000
"""Frames of one file: a minute at 48 kHz."""

MAX_SAMPLE_CHANNELS: Final = 8
"""All are read, though two are played: 90 MB at most."""

MIN_SAMPLE_FRAMES: Final = 64

_MIN_PEAK: Final = 1e-4


def read_sample(path: Path) -> tuple[NDArray[np.float32], int]:
    """Return the sound of a WAV, FLAC or other file that libsndfile reads, and its sample rate.

    Returns
    -------
    sound : ndarray of float32, shape (frames, 2)
        One channel becomes both; of more than two the first two are taken.
    sample_rate : int
        In Hz.

    Raises
    ------
    InputFileError
        If it can't be read, is too long or too short, or holds nothing that can be played.
    """
    try:
        with open_regular(path) as opened, soundfile.SoundFile(opened) as file:
            rate, frames = file.samplerate, file.frames
            if not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
                raise InputFileError(
                    f"{path} has a sample rate of {rate} Hz; {MIN_SAMPLE_RATE} to "
                    f"{MAX_SAMPLE_RATE} Hz is allowed"
                )
            if not MIN_SAMPLE_FRAMES <= frames <= MAX_SAMPLE_FRAMES:
                raise InputFileError(
                    f"{path} has {frames} frames; {MIN_SAMPLE_FRAMES} to {MAX_SAMPLE_FRAMES} are "
                    "allowed"
                )
            if file.channels > MAX_SAMPLE_CHANNELS:
                raise InputFileError(
                    f"{path} has {file.channels} channels; at most {MAX_SAMPLE_CHANNELS}"
                )
            sound = file.read(dtype="float32", always_2d=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputFileError(f"can't read {path}: {reason}") from None
    except soundfile.SoundFileError as error:
        raise InputFileError(f"can't read {path} as a sound file: {_reason(error)}") from None
    sound = np.ascontiguousarray(np.broadcast_to(sound[:, :2], (len(sound), 2)))
    if not np.isfinite(sound).all():
        raise InputFileError(f"{path} has samples that are not finite")
    if np.abs(sound).max(initial=0) < _MIN_PEAK:
        raise InputFileError(f"{path} is silent")
    return sound, rate


def _reason(error: soundfile.SoundFileError) -> str:
    """Return libsndfile's own words, without the name of the object that was opened."""
    return str(getattr(error, "error_string", error)).strip().rstrip(".")
