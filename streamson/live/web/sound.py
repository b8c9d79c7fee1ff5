"""Sound as browsers take it: each form encoded once, however many listen."""

import logging
import struct
from collections.abc import Iterable
from functools import cache
from importlib import import_module
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

_log = logging.getLogger(__name__)


@cache
def load_pyav() -> Any:
    """Return PyAV, or None where it is not there.

    The first time takes a tenth of a second, or seconds where its 100 MB come from a disk, and it
    holds up all threads: amid the sound, that would break for all who hear.
    """
    try:
        return import_module("av")
    except ModuleNotFoundError:
        return None
    except Exception as error:  # of a package that is not whole: there is sound without it
        _log.warning("no sound as Opus, PyAV can't be loaded: %s", error)
        return None


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
        self._av = load_pyav()
        self._rate = hello.sample_rate
        self._end = 0
        self._next = 0.0
        self._begin(0)

    @staticmethod
    def is_there() -> bool:
        """Return whether PyAV is there."""
        return load_pyav() is not None

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
