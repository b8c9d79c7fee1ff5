"""The shape of a note over time: a function of the frame alone, without a jump or a corner."""

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
_FAR: Final = 2**20
"""Distances in frames are clamped: far away, float32 can't hold a frame, and nothing moves."""


@njit(nogil=True, fastmath={"contract"})
def step(x: Any, bend: Any) -> Any:
    """Rise from 0 to 1 while x does; level at both ends, so that nothing clicks.

    Parameters
    ----------
    x
        Clamped to [0, 1].
    bend
        0 is even. Slopes at start and end are as (1 + bend)**2 to 1, before the ends are levelled.
    """
    clamped = min(max(x, _ZERO), _ONE)
    bent = clamped * (_ONE + bend) / (_ONE + bend * clamped)
    return bent * bent * (np.float32(3) - np.float32(2) * bent)


@njit(nogil=True, fastmath={"contract"})
def is_level(voice: Any, start: int, end: int) -> bool:
    """Return whether a voice's envelope stands still in all frames from `start` up to `end`."""
    return start >= voice.steady and end <= voice.release and end <= voice.cut


@njit(nogil=True, fastmath={"contract"})
def shape(engine: int, voice: Any, start: int) -> None:
    """Write a voice's envelope for the quantum that begins at frame `start`."""
    envelope = memory.envelope(engine)
    since_onset = np.float32(min(start - voice.onset, _FAR))
    since_peak = np.float32(max(min(start - voice.peak, _FAR), -_FAR))
    since_release = np.float32(max(start - voice.release, -_FAR))
    since_cut = np.float32(max(start - voice.cut, -_FAR))
    attack_rate = voice.attack_rate
    decay_rate = voice.decay_rate
    release_rate = voice.release_rate
    fall = _ONE - voice.sustain
    bend = voice.bend
    for k in range(QUANTUM):
        frame = np.float32(np.int32(k))
        attack = step((since_onset + frame) * attack_rate, bend)
        decay = _ONE - fall * step((since_peak + frame) * decay_rate, bend)
        release = _ONE - step((since_release + frame) * release_rate, bend)
        cut = _ONE - step((since_cut + frame) * _CUT_RATE, _ZERO)
        envelope[k] = attack * decay * release * cut
