"""Python's end of the clock that the audio callback reads."""

import ctypes
import time
from collections.abc import Callable
from typing import Any, Final

from numpy.typing import NDArray

from streamson.synth.kernel.clock import clock_source

now_ns: Final[Callable[[], int]] = getattr(time, clock_source().counterpart)
"""Return nanoseconds of the clock by which the callback tells when it handed notes to a device."""


def set_up_clock(arrays: dict[str, NDArray[Any]]) -> None:
    """Write how many ticks a second has, for the callback, where the system's clock counts them."""
    windows = getattr(ctypes, "windll", None)
    if windows is None:
        return
    frequency = ctypes.c_int64()
    windows.kernel32.QueryPerformanceFrequency(ctypes.byref(frequency))
    arrays["clock"][1] = frequency.value
