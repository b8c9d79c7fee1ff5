"""Sound as browsers and players take it: each form encoded once, however many listen."""

import io
import struct
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, Final, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from streamson.model.feed import AudioBlock, Hello

HEADER: Final = struct.Struct("<IIIxxxxdd")
"""Before the sound of each message.

Its kind, its frames, how many a second, its first frame, and when its last one was finished.
"""

PCM16: Final = 1
OPUS: Final = 2

OPUS_RATE: Final = 48_000
OPUS_FRAMES: Final = 960
OPUS_DELAY: Final = 120
"""A packet's frames, and how many of them Opus is late with low delay (RFC 6716, 2.1.1)."""

OPUS_BIT_RATE: Final = 128_000
"""A seventh of PCM."""

PLAYER_LEVEL: Final = 0.4
"""Of libsndfile's compression: about 190 kbit/s."""

PCM_SCALE: Final = 32_767


class Encoder(Protocol):
    """Anything that makes messages of blocks of sound."""

    head: bytes
    """What a newcomer needs before the first message."""

    def encode(self, block: AudioBlock) -> Iterable[bytes]:
        """Return what is to be sent for a block; the next ones may bring the rest."""


class Pcm16Encoder:
    """16 bits a sample: what a browser plays with the least delay.

    Parameters
    ----------
    hello
        Tells the sample rate.
    """

    head: bytes = b""

    def __init__(self, hello: Hello) -> None:
        self._rate = hello.sample_rate

    def encode(self, block: AudioBlock) -> Iterable[bytes]:
        """Return one message."""
        samples = _samples(block)
        pcm = (np.clip(samples, -1.0, 1.0) * PCM_SCALE).round().astype("<i2")
        yield HEADER.pack(PCM16, len(samples), self._rate, block.frame, block.time) + pcm.tobytes()


class OpusEncoder:
    """Opus packets for a browser's own decoder, where the way to it is slow (PyAV).

    Parameters
    ----------
    hello
        Tells the sample rate.
    """

    head: bytes = b""

    def __init__(self, hello: Hello) -> None:
        import av

        self._av: Any = av
        self._rate = hello.sample_rate
        self._end = 0
        self._next = 0.0
        self._begin(0)

    @staticmethod
    def is_there() -> bool:
        """Return whether PyAV is installed."""
        return find_spec("av") is not None

    def encode(self, block: AudioBlock) -> Iterable[bytes]:
        """Yield the packets that are full, each with the frame at which it begins."""
        samples = _samples(block)
        if block.frame != self._end:
            self._begin(block.frame)
        self._end = block.frame + len(samples)
        length = OPUS_FRAMES * self._rate / OPUS_RATE
        frame = self._av.AudioFrame.from_ndarray(samples.reshape(1, -1), "flt", "stereo")
        frame.sample_rate = self._rate
        for resampled in self._resampler.resample(frame):
            resampled.pts = None
            for packet in self._codec.encode(resampled):
                finished = block.time - (self._end - self._next - length) / self._rate
                yield HEADER.pack(OPUS, round(length), self._rate, self._next, finished) + bytes(
                    packet
                )
                self._next += length

    def _begin(self, frame: int) -> None:
        """Begin with a frame: what does not follow on the one before is not to sound as if."""
        self._codec = self._av.CodecContext.create("libopus", "w")
        self._codec.sample_rate = OPUS_RATE
        self._codec.layout = "stereo"
        self._codec.format = "flt"
        self._codec.bit_rate = OPUS_BIT_RATE
        self._codec.options = {"application": "lowdelay", "frame_duration": "20"}
        self._resampler = self._av.AudioResampler(
            "flt", "stereo", OPUS_RATE, frame_size=OPUS_FRAMES
        )
        self._end = frame
        self._next = frame - OPUS_DELAY * self._rate / OPUS_RATE


class FileEncoder:
    """A file without an end, for any player (libsndfile).

    Parameters
    ----------
    kind
        ``mp3`` or ``ogg``.
    hello
        Tells the sample rate.
    """

    def __init__(self, kind: str, hello: Hello) -> None:
        self._sink = _Sink()
        self._file = soundfile.SoundFile(
            self._sink,
            "w",
            samplerate=hello.sample_rate,
            channels=hello.channels,
            format=kind.upper(),
            subtype={"mp3": "MPEG_LAYER_III", "ogg": "VORBIS"}[kind],
            compression_level=PLAYER_LEVEL,
        )
        self._file.write(np.zeros((1, hello.channels), np.float32))
        self._file.flush()
        head = self._sink.take()
        # Of an MP3 it is a frame that tells a length, which nobody knows; any later one begins it.
        self.head = head if kind == "ogg" else b""

    def encode(self, block: AudioBlock) -> Iterable[bytes]:
        """Return the pages or frames that are full."""
        self._file.write(_samples(block))
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


def _samples(block: AudioBlock) -> NDArray[np.float32]:
    return np.frombuffer(block.samples, "<f4").reshape(-1, 2)
