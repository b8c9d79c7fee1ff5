"""The shape of a note over time: a function of the frame alone, without a jump or a corner."""

from typing import Any, Final

import numpy as np

from streamson._jit import inner
from streamson.synth.kernel import memory
from streamson.synth.kernel.layout import QUANTUM

CUT_FRAMES: Final = 256
"""A stolen voice fades over so many frames, 5.8 ms at 44.1 kHz."""

_ZERO: Final = np.float32(0)
_ONE: Final = np.float32(1)
_FAR: Final = 2**24
"""Distances in frames are clamped to what float32 holds exactly: more than the longest segment."""


@inner(fastmath={"contract"})
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


@inner(fastmath={"contract"})
def is_level(voice: Any, start: int, end: int) -> bool:
    """Return whether a voice's envelope stands still in all frames from `start` up to `end`."""
    steady = start >= voice.steady and end <= voice.dip and end <= voice.cut
    return steady and voice.tremolo == 0


@inner
def shape(engine: int, voice: Any, start: int) -> None:
    """Write a voice's envelope for the quantum that begins at frame `start`."""
    envelope = memory.envelope(engine)
    end = start + QUANTUM
    for k in range(QUANTUM):
        envelope[k] = _ONE
    # Of the segments hardly ever more than one is under way.
    if start < voice.peak:
        _multiply(envelope, np.float32(start - voice.onset), voice.attack_rate, voice.bend, _ONE)
    if voice.sustain < _ONE and end > voice.peak:
        since = np.float32(min(start - voice.peak, _FAR))
        _multiply(envelope, since, voice.decay_rate, voice.bend, voice.sustain - _ONE)
    if end > voice.dip and voice.dip_gain < _ONE:
        since = np.float32(start - voice.dip)
        _multiply(envelope, since, voice.dip_rate, _ZERO, voice.dip_gain - _ONE)
    if end > voice.release:
        since = np.float32(start - voice.release)
        _multiply(envelope, since, voice.release_rate, voice.bend, -_ONE)
    if end > voice.cut:
        _multiply(envelope, np.float32(start - voice.cut), voice.cut_rate, _ZERO, -_ONE)


@inner(fastmath={"contract"})
def _multiply(envelope: Any, since: Any, rate: Any, bend: Any, way: Any) -> None:
    """Multiply by a segment that began some frames ago: up from 0 by 1, or down from 1 by `way`."""
    base = _ZERO if way == _ONE else _ONE
    for k in range(QUANTUM):
        frame = np.float32(np.int32(k))
        envelope[k] *= base + way * step((since + frame) * rate, bend)


@inner
def cut_short(engine: int, voice: Any, frame: int, frames: int) -> None:
    """Let a voice fade from a frame on; it must not do so yet."""
    voice.cut = frame
    voice.cut_rate = np.float32(1 / frames)
    voice.end = min(voice.end, frame + frames)
    memory.state(engine)[0].fading += 1
