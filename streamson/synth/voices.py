"""Voices: starting, stealing and mixing them."""

import math
from typing import Any

import numpy as np
from numba import njit

from streamson.synth import memory
from streamson.synth.envelope import CUT_FRAMES, is_level, shape
from streamson.synth.memory import NEVER, QUANTUM
from streamson.synth.oscillator import TURN, sine


@njit(nogil=True)
def start_voice(engine: int, note: Any, now: int) -> bool:
    """Give a note a voice; return False if even the slots for fading voices are full.

    Parameters
    ----------
    engine
        Address of the engine's memory.
    note
        A `NOTE` whose onset lies in the quantum that begins at `now`, or later.
    now
        The first frame of that quantum.
    """
    state = memory.state(engine)[0]
    if state.free == 0:
        return False
    if state.active - state.fading >= state.polyphony:
        _steal(engine, now)
    state.free -= 1
    slot = memory.free(engine)[state.free]
    memory.active(engine)[state.active] = slot
    state.active += 1

    instrument = memory.instruments(engine)[note.instrument]
    voice = memory.voices(engine)[slot]
    voice.onset = note.onset
    voice.release = note.onset + note.duration
    voice.cut = NEVER
    voice.end = voice.release + np.int64(instrument.release)
    voice.attack_rate = np.float32(1 / instrument.attack)
    voice.release_rate = np.float32(1 / instrument.release)
    voice.amplitude = note.amplitude
    # Equal power, with the centre at unity in both channels: a note's level is what each channel
    # carries there, and its power is the same wherever it is.
    angle = (note.pan + 1.0) * (math.pi / 4)
    voice.gain_left = np.float32(math.sqrt(2) * math.cos(angle))
    voice.gain_right = np.float32(math.sqrt(2) * math.sin(angle))
    voice.partials = _start_partials(engine, slot, note)
    return True


@njit(nogil=True)
def _start_partials(engine: int, slot: int, note: Any) -> int:
    state = memory.state(engine)[0]
    count = 0
    for i in range(memory.instruments(engine)[note.instrument].partials):
        partial = memory.partials(engine)[note.instrument, i]
        turns_per_frame = note.frequency * partial.ratio / state.sample_rate
        if turns_per_frame >= 0.5:  # above Nyquist it would alias
            continue
        memory.increments(engine)[slot, count] = np.int32(turns_per_frame * TURN + 0.5)
        memory.levels(engine)[slot, count] = np.float32(partial.level)
        count += 1
    return count


@njit(nogil=True)
def _steal(engine: int, now: int) -> None:
    """Let the voice fade that is missed least: released, then quietest, then oldest."""
    state = memory.state(engine)[0]
    victim = -1
    for i in range(state.active):
        slot = memory.active(engine)[i]
        if memory.voices(engine)[slot].cut == NEVER and (
            victim < 0
            or _missed_less(memory.voices(engine)[slot], memory.voices(engine)[victim], now)
        ):
            victim = slot
    if victim < 0:
        return
    voice = memory.voices(engine)[victim]
    voice.cut = now
    voice.end = min(voice.end, now + CUT_FRAMES)
    state.fading += 1
    state.stolen += 1


@njit(nogil=True)
def _missed_less(a: Any, b: Any, now: int) -> bool:
    if (a.release <= now) != (b.release <= now):
        return a.release <= now
    if a.amplitude != b.amplitude:
        return a.amplitude < b.amplitude
    return a.onset < b.onset


@njit(nogil=True)
def mix_voices(engine: int, start: int) -> None:
    """Add the quantum that begins at frame `start` of every voice to the bus; free those that end.

    The voices keep their order, so that a sum of the same voices is the same to the last bit.
    """
    state = memory.state(engine)[0]
    kept = 0
    for i in range(state.active):
        slot = memory.active(engine)[i]
        voice = memory.voices(engine)[slot]
        _mix_voice(engine, slot, start)
        if voice.end > start + QUANTUM:
            memory.active(engine)[kept] = slot
            kept += 1
        else:
            memory.free(engine)[state.free] = slot
            state.free += 1
            state.fading -= voice.cut != NEVER
    state.active = kept


@njit(nogil=True)
def _mix_voice(engine: int, slot: int, start: int) -> None:
    voice = memory.voices(engine)[slot]
    samples = memory.scratch(engine)
    for k in range(QUANTUM):
        samples[k] = 0
    for i in range(voice.partials):
        increment = memory.increments(engine)[slot, i]
        # The phase follows from the frame alone: there is no state that could drift.
        phase = np.int32(increment * (start - voice.onset))
        _add_partial(engine, phase, increment, voice.amplitude * memory.levels(engine)[slot, i])
    if not is_level(voice, start, start + QUANTUM):
        shape(engine, voice, start)
    _add_panned(engine, voice.gain_left, voice.gain_right)


@njit(nogil=True, fastmath={"contract"})
def _add_partial(engine: int, phase: Any, increment: Any, level: Any) -> None:
    samples = memory.scratch(engine)
    for k in range(QUANTUM):
        samples[k] += level * sine(np.int32(phase + np.int32(k) * increment))


@njit(nogil=True, fastmath={"contract"})
def _add_panned(engine: int, gain_left: Any, gain_right: Any) -> None:
    samples = memory.scratch(engine)
    bus = memory.bus(engine)
    for k in range(QUANTUM):
        bus[0, k] += gain_left * samples[k]
        bus[1, k] += gain_right * samples[k]
