"""The samples of an engine: equal ones lie in its memory once, as long as somebody needs them."""

import hashlib
import mmap
from collections.abc import Iterable
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from streamson.errors import UsageError
from streamson.model.instrument import Instrument, Sample
from streamson.model.limits import CHANNELS
from streamson.synth.engine_memory import EngineMemory
from streamson.synth.kernel.layout import MAX_SAMPLE_BYTES, SAMPLE_BYTES, SAMPLE_FRAMES
from streamson.synth.mipmaps import make_mipmaps, mipmap_frames

PAGE_FRAMES: Final = mmap.PAGESIZE // SAMPLE_BYTES
"""Samples begin with a page: so only whole pages are given back."""

_digests: Final[WeakKeyDictionary[Sample, bytes]] = WeakKeyDictionary()

SampleKey = tuple[bytes, int, tuple[int, int] | None, float]
"""What a sample's copies depend on: its sound, rate and loop, and the width it is played with."""


class StoredSample(NamedTuple):
    """Where the copies of a sample lie.

    Attributes
    ----------
    start, frames
        First frame of the memory, and how many, in whole pages.
    levels
        `MIPMAP`, shape (MIPMAPS,).
    end, loop
        Where it ends, or its loop, and the length of that, in frames of the file.
    """

    start: int
    frames: int
    levels: NDArray[np.void]
    end: int
    loop: int


class SampleMemory:
    """The part of an engine's memory in which samples lie.

    Parameters
    ----------
    memory
        The engine's.
    """

    def __init__(self, memory: EngineMemory) -> None:
        self._memory = memory
        self._stored: dict[SampleKey, StoredSample] = {}
        self._users: dict[SampleKey, int] = {}

    def check(self, instruments: Iterable[Instrument]) -> None:
        """Raise `UsageError` if instruments have more samples than notes may name at one moment."""
        frames = sum(_page_frames(sample) for sample in _different(instruments).values())
        if frames * CHANNELS * SAMPLE_BYTES > MAX_SAMPLE_BYTES:
            raise UsageError(
                f"samples take {_megabytes(frames)} MB of memory; "
                f"at most {MAX_SAMPLE_BYTES // 2**20} MB are allowed: use fewer or shorter ones"
            )

    def check_room(self, instruments: Iterable[Instrument]) -> None:
        """Raise `UsageError` if there is no room for new samples beside those that still sound."""
        gaps = self._gaps()
        for key, sample in _different(instruments).items():
            frames = _page_frames(sample)
            if key in self._stored:
                continue
            place = next((start for start, free in gaps.items() if free >= frames), None)
            if place is None:
                raise UsageError(
                    f"no room for {_megabytes(frames)} MB of samples beside those that still "
                    "sound; try again when they have ended"
                )
            gaps[place + frames] = gaps.pop(place) - frames

    def take(self, instrument: Instrument) -> tuple[SampleKey, StoredSample]:
        """Return where an instrument's sample lies, which `give_back` lets go of again."""
        key = sample_key(instrument)
        if key not in self._stored:
            assert instrument.sample is not None
            self._stored[key] = self._write(instrument.sample, instrument.width)
            self._users[key] = 0
        self._users[key] += 1
        return key, self._stored[key]

    def give_back(self, key: SampleKey) -> None:
        """Let go of a sample once; after the last time its memory is free."""
        self._users[key] -= 1
        if self._users[key] == 0:
            del self._users[key]
            stored = self._stored.pop(key)
            self._memory.give_back(stored.start, stored.frames)

    def _write(self, sample: Sample, width: float) -> StoredSample:
        frames = _page_frames(sample)
        start = next(start for start, free in self._gaps().items() if free >= frames)
        copies = make_mipmaps(sample, width)
        end = start + copies.frames.shape[1]
        arrays = self._memory.arrays
        arrays["sample_left"][start:end], arrays["sample_right"][start:end] = copies.frames
        levels = copies.table.copy()
        levels["start"] += start
        return StoredSample(start, frames, levels, copies.end, copies.loop)

    def _gaps(self) -> dict[int, int]:
        """Return the free parts of the memory: first frame to how many."""
        gaps, free_from = {}, 0
        for stored in sorted(self._stored.values(), key=lambda stored: stored.start):
            gaps[free_from] = stored.start - free_from
            free_from = stored.start + stored.frames
        gaps[free_from] = SAMPLE_FRAMES - free_from
        return gaps


def sample_key(instrument: Instrument) -> SampleKey:
    """Return what tells a sample from others; a file that is read anew is the same."""
    sample = instrument.sample
    assert sample is not None
    if sample not in _digests:
        _digests[sample] = hashlib.blake2b(np.ascontiguousarray(sample.sound).data).digest()
    return _digests[sample], sample.sample_rate, sample.loop, instrument.width


def _different(instruments: Iterable[Instrument]) -> dict[SampleKey, Sample]:
    return {
        sample_key(instrument): instrument.sample
        for instrument in instruments
        if instrument.sample is not None
    }


def _page_frames(sample: Sample) -> int:
    return -(-mipmap_frames(sample) // PAGE_FRAMES) * PAGE_FRAMES


def _megabytes(frames: int) -> int:
    return round(frames * CHANNELS * SAMPLE_BYTES / 2**20)
