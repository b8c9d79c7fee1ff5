"""What a plot shows of a sound, gathered while it passes by: memory does not grow with it."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.music.level import db_to_amplitude

COLUMNS: Final = 2_400
"""More than a plot has room for; there may be up to twice as many."""

FFT_FRAMES: Final = 4_096
"""93 ms at 44.1 kHz: tells semitones apart from 180 Hz on."""

FLOOR_DB: Final = -100.0


class Columns:
    """Columns of figures in the order of time; when there are too many, two become one.

    Parameters
    ----------
    merge
        Makes one array of pairs, shape (columns, 2, figures), along the second axis.
    """

    def __init__(self, merge: np.ufunc) -> None:
        self._merge = merge
        self._columns: list[NDArray[np.float32]] = []
        self._stride = 1
        self._waiting = 0
        self._coalesced: NDArray[np.float32] | None = None

    def add(self, column: NDArray[np.float32]) -> None:
        """Take in the next column."""
        self._coalesced = (
            column if self._coalesced is None else self._merge(self._coalesced, column)
        )
        self._waiting += 1
        if self._waiting < self._stride:
            return
        self._columns.append(self._coalesced)
        self._waiting, self._coalesced = 0, None
        if len(self._columns) == 2 * COLUMNS:
            pairs = np.array(self._columns).reshape(COLUMNS, 2, -1)
            self._columns = list(self._merge.reduce(pairs, axis=1))
            self._stride *= 2

    def all(self) -> NDArray[np.float32]:
        """Return the columns, shape (columns, figures)."""
        rest = [] if self._coalesced is None else [self._coalesced]
        return np.array(self._columns + rest)


class Wave:
    """The least and the greatest sample of each moment."""

    def __init__(self, frames_a_column: int = 64) -> None:
        self._frames = frames_a_column
        # The greatest of both: of the samples, and of the samples with their signs turned.
        self._columns = Columns(np.maximum)
        self._rest = np.zeros(0, np.float32)

    def add(self, mono: NDArray[np.float32]) -> None:
        """Take in samples."""
        samples = np.concatenate([self._rest, mono])
        whole = len(samples) // self._frames * self._frames
        for slot in samples[:whole].reshape(-1, self._frames):
            self._columns.add(np.array([-slot.min(), slot.max()]))
        self._rest = samples[whole:]

    def ends(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the least and the greatest, column by column."""
        columns = self._columns.all().reshape(-1, 2)
        return -columns[:, 0], columns[:, 1]


class Spectrum:
    """The power of each frequency at each moment, by Hann windows that overlap by half."""

    def __init__(self) -> None:
        self._columns = Columns(np.maximum)
        self._rest = np.zeros(0, np.float32)
        from scipy.signal import ShortTimeFFT  # takes 0.8 s, for which no sound file waits
        from scipy.signal.windows import hann

        # Magnitudes on one side: a full-scale sine is 0 dB.
        self._transform = ShortTimeFFT(
            hann(FFT_FRAMES, sym=False),
            FFT_FRAMES // 2,
            fs=1.0,
            fft_mode="onesided2X",
            scale_to="magnitude",
        )

    def add(self, mono: NDArray[np.float32]) -> None:
        """Take in samples."""
        samples = np.concatenate([self._rest, mono])
        hop = FFT_FRAMES // 2
        count = max((len(samples) - FFT_FRAMES) // hop + 1, 0)
        if count:
            # The first whose window lies within the samples is number 1.
            for spectrum in np.abs(self._transform.stft(samples, p0=1, p1=1 + count)).T:
                self._columns.add(spectrum.astype(np.float32))
        self._rest = samples[count * hop :]

    def levels_db(self) -> NDArray[np.float32]:
        """Return dBFS, shape (columns, `FFT_FRAMES` / 2 + 1)."""
        columns = self._columns.all().reshape(-1, FFT_FRAMES // 2 + 1)
        levels: NDArray[np.float32] = 20 * np.log10(np.maximum(columns, db_to_amplitude(FLOOR_DB)))
        return levels


def overview(blocks: Iterable[NDArray[np.float32]]) -> tuple[Wave, Spectrum, int]:
    """Return wave and spectrum of blocks of shape (frames, 2), and how many frames there were."""
    wave, spectrum, frames = Wave(), Spectrum(), 0
    for block in blocks:
        mono = block.mean(axis=1)
        wave.add(mono)
        spectrum.add(mono)
        frames += len(block)
    return wave, spectrum, frames
