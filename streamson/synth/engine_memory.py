"""The memory of an engine: allocated once, shared by Python and the audio callback.

All of it, the table of addresses too, is memory that a forked process shares: the device may call
the callback from there.
"""

import mmap
import sys
from contextlib import suppress
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamson.synth.kernel.layout import ADDRESSES, LAYOUT, SAMPLE_BYTES

_ALIGNMENT: Final = 64  # a cache line
_NORESERVE: Final = 0x4000  # MAP_NORESERVE of Linux, which Python knows since 3.13
_REMOVE: Final = 9  # MADV_REMOVE of Linux
_POPULATE_WRITE: Final = 23  # MADV_POPULATE_WRITE of Linux


class EngineMemory:
    """Zeroed memory for one engine: about 8 MB, and room for samples.

    Attributes
    ----------
    arrays
        Those of `LAYOUT` by name, and `ADDRESSES`.
    """

    def __init__(self) -> None:
        layout = {ADDRESSES: ((len(LAYOUT),), np.int64), **LAYOUT}
        offsets, size = {}, 0
        for name, (shape, dtype) in layout.items():
            alignment = mmap.PAGESIZE if name.startswith("sample_") else _ALIGNMENT
            offsets[name] = -(-size // alignment) * alignment
            size = offsets[name] + prod(shape) * np.dtype(dtype).itemsize
        self._block = _shared_block(size)
        self._offsets = offsets
        self.arrays: dict[str, NDArray[Any]] = {
            name: np.ndarray(shape, dtype, self._block, offsets[name])
            for name, (shape, dtype) in layout.items()
        }
        self.arrays[ADDRESSES][:] = [self.arrays[name].ctypes.data for name in LAYOUT]

    def touch(self) -> None:
        """Let the system lay out what the callback uses, so that it need not wait for that."""
        if sys.platform != "linux":
            return
        with suppress(OSError):  # a kernel before 5.14 lays it out when it is used
            self._block.madvise(_POPULATE_WRITE, 0, self._offsets["sample_left"])

    def give_back(self, start: int, frames: int) -> None:
        """Give pages of samples back to the system where it takes them; both are whole pages."""
        if sys.platform != "linux":
            return
        for name in ("sample_left", "sample_right"):
            place = self._offsets[name] + start * SAMPLE_BYTES
            self._block.madvise(_REMOVE, place, frames * SAMPLE_BYTES)


def _shared_block(size: int) -> mmap.mmap:
    """Return zeroed memory that forked processes share; what is never touched takes none."""
    if sys.platform != "linux":
        return mmap.mmap(-1, size)  # shared too, where there is a fork
    return mmap.mmap(-1, size, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | _NORESERVE)
