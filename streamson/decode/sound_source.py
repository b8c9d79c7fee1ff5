"""The sound that is decoded: a file or an array, of which any stretch can be had more than once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streamson.errors import InputFileError, UsageError
from streamson.formats.sound_reader import SoundReader
from streamson.model.limits import CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE

BLOCK_FRAMES = 65_536


class SoundSource(Protocol):
    """A sound of a known length."""

    sample_rate: int
    """Its frames a second."""

    frames: int
    """How many it has."""

    def blocks(self, first: int, end: int) -> Iterator[NDArray[np.float32]]:
        """Yield what lies from one frame up to another, in blocks of shape (frames, channels)."""


class FileSource:
    """A sound file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputFileError
        If it can't be read, is no sound file, or has nothing in it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with SoundReader(path) as reader:
            self.sample_rate = reader.sample_rate
            self.frames = reader.frames
        if not self.frames:
            raise InputFileError(f"{path}: there is no sound in it")

    def blocks(self, first: int, end: int) -> Iterator[NDArray[np.float32]]:
        """Yield what lies from one frame up to another.

        Raises
        ------
        InputFileError
            If the file is damaged there.
        """
        with SoundReader(self._path) as reader:
            yield from reader.blocks(BLOCK_FRAMES, first=first, end=end)


class ArraySource:
    """Samples in memory.

    Parameters
    ----------
    samples
        Shape (frames,) or (frames, channels).
    sample_rate
        Their frames a second.

    Raises
    ------
    UsageError
        If they are no sound.
    """

    def __init__(self, samples: NDArray[np.generic], sample_rate: int) -> None:
        if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
            raise UsageError(
                f"sample_rate: found {sample_rate!r}; {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz is "
                "allowed"
            )
        if samples.ndim not in (1, 2) or not samples.size or samples.dtype.kind != "f":
            raise UsageError(
                f"sound: found an array of {samples.dtype} of shape {samples.shape}; numbers with "
                "a fraction, of shape (frames,) or (frames, channels), are allowed"
            )
        self.sample_rate = sample_rate
        self.frames = len(samples)
        shaped = samples if samples.ndim == 2 else samples[:, None]
        self._samples = shaped[:, :CHANNELS].astype(np.float32)

    def blocks(self, first: int, end: int) -> Iterator[NDArray[np.float32]]:
        """Yield what lies from one frame up to another."""
        for start in range(first, min(end, self.frames), BLOCK_FRAMES):
            yield self._samples[start : min(start + BLOCK_FRAMES, end)]
