"""Voices: starting, stealing and mixing them."""

from typing import Any

import numpy as np

from streamson._jit import inner
from streamson.synth.kernel import memory
from streamson.synth.kernel.articulation import set_envelope
from streamson.synth.kernel.ducking import duck, step_back_for
from streamson.synth.kernel.envelope import CUT_FRAMES, cut_short, is_level, shape
from streamson.synth.kernel.layout import NEVER, QUANTUM
from streamson.synth.kernel.partials import (
    add_decaying,
    add_gliding,
    add_noise,
    add_shaped,
    add_steady,
    full_scale,
    start_partials,
    target_partial,
)
from streamson.synth.kernel.references import release, retain
from streamson.synth.kernel.sampler import mix_sample, start_sample, target_sample
from streamson.synth.kernel.sends import keep_bus, send_more
from streamson.synth.kernel.tremolo import glide_tremolo, start_tremolo, tremble


@inner
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
    if note.key != 0 and _glide(engine, note):
        return True
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
    set_envelope(engine, voice, note)
    start_tremolo(engine, voice, note, now)
    voice.power = 2 * note.amplitude * note.amplitude
    voice.key = note.key
    voice.glide = 0
    voice.send = note.reverb_send
    voice.instrument = note.instrument
    retain(engine, note.instrument)
    voice.foreground = note.foreground
    voice.source = note.source if note.key == 0 else 0
    voice.frequency = note.frequency
    state.foreground += note.foreground
    if note.foreground != 0 and instrument.sample_speed > 0:
        step_back_for(engine, note.amplitude * note.amplitude * instrument.sample_power)
    if instrument.sample_speed > 0:
        voice.partials = -1
        ring = start_sample(engine, slot, note, now)
    else:
        ring = start_partials(engine, slot, note, now)
    voice.end = min(voice.release + np.int64(instrument.release), note.onset + ring)
    return True


@inner
def _glide(engine: int, note: Any) -> bool:
    """Let the voice that is held by the note's key glide to it; return False if none is held."""
    state = memory.state(engine)[0]
    for at in range(state.active):
        slot = memory.active(engine)[at]
        voice = memory.voices(engine)[slot]
        if voice.key == note.key and voice.cut == NEVER and voice.release > note.onset:
            scale = full_scale(engine, note)
            for i in range(voice.partials):
                partial = memory.voice_partials(engine)[slot, i]
                target = target_partial(engine, note, i, scale)
                partial.increment_to, partial.left_to, partial.right_to = target
            instrument = memory.instruments(engine)[note.instrument]
            if instrument.sample_speed > 0:
                head = memory.heads(engine)[slot]
                head.speed_to, head.left_to, head.right_to = target_sample(engine, note)
                head.brightness_to = note.brightness
            glide_tremolo(engine, voice, note)
            voice.send = note.reverb_send
            voice.glide = max(1, (note.glide + QUANTUM // 2) // QUANTUM)
            voice.release = note.onset + note.duration
            voice.dip = voice.release
            voice.end = voice.release + np.int64(instrument.release)
            return True
    return False


@inner
def _steal(engine: int, now: int) -> None:
    """Let the voice fade that is missed least: released, then quietest, then oldest."""
    state = memory.state(engine)[0]
    victim = -1
    for i in range(state.active):
        slot = memory.active(engine)[i]
        voice = memory.voices(engine)[slot]
        if (voice.cut == NEVER and voice.foreground == 0) and (
            victim < 0 or _missed_less(voice, memory.voices(engine)[victim], now)
        ):
            victim = slot
    if victim < 0:
        return
    cut_short(engine, memory.voices(engine)[victim], now, CUT_FRAMES)
    state.stolen += 1


@inner
def _missed_less(a: Any, b: Any, now: int) -> bool:
    if (a.release <= now) != (b.release <= now):
        return a.release <= now
    if a.power != b.power:
        return a.power < b.power
    return a.onset < b.onset


@inner
def mix_voices(engine: int, start: int) -> None:
    """Add the quantum that begins at frame `start` of every voice to the bus; free those that end.

    The voices keep their order, so that a sum of the same voices is the same to the last bit. Those
    in the foreground come last, after all others have made room for them.
    """
    state = memory.state(engine)[0]
    _mix_ground(engine, start, 0)
    state.duck_gain_before = state.duck_gain
    if state.foreground > 0 or state.duck_gain < 1:
        duck(engine)
        _mix_ground(engine, start, 1)


@inner
def _mix_ground(engine: int, start: int, foreground: int) -> None:
    """Mix the voices that are in the foreground, or all others."""
    state = memory.state(engine)[0]
    voices, active = memory.voices(engine), memory.active(engine)
    kept = 0
    for i in range(state.active):
        slot = active[i]
        if voices[slot].foreground == foreground:
            sends = voices[slot].send != 1 and state.reverb_gain != 0
            if sends:
                keep_bus(engine)
            _mix_voice(engine, slot, start)
            if sends:
                send_more(engine, voices[slot].send - np.float32(1))
            if voices[slot].end <= start + QUANTUM:
                memory.free(engine)[state.free] = slot
                state.free += 1
                state.fading -= voices[slot].cut != NEVER
                state.foreground -= foreground
                release(engine, voices[slot].instrument)
                continue
        active[kept] = slot
        kept += 1
    state.active = kept


@inner(inline="always")
def _mix_voice(engine: int, slot: int, start: int) -> None:
    voice, voice_partials = memory.voices(engine)[slot], memory.voice_partials(engine)
    level = is_level(voice, start, start + QUANTUM)
    gain = voice.sustain if level else _shape(engine, voice, start)
    if voice.partials < 0:
        if level:
            shape(engine, voice, start)
        mix_sample(engine, slot, gain)
        return
    if voice.glide > 0:
        if level:
            shape(engine, voice, start)
        _mix_gliding(engine, slot, gain)
        return
    power = np.float32(0)
    for i in range(voice.partials):
        partial = voice_partials[slot, i]
        if partial.noise > 0:
            if level:  # noise is rare: one loop for it is enough
                shape(engine, voice, start)
            add_noise(
                engine,
                partial,
                np.int32(0),
                partial.left * partial.decay,
                partial.right * partial.decay,
            )
        elif not level:
            add_shaped(engine, partial)
        elif partial.decay < 1:
            add_decaying(engine, partial, voice.sustain)
        else:
            add_steady(engine, partial, voice.sustain)
        partial.left *= partial.decay
        partial.right *= partial.decay
        partial.phase = np.int32(partial.phase + partial.increment * QUANTUM)
        power += partial.left * partial.left + partial.right * partial.right
    voice.power = power * gain * gain


@inner
def _shape(engine: int, voice: Any, start: int) -> Any:
    """Write a voice's envelope and its tremolo; return the gain at the end without that.

    So a voice is not taken for a quiet one, and stolen, because it swings.
    """
    shape(engine, voice, start)
    gain = memory.envelope(engine)[QUANTUM - 1]
    if voice.tremolo != 0:
        tremble(engine, voice)
    return gain


@inner
def _mix_gliding(engine: int, slot: int, gain: Any) -> None:
    """Mix a voice that is held, and bring it a quantum nearer to where its glide leads.

    Parameters
    ----------
    engine
        Address of the engine's memory.
    slot
        The voice's.
    gain
        That of its envelope at the end of the quantum.
    """
    voice, voice_partials = memory.voices(engine)[slot], memory.voice_partials(engine)
    power = np.float32(0)
    for i in range(voice.partials):
        partial = voice_partials[slot, i]
        left = partial.left + (partial.left_to - partial.left) / np.float32(voice.glide)
        right = partial.right + (partial.right_to - partial.right) / np.float32(voice.glide)
        # Frequency runs straight within the quantum, so the phase runs along a parabola.
        way = np.int64(partial.increment_to) - np.int64(partial.increment)
        bend = np.int32(way // (np.int64(voice.glide) * QUANTUM))
        if partial.noise > 0:
            add_noise(engine, partial, bend, left, right)
        else:
            add_gliding(engine, partial, bend, left, right)
        parabola = np.int32(bend * np.int32(QUANTUM * (QUANTUM - 1) // 2))
        partial.phase = np.int32(partial.phase + partial.increment * QUANTUM + parabola)
        last = voice.glide == 1
        partial.increment = (
            partial.increment_to if last else np.int32(partial.increment + bend * QUANTUM)
        )
        partial.left, partial.right = left, right
        power += left * left + right * right
    voice.power = power * gain * gain
    voice.glide -= 1
