"""The clock in machine code: this system's, and those of others as far as they can be run here."""

import ctypes
import sys
import time

import llvmlite.binding as llvm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.synth.clock import now_ns
from streamson.synth.engine import Engine
from streamson.synth.kernel import clock as kernel
from streamson.synth.kernel.clock import CLOCK_SOURCES, ClockSource, clock_source, make_now_ns

TICKS = ctypes.c_int64(0)


@ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.POINTER(ctypes.c_int64))
def count_ticks(where):
    where[0] = TICKS.value
    return 1


@pytest.fixture(scope="module")
def ticking():
    """The code for Windows, with a counter of ours in place of the system's."""
    llvm.add_symbol("StreamsonTestCounter", ctypes.cast(count_ticks, ctypes.c_void_p).value)
    return make_now_ns(ClockSource("StreamsonTestCounter", None, "perf_counter_ns"))


def test_machine_code_and_python_read_the_same_clock():
    engine = Engine(44_100)
    for _ in range(100):
        before = now_ns()
        between = kernel.now_ns(engine.user_data_address)
        assert before <= between <= now_ns()


def test_each_system_has_the_clock_that_python_reads_there():
    assert CLOCK_SOURCES["linux"] == ("clock_gettime", 1, "monotonic_ns")
    assert CLOCK_SOURCES["darwin"] == ("clock_gettime", 8, "monotonic_ns")
    assert CLOCK_SOURCES["win32"] == ("QueryPerformanceCounter", None, "perf_counter_ns")
    assert clock_source("freebsd14") == CLOCK_SOURCES["linux"]
    assert all(hasattr(time, source.counterpart) for source in CLOCK_SOURCES.values())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the number is Linux's")
def test_the_number_of_the_clock_is_the_systems():
    assert CLOCK_SOURCES["linux"].clock_id == time.CLOCK_MONOTONIC


@given(
    ticks=st.integers(0, 2**62),
    frequency=st.sampled_from([10_000_000, 3_579_545, 24_000_000, 1_000_000_000]),
)
def test_ticks_become_nanoseconds_without_overflow(ticking, ticks, frequency):
    engine = Engine(44_100)
    TICKS.value = ticks
    engine._memory["clock"][1] = frequency
    expected = ticks * 1_000_000_000 // frequency
    if expected < 2**63:
        assert ticking(engine.user_data_address) == expected


def test_a_clock_that_counts_ticks_only_goes_forward(ticking):
    engine = Engine(44_100)
    engine._memory["clock"][1] = 10_000_000
    found = []
    for TICKS.value in range(10**12, 10**12 + 1_000):
        found.append(ticking(engine.user_data_address))
    assert (np.diff(found) == 100).all()
