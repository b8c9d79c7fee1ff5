"""Sound files: WAV that survives a crash, of any length."""

import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from streamson.errors import StreamsonError
from streamson.synth.memory import CHANNELS

_UPDATE_HEADER_AUTO: Final = 0x1061  # SFC_SET_UPDATE_HEADER_AUTO of sndfile.h
_RF64_AUTO_DOWNGRADE: Final = 0x1210  # SFC_RF64_AUTO_DOWNGRADE
_STEPS: Final = 2**23
_FRAME_BYTES: Final = 3 * CHANNELS


class AudioFileError(StreamsonError):
    """A sound file can't be written; the message says which and why."""


class WavWriter:
    """Write a stereo WAV file of 24 bits.

    The header is right after every write: a process that is killed leaves a whole file. Beyond
    4 GiB the file is an RF64, of which any length can be read.

    Parameters
    ----------
    path
        The file; one that exists is overwritten.
    sample_rate
        In Hz.

    Attributes
    ----------
    frames
        Frames written so far.

    Raises
    ------
    AudioFileError
        If the file can't be opened.
    """

    def __init__(self, path: Path, sample_rate: int) -> None:
        self.path = path
        self.frames = 0
        try:
            path.open("wb").close()  # libsndfile would only say "System error."
            self._file = soundfile.SoundFile(
                path, "w", sample_rate, CHANNELS, subtype="PCM_24", format="RF64"
            )
        except (OSError, soundfile.SoundFileError) as error:
            reason = (
                os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
            )
            raise AudioFileError(f"can't write {path}: {reason}") from None
        # python-soundfile has no public call for these two, nor for writing raw data.
        for command in (_RF64_AUTO_DOWNGRADE, _UPDATE_HEADER_AUTO):
            soundfile._snd.sf_command(self._file._file, command, soundfile._ffi.NULL, 1)

    def write(self, samples: NDArray[np.float32]) -> None:
        """Append samples of shape (frames, 2) in [-1, 1].

        Raises
        ------
        AudioFileError
            If the disk is full or gone.
        """
        data = _to_24_bits(samples)
        # libsndfile's own conversion takes most of the time that rendering to a file takes.
        written = soundfile._snd.sf_write_raw(
            self._file._file, soundfile._ffi.from_buffer(data), data.nbytes
        )
        self.frames += written // _FRAME_BYTES
        if written != data.nbytes:
            raise AudioFileError(f"can't write {self.path}: {_why(self.path)}")

    def close(self) -> None:
        """Finish the file."""
        try:
            self._file.close()
        except (OSError, soundfile.SoundFileError) as error:
            raise AudioFileError(f"can't finish {self.path}: {_why(self.path)}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _to_24_bits(samples: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the nearest integers of 24 bits, the least byte first."""
    steps = samples * np.float32(_STEPS)
    np.rint(steps, out=steps)
    np.clip(steps, -_STEPS, _STEPS - 1, out=steps)
    words = steps.astype("<i4").view(np.uint8).reshape(*samples.shape, 4)
    data = np.empty((*samples.shape, 3), np.uint8)
    for byte in range(3):  # three times as fast as all at once
        data[..., byte] = words[..., byte]
    return data


def _why(path: Path) -> str:
    """Say why a write failed: libsndfile does not pass on the system's reason."""
    try:
        disk = os.statvfs(path.parent)
    except OSError as error:
        return error.strerror or str(error)
    if disk.f_bavail * disk.f_frsize < 1 << 20:
        return "the disk is full"
    return "the system takes no more; is there a quota or a limit on the file's size?"
