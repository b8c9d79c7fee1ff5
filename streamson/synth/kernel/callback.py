"""The audio callback: the one entry to the machine code, for devices, null device and rendering.

Live and offline call the very same code, so the same notes give the same samples everywhere.
"""

from functools import cache
from typing import Any, Final

import numpy as np
from numba import carray, cfunc, types

from streamson._jit import cached, inner, source_digest, stage
from streamson.model.limits import CHANNELS
from streamson.synth.kernel import memory
from streamson.synth.kernel.articulation import restrike
from streamson.synth.kernel.clock import NS, now_ns
from streamson.synth.kernel.layout import (
    LAYOUT,
    NOTE_RING,
    PENDING_NOTES,
    PLAYED_RING,
    QUANTUM,
    REFUSED,
    TAP_QUANTA,
    VOLUME,
)
from streamson.synth.kernel.limiter import clear, limit
from streamson.synth.kernel.note_heap import delay_first, pop, push
from streamson.synth.kernel.pointers import address
from streamson.synth.kernel.recovery import recover
from streamson.synth.kernel.references import release, retain
from streamson.synth.kernel.resampler import resample, wanted_frames
from streamson.synth.kernel.reverb import reverberate
from streamson.synth.kernel.ring import READ, WRITTEN, advance, readable, writable
from streamson.synth.kernel.sends import begin_sends
from streamson.synth.kernel.voices import mix_voices, start_voice

FADE_FRAMES: Final = 1_024
"""The sound fades over so many frames before it stops, and on a new device, 23 ms at 44.1 kHz."""

VOLUME_RAMP_S: Final = 0.05
"""Time that a change of volume by the whole scale takes."""

_UNDERFLOW: Final = 4  # paOutputUnderflow

# PaStreamCallback of portaudio.h: input, output, frames, time info, status flags, user data.
_SIGNATURE: Final = types.int32(
    types.voidptr,
    types.CPointer(types.float32),
    types.uint64,
    types.voidptr,
    types.uint64,
    types.voidptr,
)


@cache
def callback() -> Any:
    """Return the callback as a numba cfunc; compiles at the very first call on a machine."""
    kernels = source_digest(__package__, LAYOUT)

    def audio_callback(_input, output, frames, _time, status, engine):  # type: ignore[no-untyped-def]
        kernels  # noqa: B018  # a part of the closure, so that any change compiles anew
        _fill(address(engine), carray(output, (frames, CHANNELS), np.float32), status)
        return 0

    with stage("sound"):  # the machine code of the last time loads in 0.4 s
        return cached(cfunc, _SIGNATURE, error_model="numpy")(audio_callback)


@inner
def _fill(engine: int, output: Any, status: int) -> None:
    """Fill a device's block from as many quanta as it takes."""
    state = memory.state(engine)[0]
    if state.rendering:
        recover(engine)
    state.rendering = 1
    began = now_ns(engine)
    frames = output.shape[0]
    if state.device_rate == 0:
        _watch_clock(state, frames, began, status)
        _hand_out(engine, output, began)
    else:
        _watch_clock(state, frames * state.engine_rate // state.device_rate, began, status)
        _hand_out_resampled(engine, output, began)
    if state.fade_in > 0:
        _fade_in(state, output)
    busy = now_ns(engine) - began
    state.busy_ns += busy
    state.busy_ns_max = max(state.busy_ns_max, busy)
    state.rendering = 0


@inner
def _hand_out_resampled(engine: int, output: Any, now: int) -> None:
    """Fill a block of a device that has a rate of its own."""
    state = memory.state(engine)[0]
    for first in range(0, output.shape[0], QUANTUM):
        part = output[first : first + QUANTUM]
        wanted = wanted_frames(engine, part.shape[0])
        held = state.held_frames
        _hand_out(engine, memory.resampler_frames(engine)[held : held + wanted], now)
        state.held_frames += wanted
        resample(engine, part)


@inner
def _hand_out(engine: int, output: Any, now: int) -> None:
    """Hand out the engine's next frames."""
    state = memory.state(engine)[0]
    ready = memory.ready(engine)
    frames = output.shape[0]
    filled = 0
    while filled < frames:
        if state.position == QUANTUM:
            _render_quantum(engine, now)
            state.position = 0
        first = state.position
        count = min(QUANTUM - first, frames - filled)
        for k in range(count):
            output[filled + k, 0] = ready[0, first + k]
            output[filled + k, 1] = ready[1, first + k]
        filled += count
        state.position = first + count
    state.frame += frames


@inner
def _render_quantum(engine: int, now: int) -> None:
    """Finish the next quantum."""
    state = memory.state(engine)[0]
    _synthesise(engine, now)
    if state.synth_frame == QUANTUM:  # the limiter holds one quantum: at the start it has none
        _synthesise(engine, now)
    first = state.synth_frame - 2 * QUANTUM
    _fade_to_stop(memory.ready(engine), first, state.stop_frame)
    if state.tap_on:
        _tap(engine, first)


@inner
def _synthesise(engine: int, now: int) -> None:
    state = memory.state(engine)[0]
    clear(memory.bus(engine))
    begin_sends(engine)
    _take_notes(engine, state.synth_frame)
    _start_notes(engine, state.synth_frame, now)
    mix_voices(engine, state.synth_frame)
    reverberate(engine)
    _apply_volume(engine)
    limit(engine)
    state.synth_frame += QUANTUM


@inner
def _take_notes(engine: int, start: int) -> None:
    """Move notes from the ring to the heap; what should have begun already begins now."""
    state = memory.state(engine)[0]
    waiting = readable(memory.note_indices(engine))
    while waiting > 0 and state.pending < PENDING_NOTES:
        note = memory.notes(engine)[memory.note_indices(engine)[READ] % NOTE_RING]
        if note.onset < start:
            state.late += note.onset >= 0
            note.onset = start
        retain(engine, note.instrument)
        push(engine, note)
        advance(memory.note_indices(engine), READ)
        waiting -= 1


@inner
def _start_notes(engine: int, start: int, now: int) -> None:
    """Start every note whose onset lies in the quantum that begins at `start`; report each."""
    state = memory.state(engine)[0]
    while state.pending > 0 and memory.note_heap(engine)[0].onset < start + QUANTUM:
        note = memory.note_heap(engine)[0]
        if note.instrument == VOLUME:
            state.volume = note.amplitude
            _report(engine, note, now)
        elif _delay(engine, note, now):
            continue
        elif start_voice(engine, note, start):
            if note.rest == 0:
                _count_played(engine, note, 1)
                _report(engine, note, now)
        else:
            if note.rest > 0:
                _count_played(engine, note, -1)
            state.refused += 1
            note.onset = REFUSED
            _report(engine, note, now)
        release(engine, note.instrument)
        pop(engine)


@inner
def _delay(engine: int, note: Any, now: int) -> bool:
    """Put a note off, if it has to wait for what it strikes again; its break begins now."""
    if note.rest > 0:
        return False
    rest = restrike(engine, note)
    if rest <= 0:
        return False
    _count_played(engine, note, 1)
    _report(engine, note, now)
    delay_first(engine, rest)
    return True


@inner
def _count_played(engine: int, note: Any, number: int) -> None:
    state = memory.state(engine)[0]
    state.played += number
    state.foreground_played += number * note.foreground


@inner
def _report(engine: int, note: Any, now: int) -> None:
    """Tell Python what became of a note; if nobody reads, it is left out and counted."""
    if writable(memory.played_indices(engine), PLAYED_RING) <= 0:
        memory.state(engine)[0].unreported += 1
        return
    report = memory.played(engine)[memory.played_indices(engine)[WRITTEN] % PLAYED_RING]
    report.id = note.id
    report.onset = note.onset
    report.time_ns = now
    advance(memory.played_indices(engine), WRITTEN)


@inner
def _apply_volume(engine: int) -> None:
    """Multiply the bus by the master gain, on its way to the volume that was asked for."""
    state = memory.state(engine)[0]
    first = state.gain
    most = QUANTUM / (VOLUME_RAMP_S * state.sample_rate)
    last = first + min(max(state.volume - first, -most), most)
    bus = memory.bus(engine)
    gain, step = np.float32(first), np.float32((last - first) / QUANTUM)
    for channel in range(CHANNELS):
        for k in range(QUANTUM):
            bus[channel, k] *= gain + step * np.float32(np.int32(k))
    state.gain = last


@inner
def _fade_to_stop(quantum: Any, first: int, stop: int) -> None:
    """Fade a finished quantum that begins at frame `first` so that there is silence from `stop`."""
    if first + QUANTUM <= stop - FADE_FRAMES:
        return
    for k in range(QUANTUM):
        remaining = min(max((stop - first - k) / FADE_FRAMES, 0.0), 1.0)
        gain = np.float32(remaining * remaining * (3 - 2 * remaining))
        for channel in range(CHANNELS):
            quantum[channel, k] *= gain


@inner
def _fade_in(state: Any, output: Any) -> None:
    """Fade in what a new device gets: it may begin in the midst of notes. The tap is not faded."""
    for k in range(min(state.fade_in, output.shape[0])):
        passed = 1 - (state.fade_in - k) / FADE_FRAMES
        gain = np.float32(passed * passed * (3 - 2 * passed))
        for channel in range(CHANNELS):
            output[k, channel] *= gain
    state.fade_in = max(0, state.fade_in - output.shape[0])


@inner
def _tap(engine: int, first: int) -> None:
    """Copy the finished quantum for the recorder; without room it is left out and counted."""
    if writable(memory.tap_indices(engine), TAP_QUANTA) <= 0:
        memory.state(engine)[0].tap_lost += 1
        return
    cell = memory.tap_indices(engine)[WRITTEN] % TAP_QUANTA
    memory.tap_frames(engine)[cell] = first
    tap, ready = memory.tap(engine)[cell], memory.ready(engine)
    for k in range(QUANTUM):
        for channel in range(CHANNELS):
            tap[k, channel] = ready[channel, k]
    advance(memory.tap_indices(engine), WRITTEN)


@inner
def _watch_clock(state: Any, frames: int, now: int, status: int) -> None:
    """Count blocks, and those that the device missed.

    Most host APIs never report an underflow. But a device that skips a block falls behind the
    clock by one for good, while one that asks in bursts catches up again: so the lead of the clock
    over the frames is compared with the least that it has been.
    """
    state.blocks += 1
    state.block_frames = frames
    state.underflows += (status & _UNDERFLOW) != 0
    if state.origin_ns == 0:
        state.origin_ns = now
        state.origin_frame = state.frame
        state.lead = 0.0
    elapsed = (now - state.origin_ns) * state.sample_rate / NS
    lead = elapsed - (state.frame - state.origin_frame)
    if lead - state.lead > 1.5 * frames:
        state.missed += np.int64((lead - state.lead) / frames)
        state.lead = lead
    # A device's clock may be slow by 0.02 %: that is no missed block.
    state.lead = min(state.lead + 2e-4 * frames, lead)
    state.last_ns = now
