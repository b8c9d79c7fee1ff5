"""The limiter: it looks one quantum ahead, so that its gain is down before a peak comes.

Each quantum bears a certain gain. At the border of two quanta the gain is at most what both bear,
and between borders it runs straight: so it is never more than the quantum bears. What counts is the
true peak, the highest point of the wave between the samples, as ITU-R BS.1770-5, annex 2, has it.
"""

from typing import Any, Final

import numpy as np

from streamson._jit import inner
from streamson.model.limits import CHANNELS
from streamson.synth.kernel import memory
from streamson.synth.kernel.layout import QUANTUM

CEILING: Final = 10 ** (-1.25 / 20)
"""No sample is larger, and no true peak is above -1 dBTP: four points a sample missed the top of a
wave by up to 0.15 dB in dense chords up to 20 kHz."""

RELEASE_S: Final = 0.2
"""Time constant with which the gain returns."""

TAPS: Final = 12
"""Samples around a point that tell its height."""

_QUIET: Final = CEILING / 2
"""Below it, the wave between the samples does not reach the ceiling: measuring it is left out."""


def _interpolator() -> Any:
    """Return what turns 12 samples into the points at 1/4, 1/2 and 3/4 after the sixth."""
    points = np.array([0.25, 0.5, 0.75])[:, None]
    distance = np.arange(TAPS) - (TAPS // 2 - 1) - points
    taps = np.sinc(distance) * np.i0(3 * np.sqrt(1 - (distance / (TAPS / 2)) ** 2))  # Kaiser
    return (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)


_INTERPOLATOR: Final = _interpolator()


@inner
def limit(engine: int) -> None:
    """Finish the held quantum into `ready`, and hold the one on the bus instead."""
    state = memory.state(engine)[0]
    peak = _peak(memory.bus(engine))
    if not peak < np.inf:
        clear(memory.bus(engine))
        state.invalid += 1
        peak = 0.0
    held_peak = state.limiter_peak
    loud = max(peak, held_peak) > _QUIET
    true_peak = max(peak, _peak_between(engine)) if loud else peak
    state.limiter_peak = peak
    need = 1.0 if true_peak <= CEILING else CEILING / true_peak
    first = state.limiter_gain
    recovered = first + (1 - first) * (QUANTUM / (RELEASE_S * state.sample_rate))
    last = min(need, state.limiter_need, recovered)
    if last > 1 - 1e-6:
        last = 1.0
    state.limited += last < 1 or first < 1
    _ramp(memory.ready(engine), memory.held(engine), np.float32(first), np.float32(last))
    _ramp(memory.held(engine), memory.bus(engine), np.float32(1), np.float32(1))
    untouched = first == 1 and last == 1
    heard = held_peak if untouched else _peak(memory.ready(engine))
    state.peak = max(state.peak, heard)
    state.limiter_gain = last
    state.limiter_need = need


@inner(fastmath={"contract", "reassoc"})
def _peak_between(engine: int) -> float:
    """Return the highest point between the samples of the bus and the end of what is held."""
    held, bus, joined = memory.held(engine), memory.bus(engine), memory.joined(engine)
    highest = np.int32(0)
    for channel in range(CHANNELS):
        for k in range(TAPS - 1):
            joined[k] = held[channel, QUANTUM - (TAPS - 1) + k]
        for k in range(QUANTUM):
            joined[TAPS - 1 + k] = bus[channel, k]
        for point in range(len(_INTERPOLATOR)):
            for k in range(QUANTUM):
                height = np.float32(0)
                for tap in range(TAPS):
                    height += _INTERPOLATOR[point, tap] * joined[k + tap]
                highest = max(highest, _as_bits(abs(height)))
    return float(_as_float(highest))


@inner
def clear(quantum: Any) -> None:
    """Silence a quantum."""
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            quantum[channel, k] = 0


@inner
def _peak(quantum: Any) -> float:
    """Return the largest absolute sample; infinity or NaN if one is not finite."""
    # Floats without their sign are in the order of their bits, NaN above all, and the loop over
    # integers vectorises.
    largest = np.int32(0)
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            largest = max(largest, _as_bits(abs(quantum[channel, k])))
    return float(_as_float(largest))


@inner
def _as_bits(sample: Any) -> Any:
    return np.float32(sample).view(np.int32)


@inner
def _as_float(bits: Any) -> Any:
    return np.int32(bits).view(np.float32)


@inner(fastmath={"contract"})
def _ramp(target: Any, source: Any, first: Any, last: Any) -> None:
    """Copy a quantum with a gain that runs straight from `first` to `last`."""
    step = (last - first) * np.float32(1 / QUANTUM)
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            target[channel, k] = source[channel, k] * (first + step * np.float32(np.int32(k)))
