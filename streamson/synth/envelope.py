"""The shape of a note over time: it rises from nothing and falls to nothing without a jump."""

from typing import Any, Final

import numpy as np
from numba import njit

from streamson.synth import memory
from streamson.synth.memory import QUANTUM

CUT_FRAMES: Final = 256
"""A stolen voice fades over so many frames, 5.8 ms at 44.1 kHz."""

_ZERO: Final = np.float32(0)
_ONE: Final = np.float32(1)
_CUT_RATE: Final = np.float32(1 / CUT_FRAMES)


@njit(nogil=True, fastmath={"contract"})
def smoothstep(x: Any) -> Any:
    """Return 3x^2 - 2x^3 of x clamped to [0, 1]: it starts and ends level, so nothing clicks."""
    clamped = min(max(x, _ZERO), _ONE)
    return clamped * clamped * (np.float32(3) - np.float32(2) * clamped)


@njit(nogil=True, fastmath={"contract"})
def is_level(voice: Any, start: int, end: int) -> bool:
    """Return whether a voice's envelope is 1 in all frames from `start` up to `end`."""
    risen = np.float32(start - voice.onset) * voice.attack_rate >= _ONE
    falls = end > voice.release or end > voice.cut
    return risen and not falls


@njit(nogil=True, fastmath={"contract"})
def shape(engine: int, voice: Any, start: int) -> None:
    """Multiply the samples of a voice, which begin at frame `start`, by its envelope."""
    samples = memory.scratch(engine)
    since_onset = np.float32(start - voice.onset)
    # Far from its release or cut, a clamped distance spares float32 a number it can't hold exactly.
    since_release = np.float32(max(start - voice.release, -(2**20)))
    since_cut = np.float32(max(start - voice.cut, -(2**20)))
    attack_rate = voice.attack_rate
    release_rate = voice.release_rate
    for k in range(QUANTUM):
        frame = np.float32(np.int32(k))
        attack = smoothstep((since_onset + frame) * attack_rate)
        release = _ONE - smoothstep((since_release + frame) * release_rate)
        cut = _ONE - smoothstep((since_cut + frame) * _CUT_RATE)
        samples[k] *= attack * release * cut
