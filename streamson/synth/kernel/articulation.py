"""Notes apart: each is heard to begin, whatever the same source played before it.

A note does not know the next one: so every one falls by its instrument's separation as it ends, and
rises and falls within a share of itself. Where the same source plays the same pitch while it still
sounds, as a finger that strikes a key again, the old voice ends and the new one waits a moment.
"""

import math
from typing import Any, Final

import numpy as np

from streamson._jit import inner
from streamson.synth.kernel import memory
from streamson.synth.kernel.envelope import cut_short
from streamson.synth.kernel.layout import NEVER

SHARE: Final = 0.25
"""Of a note's duration for its attack at most, and for its fall. From the sound alone, a quarter is
enough to tell notes of 0.1 to 0.5 s apart; a tenth is not."""

LEAST_ATTACK_S: Final = 0.005
"""A slower attack is not made quicker than this, however short the note."""

LEAST_FALL_S: Final = 0.035
MOST_FALL_SHARE: Final = 0.4
"""A fall takes so long at least, but no more of the note: shorter breaks blur in what hears by
spectra of 46 ms, and 25 ms are at the edge."""

MAX_DIP_S: Final = 0.08
"""A fall does not take longer, however long the note."""

REST_S: Final = 0.025
"""A note that is struck again while it sounds is silent for so long at most: the gap that a note of
0.1 s has anyway."""

DAMP_S: Final = 0.014
"""What is struck again falls silent within this time. It is no emergency as stealing is, whose
frames are 1.3 ms at 192 kHz: every repeated note of a busy stream does it, and none may click."""

SAME_PITCH: Final = 2 ** (1.01 / 12)
"""Up to a semitone apart, notes are taken for the same: while both sound, they beat."""


@inner
def set_envelope(engine: int, voice: Any, note: Any) -> None:
    """Set up a voice's envelope, its attack and fall within the note."""
    instrument = memory.instruments(engine)[note.instrument]
    rate = memory.state(engine)[0].sample_rate
    most = SHARE * note.duration
    # A held voice has as long as it likes.
    attack = instrument.attack
    fall = 0.0
    voice.dip_gain = np.float32(1)
    if note.key == 0 and instrument.dip_gain < 1:
        attack = min(attack, max(most, LEAST_ATTACK_S * rate))
        least = min(LEAST_FALL_S * rate, MOST_FALL_SHARE * note.duration)
        fall = min(max(most, least), MAX_DIP_S * rate)
        voice.dip_gain = instrument.dip_gain
    voice.onset = note.onset
    voice.peak = note.onset + np.int64(math.ceil(attack))
    voice.steady = note.onset + np.int64(math.ceil(attack + instrument.decay))
    voice.release = note.onset + note.duration
    voice.dip = voice.release - np.int64(math.ceil(fall))
    voice.cut = NEVER
    voice.attack_rate = np.float32(1 / attack)
    voice.decay_rate = np.float32(1 / max(instrument.decay, 1.0))
    voice.dip_rate = np.float32(1 / max(fall, 1.0))
    voice.release_rate = np.float32(1 / instrument.release)
    voice.sustain = instrument.sustain
    voice.bend = instrument.bend


@inner
def restrike(engine: int, note: Any) -> int:
    """End the voices that sound the same as a note; return for how many frames it has to wait.

    Voices that ring on beyond their note have fallen by then: after those it need not wait.
    """
    state = memory.state(engine)[0]
    if note.source == 0 or memory.instruments(engine)[note.instrument].dip_gain >= 1:
        return 0
    rest = 0
    instruments = memory.instruments(engine)
    identity = instruments[note.instrument].identity
    for i in range(state.active):
        voice = memory.voices(engine)[memory.active(engine)[i]]
        if voice.source != note.source or not _same(voice, note):
            continue
        # An instrument that changed and came back has another row.
        if instruments[voice.instrument].identity != identity:
            continue
        rest = max(rest, voice.release - note.onset)
        if voice.cut == NEVER:
            cut_short(engine, voice, note.onset, np.int64(DAMP_S * state.sample_rate))
    longest = min(np.int64(REST_S * state.sample_rate), note.duration // 2)
    return min(rest, longest)


@inner
def _same(voice: Any, note: Any) -> bool:
    # Of two notes that begin together neither ends the other; both end what sounds.
    return (
        voice.onset < note.onset <= voice.cut
        and voice.foreground == note.foreground
        and voice.frequency < note.frequency * SAME_PITCH
        and note.frequency < voice.frequency * SAME_PITCH
    )
