"""What each voice sends into the room: all of it, as what is heard; or more, or less.

What is heard goes into the room by itself. A voice that sends something else adds the difference to
a bus of its own, so that where all send all nothing is done, and nothing changes by a bit.
"""

from typing import Any

import numpy as np

from streamson._jit import inner
from streamson.model.limits import CHANNELS
from streamson.synth.kernel import memory
from streamson.synth.kernel.layout import QUANTUM


@inner
def begin_sends(engine: int) -> None:
    """Begin a quantum in which nothing was sent yet."""
    state = memory.state(engine)[0]
    if state.sends != 0:
        state.sends = 0
        memory.sends(engine)[:, :] = 0


@inner
def keep_bus(engine: int) -> None:
    """Keep the bus as it is before a voice comes to it."""
    bus, kept = memory.bus(engine), memory.kept(engine)
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            kept[channel, k] = bus[channel, k]


@inner
def send_more(engine: int, more: Any) -> None:
    """Send so much more of the voice that came to the bus since; negative: less."""
    memory.state(engine)[0].sends = 1
    bus, kept, sends = memory.bus(engine), memory.kept(engine), memory.sends(engine)
    factor = np.float32(more)
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            sends[channel, k] += factor * (bus[channel, k] - kept[channel, k])
