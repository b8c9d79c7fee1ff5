"""Tremolo: a voice swings between its level and less, from its onset on.

Its gain is ``1 - depth (1 - cos(2 pi rate t)) / 2``: it begins at its peak, level, and has neither
a jump nor a corner. A held voice comes to another depth as it glides, while its phase goes on.
"""

from typing import Any, Final

import numpy as np

from streamson._jit import inner
from streamson.synth.kernel import memory
from streamson.synth.kernel.layout import QUANTUM
from streamson.synth.kernel.oscillator import QUARTER, TURN, sine

_HALF: Final = np.float32(0.5)
_ONE: Final = np.float32(1)
_PER_FRAME: Final = np.float32(1 / QUANTUM)


@inner
def start_tremolo(engine: int, voice: Any, note: Any, now: int) -> None:
    """Let a voice begin with its note's tremolo, in the quantum that begins at frame `now`."""
    voice.tremolo = increment = _increment(engine, note)
    voice.tremolo_depth = note.tremolo_depth if increment != 0 else np.float32(0)
    voice.tremolo_to = voice.tremolo_depth
    voice.tremolo_phase = np.int32(-increment * (note.onset - now))


@inner
def glide_tremolo(engine: int, voice: Any, note: Any) -> None:
    """Let a held voice glide to a note's tremolo; one that stood still begins at its peak."""
    increment = _increment(engine, note)
    if increment == 0:
        voice.tremolo_to = np.float32(0)
        return
    if voice.tremolo == 0:
        voice.tremolo_phase = np.int32(0)
    voice.tremolo = increment
    voice.tremolo_to = note.tremolo_depth


@inner(fastmath={"contract"})
def tremble(engine: int, voice: Any) -> None:
    """Multiply the envelope of a voice by its tremolo, before its glide comes a quantum nearer."""
    envelope = memory.envelope(engine)
    phase, increment = voice.tremolo_phase, voice.tremolo
    depth = depth_to = voice.tremolo_depth
    if voice.glide > 0:
        depth_to = depth + (voice.tremolo_to - depth) / np.float32(voice.glide)
    if voice.glide == 1:
        depth_to = voice.tremolo_to
    step = (depth_to - depth) * _PER_FRAME
    for k in range(QUANTUM):
        cosine = sine(np.int32(phase + np.int32(k) * increment + np.int32(QUARTER)))
        now = depth + step * np.float32(np.int32(k))
        envelope[k] *= _ONE - now * (_HALF - _HALF * cosine)
    voice.tremolo_phase = np.int32(phase + increment * np.int32(QUANTUM))
    voice.tremolo_depth = depth_to
    if depth_to == 0 and voice.tremolo_to == 0:
        voice.tremolo = np.int32(0)


@inner
def _increment(engine: int, note: Any) -> Any:
    """Return how far a note's tremolo turns in a frame; 0 where it has none."""
    if note.tremolo_depth <= 0 or note.tremolo_hz <= 0:
        return np.int32(0)
    return np.int32(note.tremolo_hz / memory.state(engine)[0].sample_rate * TURN)
