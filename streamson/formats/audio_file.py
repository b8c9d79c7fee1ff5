"""Sound files that are whole whenever their process ends: WAV, FLAC, Ogg Opus and MP3."""

import os
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from streamson._closable import Closable
from streamson._optional import import_optional
from streamson.errors import OutputFileError, UsageError
from streamson.formats.atomic import open_new
from streamson.formats.file_lock import is_at, lock
from streamson.formats.flac_length import found_samples, set_samples
from streamson.model.limits import CHANNELS

# Commands of sndfile.h, for which python-soundfile has no public call.
_UPDATE_HEADER_AUTO: Final = 0x1061  # SFC_SET_UPDATE_HEADER_AUTO
_RF64_AUTO_DOWNGRADE: Final = 0x1210  # SFC_RF64_AUTO_DOWNGRADE
_PAGE_LATENCY_MS: Final = 0x1302  # SFC_SET_OGG_PAGE_LATENCY_MS

_STEPS: Final = 2**23
WAV_FRAME_BYTES: Final = 3 * CHANNELS
PAGE_MS: Final = 200
OPUS_RATE: Final = 48_000
OPUS_RATES: Final = (8_000, 12_000, 16_000, 24_000, OPUS_RATE)
FLAC_BLOCK: Final = 4_096
_MP3_RATES: Final = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


class AudioFile(Closable):
    """A stereo sound file that is written piece by piece.

    Parameters
    ----------
    path
        The file, which isn't there yet. It is locked as long as it is written.
    sample_rate
        In Hz.

    Attributes
    ----------
    frames
        Frames written so far.

    Raises
    ------
    OutputFileError
        If the file can't be opened.
    """

    def __init__(self, path: Path, sample_rate: int) -> None:
        self.path = path
        self.sample_rate = sample_rate
        self.frames = 0
        self._failed = False
        try:
            # libsndfile would only say "System error.", and would follow a link.
            self._disk = open_new(path)
        except OSError as error:
            raise OutputFileError(f"can't write {path}: {error.strerror}") from None
        lock(self._disk.fileno())
        try:
            self._file = self._open()
        except (soundfile.SoundFileError, UsageError) as error:
            self._disk.close()
            path.unlink(missing_ok=True)
            full = "" if isinstance(error, UsageError) else why(path)
            raise OutputFileError(f"can't write {path}: {full or error}") from None

    def write(self, samples: NDArray[np.float32]) -> None:
        """Append samples of shape (frames, 2) in [-1, 1].

        Raises
        ------
        OutputFileError
            If the disk is full or gone.
        """
        try:
            self._append(samples)
        except (OSError, soundfile.SoundFileError):
            self._failed = True
            raise OutputFileError(f"can't write {self.path}: {why(self.path)}") from None
        self.frames += len(samples)

    def sync(self) -> None:
        """Let what was written survive even a loss of power.

        Raises
        ------
        OutputFileError
            If the disk is gone.
        """
        try:
            self._mark()
            os.fsync(self._disk.fileno())
        except OSError as error:
            raise OutputFileError(f"can't write {self.path}: {error.strerror}") from None

    @property
    def size(self) -> int:
        """Bytes on the disk so far."""
        return os.fstat(self._disk.fileno()).st_size

    @property
    def is_there(self) -> bool:
        """Whether it still has its name: it was neither deleted nor moved."""
        return is_at(self._disk.fileno(), self.path)

    @property
    def is_deleted(self) -> bool:
        """Whether it has no name at all any more."""
        return os.fstat(self._disk.fileno()).st_nlink == 0

    def close(self) -> None:
        """Finish the file.

        Raises
        ------
        OutputFileError
            If the disk is full or gone.
        """
        try:
            self._finish()
            self._file.close()
            if self._failed:  # libsndfile may be content with what it could not write
                self._rescue()
        except (OSError, soundfile.SoundFileError):
            self._rescue()
            raise OutputFileError(f"can't finish {self.path}: {why(self.path)}") from None
        finally:
            self._disk.close()

    @abstractmethod
    def _open(self) -> Any:
        """Return the opened file of soundfile."""

    def _new(self, rate: int, subtype: str, kind: str, **more: Any) -> Any:
        return soundfile.SoundFile(
            self._disk.fileno(),
            "w",
            rate,
            CHANNELS,
            subtype=subtype,
            format=kind,
            closefd=False,
            **more,
        )

    def _append(self, samples: NDArray[np.float32]) -> None:
        self._file.write(samples)

    def _mark(self) -> None:  # most kinds need not
        """Let the file tell how long it is."""

    def _rescue(self) -> None:  # most kinds need not
        """Let a file that can't be finished tell, as `frames` does, what is in it."""

    def _finish(self) -> None:  # most kinds need not
        """Write what is held back."""


class WavWriter(AudioFile):
    """WAV of 24 bits, whose header is right after every write.

    Beyond 4 GiB the file is an RF64, of which any length can be read.
    """

    def _open(self) -> Any:
        file = self._new(self.sample_rate, "PCM_24", "RF64")
        for command in (_RF64_AUTO_DOWNGRADE, _UPDATE_HEADER_AUTO):
            soundfile._snd.sf_command(file._file, command, soundfile._ffi.NULL, 1)
        return file

    def _append(self, samples: NDArray[np.float32]) -> None:
        data = _to_24_bits(samples).view(np.uint8).reshape(*samples.shape, 4)
        packed = np.empty((*samples.shape, 3), np.uint8)
        for byte in range(3):  # three times as fast as all at once
            packed[..., byte] = data[..., byte]
        # libsndfile's own conversion takes most of the time that rendering to a file takes.
        written = soundfile._snd.sf_write_raw(
            self._file._file, soundfile._ffi.from_buffer(packed), packed.nbytes
        )
        if written != packed.nbytes:
            self.frames += written // WAV_FRAME_BYTES
            raise OSError


class FlacWriter(AudioFile):
    """FLAC of 24 bits, the same samples as a WAV has; it declares its length at every `sync`."""

    def _open(self) -> Any:
        return self._new(self.sample_rate, "PCM_24", "FLAC")

    def _append(self, samples: NDArray[np.float32]) -> None:
        self._file.write(_to_24_bits(samples) << 8)

    def _mark(self) -> None:
        # The encoder holds a block back, and another one until the next comes.
        whole = max(self.frames // FLAC_BLOCK - 2, 0) * FLAC_BLOCK
        set_samples(self._disk, whole)

    def _rescue(self) -> None:
        self.frames = found_samples(self._disk) or 0
        set_samples(self._disk, self.frames)


class OpusWriter(AudioFile):
    """Ogg Opus, in pages of a fifth of a second."""

    def _open(self) -> Any:
        rate = self.sample_rate if self.sample_rate in OPUS_RATES else OPUS_RATE
        self._resampler = None
        if rate != self.sample_rate:
            soxr = import_optional("soxr", "ogg", f"an Ogg file of {self.sample_rate} Hz")
            self._resampler = soxr.ResampleStream(self.sample_rate, rate, CHANNELS, "float32")
        file = self._new(rate, "OPUS", "OGG")
        latency = soundfile._ffi.new("double *", PAGE_MS)
        soundfile._snd.sf_command(file._file, _PAGE_LATENCY_MS, latency, 8)
        return file

    def _append(self, samples: NDArray[np.float32]) -> None:
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        self._file.write(samples)

    def _finish(self) -> None:
        if self._resampler is not None:
            rest = np.zeros((0, CHANNELS), np.float32)
            self._file.write(self._resampler.resample_chunk(rest, last=True))


class Mp3Writer(AudioFile):
    """MP3 of a constant bit rate: then a file that was cut off still declares its length."""

    def _open(self) -> Any:
        if self.sample_rate not in _MP3_RATES:
            rates = ", ".join(map(str, _MP3_RATES))
            raise UsageError(f"MP3 has no sample rate of {self.sample_rate} Hz; it has {rates}")
        return self._new(
            self.sample_rate,
            "MPEG_LAYER_III",
            "MP3",
            bitrate_mode="CONSTANT",
            compression_level=0.3,
        )


WRITERS: Final[dict[str, Callable[[Path, int], AudioFile]]] = {
    ".wav": WavWriter,
    ".flac": FlacWriter,
    ".ogg": OpusWriter,
    ".mp3": Mp3Writer,
}
"""By the ending of the file's name."""


def writer_for(path: Path) -> Callable[[Path, int], AudioFile]:
    """Return what writes a sound file of that name.

    Raises
    ------
    UsageError
        If its ending is none of a sound file.
    """
    if path.suffix.lower() not in WRITERS:
        raise UsageError(f'can\'t write "{path}": sound files are {", ".join(WRITERS)}')
    return WRITERS[path.suffix.lower()]


def _to_24_bits(samples: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the nearest integers of 24 bits."""
    steps = samples * np.float32(_STEPS)
    np.rint(steps, out=steps)
    np.clip(steps, -_STEPS, _STEPS - 1, out=steps)
    return steps.astype("<i4")


def why(path: Path) -> str:
    """Say why a write failed: libsndfile does not pass on the system's reason."""
    try:
        disk = os.statvfs(path.parent)
    except OSError as error:
        return error.strerror or str(error)
    if disk.f_bavail * disk.f_frsize < 1 << 20:
        return "the disk is full"
    return "the system takes no more; is there a quota or a limit on the file's size?"
