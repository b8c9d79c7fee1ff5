"""Sound as browsers take it: each form encoded once, however many listen."""

import struct
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, Final

import numpy as np

from streamson.live.encoding import samples_of
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

PCM_SCALE: Final = 32_767


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
        samples = samples_of(block)
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
        samples = samples_of(block)
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
