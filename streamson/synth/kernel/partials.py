"""Tones: the partials of a voice, how they begin, and how each is added to the mix."""

import math
from typing import Any, Final

import numpy as np
from numba import njit

from streamson.synth.kernel import memory
from streamson.synth.kernel.layout import NEVER, QUANTUM
from streamson.synth.kernel.oscillator import TURN, noise_band, sine

TILT: Final = 2.0
"""Brightness 1 raises a partial by 12 dB an octave above the fundamental, -1 lowers it so."""

RING_OUT: Final = math.log(10 ** (90 / 20))
"""A partial has rung out once it has fallen by 90 dB."""

NYQUIST_FADE: Final = 40.0
"""Partials fade over the last 5 % below Nyquist, so that none appears at once as a pitch glides."""

GOLDEN: Final = (math.sqrt(5) - 1) / 2
_PER_FRAME: Final = np.float32(1 / QUANTUM)


@njit(nogil=True)
def start_tones(engine: int, slot: int, note: Any, now: int) -> int:
    """Set up a voice's partials; return after how many frames the last one has rung out."""
    state = memory.state(engine)[0]
    voice = memory.voices(engine)[slot]
    scale = full_scale(engine, note)
    count = 0
    ring: Any = 0
    for i in range(memory.instruments(engine)[note.instrument].partials):
        partial = memory.partials(engine)[note.instrument, i]
        turns_per_frame = note.frequency * partial.ratio / state.sample_rate
        if turns_per_frame >= 0.5 and note.key == 0:  # above Nyquist it would alias
            continue
        # What is held does not die away, and glides with all its partials.
        decay = partial.decay if note.key == 0 else 0.0
        ring = max(ring, np.int64(RING_OUT / decay)) if decay > 0 else NEVER - note.onset
        tone = memory.tones(engine)[slot, count]
        tone.increment, tone.left, tone.right = aim(engine, note, i, scale)
        # A phase of its own for each spreads the peaks of a tone with many partials.
        first = np.int32(np.uint32(np.int64(i * (GOLDEN * TURN)) & 0xFFFF_FFFF))
        tone.phase = np.int32(first - tone.increment * (note.onset - now))
        tone.noise = np.float32(partial.noise)
        cells = -(note.onset - now) * partial.noise * turns_per_frame
        tone.cell = np.int32(math.floor(cells))
        tone.within = np.float32(cells - math.floor(cells))
        tone.seed = np.uint32(np.int64(note.frequency * 1_000) * 31 + i)
        _set_fall(tone, decay * QUANTUM)
        fallen = np.float32(math.exp(decay * (note.onset - now)))
        tone.left *= fallen
        tone.right *= fallen
        count += 1
    voice.partials = count
    return ring


@njit(nogil=True)
def aim(engine: int, note: Any, i: int, scale: Any) -> tuple[Any, Any, Any]:
    """Return the phase increment and the gains, left and right, of a note's partial."""
    state = memory.state(engine)[0]
    partial = memory.partials(engine)[note.instrument, i]
    turns_per_frame = min(note.frequency * partial.ratio / state.sample_rate, 0.5)
    level = _level(note, partial)
    level *= min((0.5 - turns_per_frame) * NYQUIST_FADE, 1.0)
    # Equal power, with the centre at unity in both channels: a note's level is what each channel
    # carries there, and its power is the same wherever it is.
    angle = (min(max(note.pan + partial.pan, -1.0), 1.0) + 1.0) * (math.pi / 4)
    return (
        np.int32(min(turns_per_frame * TURN + 0.5, TURN / 2 - 1)),
        np.float32(level * (math.sqrt(2) * math.cos(angle))) * scale,
        np.float32(level * (math.sqrt(2) * math.sin(angle))) * scale,
    )


@njit(nogil=True)
def full_scale(engine: int, note: Any) -> Any:
    """Return what gives the partials below Nyquist together the note's power."""
    state = memory.state(engine)[0]
    power = 0.0
    for i in range(memory.instruments(engine)[note.instrument].partials):
        partial = memory.partials(engine)[note.instrument, i]
        if note.frequency * partial.ratio < 0.5 * state.sample_rate:
            power += _level(note, partial) ** 2
    return np.float32(note.amplitude / math.sqrt(power)) if power > 0 else np.float32(0)


@njit(nogil=True)
def _level(note: Any, partial: Any) -> float:
    level: float = partial.level
    if note.brightness != 0:
        level *= partial.ratio ** (note.brightness * TILT)
    return level


@njit(nogil=True)
def _set_fall(tone: Any, exponent: float) -> None:
    """Let a tone fall by e to the minus exponent in each quantum.

    Within a quantum it follows the cubic that has the exponential's values and slopes at both ends:
    straight lines would have a corner at each border, which is heard where the fall is steep.
    """
    fall = math.exp(-exponent)
    tone.fall = np.float32(fall)
    tone.fall_1 = np.float32(-exponent / QUANTUM)
    tone.fall_2 = np.float32((3 * (fall - 1) + exponent * (2 + fall)) / QUANTUM**2)
    tone.fall_3 = np.float32((2 * (1 - fall) - exponent * (1 + fall)) / QUANTUM**3)


@njit(nogil=True, fastmath={"contract"})
def add_steady(engine: int, tone: Any, gain: Any) -> None:
    """Add a sine that stays as it is."""
    bus = memory.bus(engine)
    phase, increment = tone.phase, tone.increment
    left, right = gain * tone.left, gain * tone.right
    for k in range(QUANTUM):
        sample = sine(phase)
        phase = np.int32(phase + increment)
        bus[0, k] += sample * left
        bus[1, k] += sample * right


@njit(nogil=True, fastmath={"contract"})
def add_falling(engine: int, tone: Any, gain: Any) -> None:
    """Add a sine that dies away, of a voice whose envelope stands still."""
    bus = memory.bus(engine)
    phase, increment = tone.phase, tone.increment
    left, right = gain * tone.left, gain * tone.right
    fall_1, fall_2, fall_3 = tone.fall_1, tone.fall_2, tone.fall_3
    for k in range(QUANTUM):
        frame = np.float32(np.int32(k))
        fall = np.float32(1) + frame * (fall_1 + frame * (fall_2 + frame * fall_3))
        sample = sine(phase) * fall
        phase = np.int32(phase + increment)
        bus[0, k] += sample * left
        bus[1, k] += sample * right


@njit(nogil=True, fastmath={"contract"})
def add_shaped(engine: int, tone: Any) -> None:
    """Add a sine multiplied by the voice's envelope."""
    bus, envelope = memory.bus(engine), memory.envelope(engine)
    phase, increment = tone.phase, tone.increment
    left, right = tone.left, tone.right
    fall_1, fall_2, fall_3 = tone.fall_1, tone.fall_2, tone.fall_3
    for k in range(QUANTUM):
        frame = np.float32(np.int32(k))
        fall = np.float32(1) + frame * (fall_1 + frame * (fall_2 + frame * fall_3))
        sample = sine(phase) * fall * envelope[k]
        phase = np.int32(phase + increment)
        bus[0, k] += sample * left
        bus[1, k] += sample * right


@njit(nogil=True, fastmath={"contract"})
def add_noise(engine: int, tone: Any, bend: Any, left_to: Any, right_to: Any) -> None:
    """Add a band of noise whose frequency and gains run straight to those of the next quantum."""
    bus, envelope = memory.bus(engine), memory.envelope(engine)
    phase, increment, seed = tone.phase, tone.increment, tone.seed
    left, right = tone.left, tone.right
    left_step, right_step = (left_to - left) * _PER_FRAME, (right_to - right) * _PER_FRAME
    within, first_cell = tone.within, tone.cell
    cells = tone.noise * np.float32(increment) * np.float32(1 / TURN)
    for k in range(QUANTUM):
        frame = np.float32(np.int32(k))
        place = within + cells * frame
        cell = np.int32(place)
        bent = np.int32(bend * np.int32(np.int32(k) * np.int32(k - 1) // np.int32(2)))
        band = noise_band(
            np.int32(phase + np.int32(k) * increment + bent),
            seed,
            np.int32(first_cell + cell),
            place - np.float32(cell),
        )
        sample = band * envelope[k]
        bus[0, k] += sample * (left + left_step * frame)
        bus[1, k] += sample * (right + right_step * frame)
    place = within + cells * np.float32(QUANTUM)
    cell = np.int32(place)
    tone.cell = np.int32(first_cell + cell)
    tone.within = place - np.float32(cell)


@njit(nogil=True, fastmath={"contract"})
def add_gliding(engine: int, tone: Any, bend: Any, left_to: Any, right_to: Any) -> None:
    """Add a sine whose frequency and gains run straight to those of the next quantum."""
    bus, envelope = memory.bus(engine), memory.envelope(engine)
    phase, increment = tone.phase, tone.increment
    left, right = tone.left, tone.right
    left_step, right_step = (left_to - left) * _PER_FRAME, (right_to - right) * _PER_FRAME
    for k in range(QUANTUM):
        frame = np.float32(np.int32(k))
        bent = np.int32(bend * np.int32(np.int32(k) * np.int32(k - 1) // np.int32(2)))
        sample = sine(np.int32(phase + np.int32(k) * increment + bent)) * envelope[k]
        bus[0, k] += sample * (left + left_step * frame)
        bus[1, k] += sample * (right + right_step * frame)
