"""Finished sound in the feed: itself, and how loud it is."""

import time
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.model.feed import AudioBlock, Level
from streamson.music.level import amplitude_to_db
from streamson.output.tap import TapBlock, TapFanOut, TapReader
from streamson.synth.kernel.layout import QUANTUM

AUDIO_S: Final = 0.02
"""Length of a block of sound."""

LEVEL_S: Final = 0.1
"""How often it is told how loud it is."""


class SoundBlocks:
    """Finished sound, in blocks of one length where nothing is missing."""

    def __init__(self, tap: TapFanOut) -> None:
        self._tap = tap
        self._frames = QUANTUM * max(1, round(AUDIO_S * tap.sample_rate / QUANTUM))
        self._reader: TapReader | None = None
        self._waiting: list[TapBlock] = []
        self._waiting_frames = 0

    def blocks(self, *, to_the_end: bool = False) -> list[AudioBlock]:
        """Return the blocks that are full, or after which something is missing, or nothing comes.

        Parameters
        ----------
        to_the_end
            Whether the sound has ended.
        """
        if self._reader is None:
            self._reader = self._tap.open()
        found: list[AudioBlock] = []
        for block in self._reader.read():
            if self._waiting and self._end != block.first_frame:
                found += self._cut(all_of_it=True)
            self._waiting.append(block)
            self._waiting_frames += len(block.samples)
            if self._waiting_frames >= self._frames:
                found += self._cut(all_of_it=False)
        if to_the_end and self._waiting:
            found += self._cut(all_of_it=True)
        return found

    def close(self) -> None:
        """Let go of the tap, which then costs nothing."""
        if self._reader is not None:
            self._reader.close()
            self._reader, self._waiting, self._waiting_frames = None, [], 0

    @property
    def _end(self) -> int:
        last = self._waiting[-1]
        return last.first_frame + len(last.samples)

    def _cut(self, *, all_of_it: bool) -> list[AudioBlock]:
        """Return what waits as blocks; what is too short for one waits on, unless all is wanted."""
        first = self._waiting[0].first_frame
        samples: NDArray[np.float32] = np.concatenate([block.samples for block in self._waiting])
        now, found, at = time.time(), [], 0
        while len(samples) - at >= (1 if all_of_it else self._frames):
            piece = samples[at : at + self._frames]
            found.append(AudioBlock(frame=first + at, time=now, samples=_bytes(piece)))
            at += len(piece)
        rest = samples[at:]
        self._waiting = [TapBlock(first + at, rest)] if len(rest) else []
        self._waiting_frames = len(rest)
        return found


class LevelMeter:
    """How loud the finished sound is."""

    def __init__(self, tap: TapFanOut) -> None:
        self._tap = tap
        self._frames = round(LEVEL_S * tap.sample_rate)
        self._reader: TapReader | None = None
        self._waiting: list[TapBlock] = []

    def levels(self) -> list[Level]:
        """Return those of each tenth of a second that has passed."""
        if self._reader is None:
            self._reader = self._tap.open()
        found, count = [], sum(len(block.samples) for block in self._waiting)
        for block in self._reader.read():
            self._waiting.append(block)
            count += len(block.samples)
            if count >= self._frames:
                found.append(self._level())
                self._waiting, count = [], 0
        return found

    def close(self) -> None:
        """Let go of the tap, which then costs nothing."""
        if self._reader is not None:
            self._reader.close()
            self._reader, self._waiting = None, []

    def _level(self) -> Level:
        last = self._waiting[-1]
        samples = np.concatenate([block.samples for block in self._waiting])
        rms = np.sqrt(np.square(samples, dtype=np.float64).mean(axis=0))
        return Level(
            frame=last.first_frame + len(last.samples),
            peak_dbfs=_db(np.abs(samples).max(axis=0)),
            rms_dbfs=_db(rms),
        )


def _db(amplitudes: NDArray[np.floating]) -> tuple[float | None, float | None]:
    left, right = (amplitude_to_db(float(one)) if one > 0 else None for one in amplitudes)
    return left, right


def _bytes(samples: NDArray[np.float32]) -> bytes:
    return samples.astype("<f4", copy=False).tobytes()
