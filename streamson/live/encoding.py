"""Sound as a file without an end, for any player."""

import io
from collections.abc import Iterable
from typing import Any, Final, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from streamson._optional import import_optional
from streamson.model.feed import AudioBlock, Hello

MP3: Final = "mp3"
OGG: Final = "ogg"
OPUS: Final = "opus"

_FORMATS: Final = {
    MP3: ("MP3", "MPEG_LAYER_III"),
    OGG: ("OGG", "VORBIS"),
    OPUS: ("OGG", "OPUS"),
}
"""libsndfile's names of the container and of what is in it."""

_LEVELS: Final = {MP3: 0.4, OGG: 0.4, OPUS: 0.76}
"""Of libsndfile's compression: MP3 of 192 kbit/s, Vorbis of about 110, Opus of about 130."""

OPUS_RATE: Final = 48_000
"""Frames a second: Opus knows few rates, and this is the one that all of its players use."""


class Encoder(Protocol):
    """Anything that makes messages of blocks of sound."""

    head: bytes
    """What a newcomer needs before the first message."""

    def encode(self, block: AudioBlock) -> Iterable[bytes]:
        """Return what is to be sent for a block; the next ones may bring the rest."""


class FileEncoder:
    """A file without an end (libsndfile).

    Parameters
    ----------
    kind
        ``mp3``, ``ogg`` for Vorbis, or ``opus``, which is in Ogg too.
    hello
        Tells the sample rate.

    Raises
    ------
    MissingDependencyError
        Opus needs another rate, and what resamples is not installed.
    """

    def __init__(self, kind: str, hello: Hello) -> None:
        self._sink = _Sink()
        self._resampler: Any = None
        rate = hello.sample_rate
        if kind == OPUS and rate != OPUS_RATE:
            soxr = import_optional("soxr", "ogg", f"Opus of {rate} Hz")
            self._resampler = soxr.ResampleStream(rate, OPUS_RATE, hello.channels, "float32")
            rate = OPUS_RATE
        container, content = _FORMATS[kind]
        self._file = soundfile.SoundFile(
            self._sink,
            "w",
            samplerate=rate,
            channels=hello.channels,
            format=container,
            subtype=content,
            compression_level=_LEVELS[kind],
            # What a server keeps for newcomers is so many bytes: in all of them it is as old.
            bitrate_mode="CONSTANT" if kind == MP3 else None,
        )
        self._file.write(np.zeros((1, hello.channels), np.float32))
        self._file.flush()
        head = self._sink.take()
        # Of an MP3 it is a frame that tells a length, which nobody knows; any later one begins it.
        self.head = b"" if kind == MP3 else head

    def encode(self, block: AudioBlock) -> Iterable[bytes]:
        """Return the pages or frames that are full."""
        samples = samples_of(block)
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        self._file.write(samples)
        self._file.flush()
        if encoded := self._sink.take():
            yield encoded


class _Sink(io.RawIOBase):
    """Takes what is written to a file that can't be sought in, and lets go of it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._end = self._position = 0

    def write(self, data: Any) -> int:
        part = bytes(data)
        if self._position == self._end:  # what would change the head at the end comes too late
            self._parts.append(part)
            self._end += len(part)
        self._position += len(part)
        return len(part)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = (0, self._position, self._end)[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:  # noqa: ARG002  # soundfile asks for it
        return 0

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def samples_of(block: AudioBlock) -> NDArray[np.float32]:
    """Return the samples of a block, of shape (frames, 2)."""
    return np.frombuffer(block.samples, "<f4").reshape(-1, 2)
