"""The system's monotonic clock, readable from machine code: no system call, no lock on Linux."""

import sys
import time
from typing import Final

from numba import njit, types

from streamson.synth.kernel import memory

NS: Final = 1_000_000_000

if sys.platform == "win32":

    @njit(nogil=True)
    def now_ns(engine: int) -> int:  # noqa: ARG001
        """Return 0: load and latency are not measured here."""
        return 0

else:
    _MONOTONIC: Final = int(time.CLOCK_MONOTONIC)
    # A 64-bit address is passed like a pointer on every platform that numba compiles for.
    _clock_gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.int64))

    @njit(nogil=True)
    def now_ns(engine: int) -> int:
        """Return nanoseconds of CLOCK_MONOTONIC."""
        clock = memory.clock(engine)
        _clock_gettime(_MONOTONIC, clock.ctypes.data)
        nanoseconds: int = clock[0] * NS + clock[1]
        return nanoseconds
