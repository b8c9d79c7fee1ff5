"""For a device of another rate: its frames made of the engine's, which go on at their own.

A polyphase filter, whose taps `synth.resampling` writes.
"""

from typing import Any

import numpy as np

from streamson._jit import inner
from streamson.synth.kernel import memory


@inner
def wanted_frames(engine: int, count: int) -> int:
    """Return how many more of the engine's frames so many of the device's are made of.

    Makes room for them behind those that are held.
    """
    state = memory.state(engine)[0]
    frames = memory.resampler_frames(engine)
    left = state.held_frames - state.whole
    for i in range(left):
        frames[i, 0] = frames[state.whole + i, 0]
        frames[i, 1] = frames[state.whole + i, 1]
    state.held_frames, state.whole = left, 0
    last = (state.part + (count - 1) * state.engine_rate) // state.device_rate
    wanted: int = max(0, last + state.taps - left)
    return wanted


@inner(fastmath={"contract", "reassoc"})
def resample(engine: int, output: Any) -> None:
    """Fill frames of the device from those that are held."""
    state = memory.state(engine)[0]
    taps, frames = memory.resampler_taps(engine), memory.resampler_frames(engine)
    count, phases = state.taps, state.phases
    step, unit = state.engine_rate, state.device_rate
    whole, part = state.whole, state.part
    for k in range(output.shape[0]):
        place = part * phases / unit
        row = np.int64(place)
        between = np.float32(place - row)
        here, there = taps[row * count :], taps[(row + 1) * count :]
        under = frames[whole:]
        left, right = np.float32(0), np.float32(0)
        for i in range(count):
            tap = here[i] + between * (there[i] - here[i])
            left += tap * under[i, 0]
            right += tap * under[i, 1]
        output[k, 0], output[k, 1] = left, right
        part += step
        whole += part // unit
        part %= unit
    state.whole, state.part = whole, part
