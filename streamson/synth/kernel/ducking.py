"""Room for what must be heard: all else is softer while something is in the foreground."""

from typing import Final

import numpy as np
from numba import njit

from streamson.model.limits import CHANNELS
from streamson.synth.kernel import memory
from streamson.synth.kernel.layout import QUANTUM

DUCKED_GAIN: Final = 10 ** (-20 / 20)
"""Gain of all else: 20 dB less, as WCAG 2.2, 1.4.7, has it for what sounds behind speech."""

DUCK_S: Final = 0.02
"""Time in which it becomes so much softer: before the attack of what comes is over."""

HOLD_S: Final = 0.25
"""Time for which it stays so soft afterwards: longer than the gaps in a pattern of notes, and the
one before what is spoken, so that it steps back but once."""

RECOVER_S: Final = 0.6
"""Time in which it comes back after that."""


@njit(nogil=True)
def duck(engine: int) -> None:
    """Multiply the bus by a gain that is on its way to where it belongs."""
    state = memory.state(engine)[0]
    first = state.duck_gain
    seconds = QUANTUM / state.sample_rate
    if state.foreground > 0:
        state.duck_held = np.int64(HOLD_S * state.sample_rate)
    if state.duck_held > 0:
        state.duck_held -= QUANTUM
        last = max(first - (1 - DUCKED_GAIN) * seconds / DUCK_S, DUCKED_GAIN)
    else:
        last = min(first + (1 - DUCKED_GAIN) * seconds / RECOVER_S, 1.0)
    bus = memory.bus(engine)
    gain, step = np.float32(first), np.float32((last - first) / QUANTUM)
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            bus[channel, k] *= gain + step * np.float32(np.int32(k))
    state.duck_gain = last
