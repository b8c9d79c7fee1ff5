"""The reverb: a network of eight delay lines that feed each other.

After J.-M. Jot and A. Chaigne, "Digital delay networks for designing artificial reverberators",
AES convention 90, 1991: a lossless matrix, and a gain for each line by its length, so that all
decay alike. All delays are longer than a quantum, so that every loop runs over a whole quantum.
"""

from typing import Any, Final

import numpy as np

from streamson._jit import inner
from streamson.synth.kernel import memory
from streamson.synth.kernel.layout import LINE_FRAMES, LINES, QUANTUM

DAMPING: Final = np.float32(0.25)
"""Share of the sample before: high frequencies die earlier, as in any room."""

_SPREAD: Final = np.float32(8**-0.5)
_MASK: Final = LINE_FRAMES - 1


@inner
def reverberate(engine: int) -> None:
    """Add the room's answer to the bus."""
    state = memory.state(engine)[0]
    if state.reverb_gain == 0 or not _awake(engine):
        return
    for line in range(LINES):
        _read(engine, line, state.reverb_position)
    _scatter(memory.lines_out(engine))
    for line in range(LINES):
        _write(engine, line, state.reverb_position)
    # What rings on in the room makes way for the foreground too: it would mask for seconds.
    gain = state.reverb_gain
    _add(engine, np.float32(gain * state.duck_gain_before), np.float32(gain * state.duck_gain))
    state.reverb_position = (state.reverb_position + QUANTUM) & _MASK


@inner
def _awake(engine: int) -> bool:
    """Return whether the room still answers: it is left alone in silence."""
    state, bus = memory.state(engine)[0], memory.bus(engine)
    silent = True
    for k in range(QUANTUM):
        silent &= (bus[0, k] == 0) & (bus[1, k] == 0)
    if not silent:
        state.reverb_left = state.reverb_frames
    elif state.reverb_left > 0:
        state.reverb_left -= QUANTUM
    return state.reverb_left > 0


@inner(fastmath={"contract"})
def _read(engine: int, line: int, position: int) -> None:
    """Take what comes out of a line, damped and weakened."""
    lines, out = memory.lines(engine), memory.lines_out(engine)
    gain = memory.line_gains(engine)[line]
    start = (position - memory.line_delays(engine)[line] - 1) & _MASK
    here, before = gain * (np.float32(1) - DAMPING), gain * DAMPING
    for k in range(QUANTUM):
        out[line, k] = here * lines[line, start + 1 + k] + before * lines[line, start + k]


@inner(fastmath={"contract"})
def _scatter(out: Any) -> None:
    """Mix the lines by a Hadamard matrix: nothing is lost, and each goes to all."""
    for stage in range(3):
        distance = 1 << stage
        for first in range(LINES):
            if first & distance == 0:
                for k in range(QUANTUM):
                    a, b = out[first, k], out[first + distance, k]
                    out[first, k] = a + b
                    out[first + distance, k] = a - b


@inner(fastmath={"contract"})
def _write(engine: int, line: int, position: int) -> None:
    """Put into a line what the others gave, and its channel's sound."""
    lines, out, bus = memory.lines(engine), memory.lines_out(engine), memory.bus(engine)
    channel = line & 1
    position &= _MASK  # tells the compiler that it is not negative: four times as fast
    for k in range(QUANTUM):
        lines[line, position + k] = out[line, k] * _SPREAD + bus[channel, k]
    if memory.state(engine)[0].sends != 0:
        sends = memory.sends(engine)
        for k in range(QUANTUM):
            lines[line, position + k] += sends[channel, k]
    if position == 0:  # again at the end, so that reading never has to turn back
        for k in range(QUANTUM):
            lines[line, LINE_FRAMES + k] = lines[line, k]


@inner(fastmath={"contract"})
def _add(engine: int, first: Any, last: Any) -> None:
    """Add what comes out of the lines, with a gain that runs straight from `first` to `last`."""
    out, bus = memory.lines_out(engine), memory.bus(engine)
    first *= _SPREAD  # the matrix is not yet taken back from what came out
    last *= _SPREAD
    step = (last - first) * np.float32(1 / QUANTUM)
    for line in range(LINES):
        channel = line & 1
        for k in range(QUANTUM):
            bus[channel, k] += (first + step * np.float32(np.int32(k))) * out[line, k]
