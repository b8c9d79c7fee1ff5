"""Reading a sound file of any length, block by block."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from streamson._closable import Closable
from streamson.errors import InputFileError
from streamson.formats.regular_file import open_regular
from streamson.model.limits import CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE

MAX_SOUND_CHANNELS: Final = 8
"""All are read, though only the first two are handed on."""


class SoundReader(Closable):
    """A WAV, FLAC, Ogg, Opus, MP3 or other file that libsndfile reads.

    Parameters
    ----------
    path
        The file.

    Attributes
    ----------
    sample_rate
        Its frames a second.
    frames
        How many it says it has.
    channels
        1 or 2: how many are handed on.

    Raises
    ------
    InputFileError
        If it can't be read, is no sound file, or has a sample rate or channels beyond what is
        allowed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._opened = open_regular(path)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise InputFileError(f"can't read {path}: {reason}") from None
        try:
            self._file = soundfile.SoundFile(self._opened)
            self._check()
        except soundfile.SoundFileError as error:
            self._opened.close()
            raise InputFileError(f"can't read {path} as a sound file: {_reason(error)}") from None
        except InputFileError:
            self.close()
            raise
        self.sample_rate: int = self._file.samplerate
        self.frames: int = self._file.frames
        self.channels = min(self._file.channels, CHANNELS)

    def _check(self) -> None:
        rate, channels = self._file.samplerate, self._file.channels
        if not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
            raise InputFileError(
                f"{self._path} has a sample rate of {rate} Hz; {MIN_SAMPLE_RATE} to "
                f"{MAX_SAMPLE_RATE} Hz is allowed"
            )
        if channels > MAX_SOUND_CHANNELS:
            raise InputFileError(
                f"{self._path} has {channels} channels; at most {MAX_SOUND_CHANNELS} are allowed"
            )

    def blocks(
        self, block_frames: int, *, first: int = 0, end: int | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """Yield what is in it from one frame up to another, the end of the file without.

        Yields
        ------
        ndarray of float32, shape (frames, channels)
            At most `block_frames` of them.

        Raises
        ------
        InputFileError
            If the file is damaged there.
        """
        at = first
        try:
            self._file.seek(min(first, self.frames))
            while end is None or at < end:
                count = block_frames if end is None else min(block_frames, end - at)
                block = self._file.read(count, dtype="float32", always_2d=True)
                if not len(block):
                    return
                at += len(block)
                yield block[:, : self.channels]
        except soundfile.SoundFileError as error:
            raise InputFileError(f"can't read {self._path}: {_reason(error)}") from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._opened.close()


def _reason(error: soundfile.SoundFileError) -> str:
    """Return libsndfile's own words, without the name of the object that was opened."""
    return str(getattr(error, "error_string", error)).strip().rstrip(".")
