"""The tap's fan-out: any number of readers of the finished sound, none of which delays another.

The audio callback copies each finished quantum to one ring. Whoever reads empties that ring into
the queues of all readers; so there is no thread, and who reads is who pays.
"""

import threading
from collections import deque
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.model.limits import CHANNELS
from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import QUANTUM

MAX_BLOCK_FRAMES: Final = 4_096
"""So that who loses something loses little."""

MAX_QUEUED_BYTES: Final = 4 << 20
"""Of sound that waits for one reader: 11.9 s at 44.1 kHz, as long as the ring itself lasts."""


class TapBlock(NamedTuple):
    """Finished sound without a gap.

    Attributes
    ----------
    first_frame
        The engine's frame at which it begins.
    samples
        float32, shape (frames, 2); other readers have the same, so they are not to be changed.
    """

    first_frame: int
    samples: NDArray[np.float32]


class TapReader:
    """One reader's queue: where it reads too slowly, it loses the oldest and counts that.

    Attributes
    ----------
    missed_frames
        Frames that were finished since it was opened and that it did not get.
    """

    def __init__(self, tap: "TapFanOut") -> None:
        self.missed_frames = 0
        self._tap = tap
        self._waiting: deque[TapBlock] = deque()
        self._bytes = 0
        self._next_frame: int | None = None  # until the first quantum comes

    def read(self) -> list[TapBlock]:
        """Return what was finished since the last time, oldest first; never waits for sound."""
        return self._tap.read(self)

    def close(self) -> None:
        """Read no more."""
        self._tap.close(self)

    def put(self, block: TapBlock) -> None:
        """Queue a block; the fan-out's, under its lock."""
        if self._next_frame is not None:
            self.missed_frames += max(block.first_frame - self._next_frame, 0)
        self._next_frame = block.first_frame + len(block.samples)
        self._waiting.append(block)
        self._bytes += block.samples.nbytes
        while self._bytes > MAX_QUEUED_BYTES:
            oldest = self._waiting.popleft()
            self._bytes -= oldest.samples.nbytes
            self.missed_frames += len(oldest.samples)

    def take(self) -> list[TapBlock]:
        """Empty the queue; the fan-out's, under its lock."""
        blocks = list(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return blocks


class TapFanOut:
    """Hands the finished sound of an engine, up to the frame at which it stops, to readers.

    Parameters
    ----------
    engine
        The engine; its tap belongs to the fan-out.

    Attributes
    ----------
    sample_rate
        The engine's.
    """

    def __init__(self, engine: Engine) -> None:
        self.sample_rate = engine.sample_rate
        self._engine = engine
        self._readers: list[TapReader] = []
        self._lock = threading.Lock()

    @property
    def frame(self) -> int:
        """The engine's clock."""
        return self._engine.frame

    def open(self) -> TapReader:
        """Return a new reader of all that is finished from now on."""
        with self._lock:
            self._distribute()
            reader = TapReader(self)
            self._readers.append(reader)
            self._engine.open_tap()
        return reader

    def read(self, reader: TapReader) -> list[TapBlock]:
        """Let all readers have what is finished; return what waits for one of them."""
        with self._lock:
            self._distribute()
            return reader.take()

    def close(self, reader: TapReader) -> None:
        """Let go of a reader; without any, the callback copies nothing."""
        with self._lock:
            if reader in self._readers:
                self._readers.remove(reader)
            if not self._readers:
                self._engine.close_tap()
                self._distribute()

    def _distribute(self) -> None:
        while True:
            first_frames, quanta = self._engine.tap.read()
            if not len(first_frames):
                return
            # Where two quanta do not follow one another, some were lost between them.
            breaks = np.flatnonzero(np.diff(first_frames) != QUANTUM) + 1
            starts = [0, *breaks.tolist()]
            for start, run in zip(starts, np.split(quanta, breaks), strict=True):
                first_frame = int(first_frames[start])
                samples = run.reshape(-1, CHANNELS)
                samples = samples[: max(0, self._engine.stop_frame - first_frame)]
                samples.flags.writeable = False
                for at in range(0, len(samples), MAX_BLOCK_FRAMES):
                    block = TapBlock(first_frame + at, samples[at : at + MAX_BLOCK_FRAMES])
                    for reader in self._readers:
                        reader.put(block)
