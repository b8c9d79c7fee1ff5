"""The limiter: it looks one quantum ahead, so that its gain is down before a peak comes.

Each quantum bears a certain gain. At the border of two quanta the gain is at most what both bear,
and between borders it runs straight: so it is never more than the quantum bears.
"""

from typing import Any, Final

import numpy as np
from numba import njit

from streamson.synth import memory
from streamson.synth.memory import CHANNELS, QUANTUM

CEILING: Final = 10 ** (-1 / 20)
"""No sample is larger: -1 dBFS."""

RELEASE_S: Final = 0.2
"""Time constant with which the gain returns."""


@njit(nogil=True)
def limit(engine: int) -> None:
    """Finish the held quantum into `ready`, and hold the one on the bus instead."""
    state = memory.state(engine)[0]
    peak = _peak(memory.bus(engine))
    if not peak < np.inf:
        clear(memory.bus(engine))
        state.invalid += 1
        peak = 0.0
    need = 1.0 if peak <= CEILING else CEILING / peak
    first = state.limiter_gain
    recovered = first + (1 - first) * (QUANTUM / (RELEASE_S * state.sample_rate))
    last = min(need, state.limiter_need, recovered)
    if last > 1 - 1e-6:
        last = 1.0
    state.limited += last < 1 or first < 1
    _ramp(memory.ready(engine), memory.held(engine), np.float32(first), np.float32(last))
    _ramp(memory.held(engine), memory.bus(engine), np.float32(1), np.float32(1))
    state.peak = max(state.peak, _peak(memory.ready(engine)))
    state.limiter_gain = last
    state.limiter_need = need


@njit(nogil=True)
def clear(quantum: Any) -> None:
    """Silence a quantum."""
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            quantum[channel, k] = 0


@njit(nogil=True)
def _peak(quantum: Any) -> float:
    """Return the largest absolute sample; infinity or NaN if one is not finite."""
    # Floats without their sign are in the order of their bits, NaN above all, and the loop over
    # integers vectorises.
    largest = np.int32(0)
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            largest = max(largest, _as_bits(abs(quantum[channel, k])))
    return float(_as_float(largest))


@njit(nogil=True)
def _as_bits(sample: Any) -> Any:
    return np.float32(sample).view(np.int32)


@njit(nogil=True)
def _as_float(bits: Any) -> Any:
    return np.int32(bits).view(np.float32)


@njit(nogil=True, fastmath={"contract"})
def _ramp(target: Any, source: Any, first: Any, last: Any) -> None:
    """Copy a quantum with a gain that runs straight from `first` to `last`."""
    step = (last - first) * np.float32(1 / QUANTUM)
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            target[channel, k] = source[channel, k] * (first + step * np.float32(np.int32(k)))
