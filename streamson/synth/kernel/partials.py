"""The partials of a voice: how they begin, and how each is added to the mix."""

import math
from typing import Any, Final

import numpy as np

from streamson._jit import inner
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


@inner
def start_partials(engine: int, slot: int, note: Any, now: int) -> int:
    """Set up a voice's partials; return after how many frames the last one has rung out."""
    state = memory.state(engine)[0]
    voice = memory.voices(engine)[slot]
    scale = full_scale(engine, note)
    count = 0
    ring: Any = 0
    for i in range(memory.instruments(engine)[note.instrument].partials):
        recipe = memory.partials(engine)[note.instrument, i]
        turns_per_frame = note.frequency * recipe.ratio / state.sample_rate
        if turns_per_frame >= 0.5 and note.key == 0:  # above Nyquist it would alias
            continue
        # What is held does not die away, and glides with all its partials.
        decay = recipe.decay if note.key == 0 else 0.0
        ring = max(ring, np.int64(RING_OUT / decay)) if decay > 0 else NEVER - note.onset
        partial = memory.voice_partials(engine)[slot, count]
        partial.increment, partial.left, partial.right = target_partial(engine, note, i, scale)
        # Along a parabola: neither do the partials' peaks add up, nor do neighbouring critical
        # bands beat together, which is rough (Pressnitzer and McAdams 1999, J. Acoust. Soc. Am.
        # 105, 2773-2782). Along a straight line the tone is shifted in time, and nothing else.
        first = np.int32(np.uint32(np.int64(i * (i + 1) * (GOLDEN / 2 * TURN)) & 0xFFFF_FFFF))
        partial.phase = np.int32(first - partial.increment * (note.onset - now))
        partial.noise = np.float32(recipe.noise)
        cells = -(note.onset - now) * recipe.noise * turns_per_frame
        partial.cell = np.int32(math.floor(cells))
        partial.within = np.float32(cells - math.floor(cells))
        partial.seed = np.uint32(np.int64(note.frequency * 1_000) * 31 + i)
        _set_decay(partial, decay * QUANTUM)
        fallen = np.float32(math.exp(decay * (note.onset - now)))
        partial.left *= fallen
        partial.right *= fallen
        count += 1
    voice.partials = count
    return ring


@inner
def target_partial(engine: int, note: Any, i: int, scale: Any) -> tuple[Any, Any, Any]:
    """Return the phase increment and the gains, left and right, of a note's partial."""
    state = memory.state(engine)[0]
    recipe = memory.partials(engine)[note.instrument, i]
    turns_per_frame = min(note.frequency * recipe.ratio / state.sample_rate, 0.5)
    level = _level(note, recipe)
    level *= min((0.5 - turns_per_frame) * NYQUIST_FADE, 1.0)
    # Equal power, with the centre at unity in both channels: a note's level is what each channel
    # carries there, and its power is the same wherever it is.
    angle = (min(max(note.pan + recipe.pan, -1.0), 1.0) + 1.0) * (math.pi / 4)
    return (
        np.int32(min(turns_per_frame * TURN + 0.5, TURN / 2 - 1)),
        np.float32(level * (math.sqrt(2) * math.cos(angle))) * scale,
        np.float32(level * (math.sqrt(2) * math.sin(angle))) * scale,
    )


@inner
def full_scale(engine: int, note: Any) -> Any:
    """Return what gives the partials below Nyquist together the note's power."""
    state = memory.state(engine)[0]
    power = 0.0
    for i in range(memory.instruments(engine)[note.instrument].partials):
        recipe = memory.partials(engine)[note.instrument, i]
        if note.frequency * recipe.ratio < 0.5 * state.sample_rate:
            power += _level(note, recipe) ** 2
    return np.float32(note.amplitude / math.sqrt(power)) if power > 0 else np.float32(0)


@inner
def _level(note: Any, recipe: Any) -> float:
    level: float = recipe.level
    if note.brightness != 0:
        level *= recipe.ratio ** (note.brightness * TILT)
    return level


@inner
def _set_decay(partial: Any, exponent: float) -> None:
    """Let a partial decay by e to the minus exponent in each quantum.

    Within a quantum it follows the cubic that has the exponential's values and slopes at both ends:
    straight lines would have a corner at each border, which is heard where the decay is steep.
    """
    decay = math.exp(-exponent)
    partial.decay = np.float32(decay)
    partial.decay_1 = np.float32(-exponent / QUANTUM)
    partial.decay_2 = np.float32((3 * (decay - 1) + exponent * (2 + decay)) / QUANTUM**2)
    partial.decay_3 = np.float32((2 * (1 - decay) - exponent * (1 + decay)) / QUANTUM**3)


@inner(fastmath={"contract"})
def add_steady(engine: int, partial: Any, gain: Any) -> None:
    """Add a sine that stays as it is."""
    bus = memory.bus(engine)
    phase, increment = partial.phase, partial.increment
    left, right = gain * partial.left, gain * partial.right
    for k in range(QUANTUM):
        sample = sine(phase)
        phase = np.int32(phase + increment)
        bus[0, k] += sample * left
        bus[1, k] += sample * right


@inner(fastmath={"contract"})
def add_decaying(engine: int, partial: Any, gain: Any) -> None:
    """Add a sine that dies away, of a voice whose envelope stands still."""
    bus = memory.bus(engine)
    phase, increment = partial.phase, partial.increment
    left, right = gain * partial.left, gain * partial.right
    decay_1, decay_2, decay_3 = partial.decay_1, partial.decay_2, partial.decay_3
    for k in range(QUANTUM):
        frame = np.float32(np.int32(k))
        decay = np.float32(1) + frame * (decay_1 + frame * (decay_2 + frame * decay_3))
        sample = sine(phase) * decay
        phase = np.int32(phase + increment)
        bus[0, k] += sample * left
        bus[1, k] += sample * right


@inner(fastmath={"contract"})
def add_shaped(engine: int, partial: Any) -> None:
    """Add a sine multiplied by the voice's envelope."""
    bus, envelope = memory.bus(engine), memory.envelope(engine)
    phase, increment = partial.phase, partial.increment
    left, right = partial.left, partial.right
    decay_1, decay_2, decay_3 = partial.decay_1, partial.decay_2, partial.decay_3
    for k in range(QUANTUM):
        frame = np.float32(np.int32(k))
        decay = np.float32(1) + frame * (decay_1 + frame * (decay_2 + frame * decay_3))
        sample = sine(phase) * decay * envelope[k]
        phase = np.int32(phase + increment)
        bus[0, k] += sample * left
        bus[1, k] += sample * right


@inner(fastmath={"contract"})
def add_noise(engine: int, partial: Any, bend: Any, left_to: Any, right_to: Any) -> None:
    """Add a band of noise whose frequency and gains run straight to those of the next quantum."""
    bus, envelope = memory.bus(engine), memory.envelope(engine)
    phase, increment, seed = partial.phase, partial.increment, partial.seed
    left, right = partial.left, partial.right
    left_step, right_step = (left_to - left) * _PER_FRAME, (right_to - right) * _PER_FRAME
    within, first_cell = partial.within, partial.cell
    cells = partial.noise * np.float32(increment) * np.float32(1 / TURN)
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
    partial.cell = np.int32(first_cell + cell)
    partial.within = place - np.float32(cell)


@inner(fastmath={"contract"})
def add_gliding(engine: int, partial: Any, bend: Any, left_to: Any, right_to: Any) -> None:
    """Add a sine whose frequency and gains run straight to those of the next quantum."""
    bus, envelope = memory.bus(engine), memory.envelope(engine)
    phase, increment = partial.phase, partial.increment
    left, right = partial.left, partial.right
    left_step, right_step = (left_to - left) * _PER_FRAME, (right_to - right) * _PER_FRAME
    for k in range(QUANTUM):
        frame = np.float32(np.int32(k))
        bent = np.int32(bend * np.int32(np.int32(k) * np.int32(k - 1) // np.int32(2)))
        sample = sine(np.int32(phase + np.int32(k) * increment + bent)) * envelope[k]
        bus[0, k] += sample * (left + left_step * frame)
        bus[1, k] += sample * (right + right_step * frame)
