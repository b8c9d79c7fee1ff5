"""Room for what must be heard: all else is softer while something is in the foreground."""

import math
from typing import Final

import numpy as np

from streamson._jit import inner
from streamson.model.limits import CHANNELS
from streamson.synth.kernel import memory
from streamson.synth.kernel.layout import QUANTUM

DUCKED_GAIN: Final = 10 ** (-20 / 20)
"""Gain of all else: 20 dB less. For a sample, such as what is said, it is less still ..."""

SAID_ABOVE: Final = 10 ** (22 / 10)
"""... until its power is so much above all else: WCAG 2.2, 1.4.7, has 20 dB for what sounds behind
speech, and a room's answer, and what swells while it is said, are not yet in it."""

LEAST_GAIN: Final = 10 ** (-60 / 20)
"""Softer it never is: what asks for more is all but silent itself."""

DUCK_S: Final = 0.02
"""Time in which it becomes so much softer: before the attack of what comes is over."""

HOLD_S: Final = 0.25
"""Time for which it stays so soft afterwards: longer than the gaps in a pattern of notes, and the
one before what is spoken, so that it steps back but once."""

RECOVER_S: Final = 0.6
"""Time in which it comes back after that."""

MIX_MEAN_S: Final = 0.05
"""Time constant of the mean that says how strong all else is: a period of the lowest tones."""


@inner
def stand_up(engine: int) -> None:
    """Forget what all else stepped back for."""
    state = memory.state(engine)[0]
    state.duck_floor = DUCKED_GAIN
    state.said_power = state.mix_power = 0


@inner
def step_back_for(engine: int, power: float) -> None:
    """Let all else step back for a sample of that power, the softest of those that sound."""
    state = memory.state(engine)[0]
    state.said_power = power if state.said_power == 0 else min(power, state.said_power)


@inner
def duck(engine: int) -> None:
    """Multiply the bus, and what is sent beside it, by a gain on its way to where it belongs."""
    state = memory.state(engine)[0]
    first = state.duck_gain
    seconds = QUANTUM / state.sample_rate
    if state.foreground > 0:
        state.duck_held = np.int64(HOLD_S * state.sample_rate)
        _follow(engine)
    if state.duck_held > 0:
        state.duck_held -= QUANTUM
        last = max(first - (1 - DUCKED_GAIN) * seconds / DUCK_S, min(first, state.duck_floor))
    else:
        stand_up(engine)
        last = min(first + (1 - DUCKED_GAIN) * seconds / RECOVER_S, 1.0)
    bus = memory.bus(engine)
    gain, step = np.float32(first), np.float32((last - first) / QUANTUM)
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            bus[channel, k] *= gain + step * np.float32(np.int32(k))
    if state.sends != 0:
        sends = memory.sends(engine)
        for channel in range(CHANNELS):
            for k in range(QUANTUM):
                sends[channel, k] *= gain + step * np.float32(np.int32(k))
    state.duck_gain = last


@inner
def _follow(engine: int) -> None:
    """Take in how strong all else is, and lower the floor where that is too much.

    It only ever sinks until nothing is in the foreground any more: so nothing pumps.
    """
    state, bus = memory.state(engine)[0], memory.bus(engine)
    power = 0.0
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            power += float(bus[channel, k]) ** 2
    power /= CHANNELS * QUANTUM
    share = 1.0 if state.mix_power == 0 else QUANTUM / (MIX_MEAN_S * state.sample_rate)
    state.mix_power += min(share, 1.0) * (power - state.mix_power)
    if state.said_power > 0 and state.mix_power > 0:
        most = math.sqrt(state.said_power / (SAID_ABOVE * state.mix_power))
        state.duck_floor = min(state.duck_floor, max(most, LEAST_GAIN))
