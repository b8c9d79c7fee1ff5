"""The system's monotonic clock, readable from machine code: no system call, no lock on Linux."""

import sys
from typing import Any, Final, NamedTuple

from numba import njit, types

from streamson.synth.kernel import memory

NS: Final = 1_000_000_000


class ClockSource(NamedTuple):
    """What a system calls its monotonic clock.

    Attributes
    ----------
    function
        Of C, which writes where the clock is.
    clock_id
        Which of its clocks; None where there is but one, which counts ticks.
    counterpart
        The function of Python's `time` that reads the same clock, with the same beginning.
    """

    function: str
    clock_id: int | None
    counterpart: str


CLOCK_SOURCES: Final = {
    # CLOCK_MONOTONIC of time.h.
    "linux": ClockSource("clock_gettime", 1, "monotonic_ns"),
    # CLOCK_UPTIME_RAW of Apple's time.h: mach_absolute_time, which Python reads. Its
    # CLOCK_MONOTONIC goes on while the machine sleeps.
    "darwin": ClockSource("clock_gettime", 8, "monotonic_ns"),
    # profileapi.h; Python's monotonic clock before 3.13 moves by 15 ms there.
    "win32": ClockSource("QueryPerformanceCounter", None, "perf_counter_ns"),
}
"""By `sys.platform`; other systems are taken for those that have POSIX's clock, as Linux has it."""


def clock_source(platform: str = sys.platform) -> ClockSource:
    """Return the clock of a system."""
    return CLOCK_SOURCES.get(platform, CLOCK_SOURCES["linux"])


def make_now_ns(source: ClockSource) -> Any:
    """Return machine code that reads a clock: the address of an engine's table to nanoseconds."""
    # A 64-bit address is passed like a pointer on every platform that numba compiles for.
    if source.clock_id is None:
        read_ticks = types.ExternalFunction(source.function, types.int32(types.int64))

        @njit(nogil=True)
        def ticks_ns(engine: int) -> int:
            clock = memory.clock(engine)
            read_ticks(clock.ctypes.data)
            ticks, frequency = clock[0], clock[1]
            whole, part = ticks // frequency, ticks % frequency
            nanoseconds: int = whole * NS + part * NS // frequency
            return nanoseconds

        return ticks_ns

    clock_id = source.clock_id
    read_time = types.ExternalFunction(source.function, types.int32(types.int32, types.int64))

    @njit(nogil=True)
    def time_ns(engine: int) -> int:
        clock = memory.clock(engine)
        read_time(clock_id, clock.ctypes.data)
        nanoseconds: int = clock[0] * NS + clock[1]
        return nanoseconds

    return time_ns


now_ns: Final = make_now_ns(clock_source())
"""Return nanoseconds of the system's clock."""
