"""Sampled sounds: a voice reads one of the copies of a sound at the pace of its pitch."""

import math
from typing import Any, Final

import numpy as np

from streamson._jit import inner
from streamson.synth.kernel import memory
from streamson.synth.kernel.layout import MIPMAPS, NEVER, QUANTUM
from streamson.synth.kernel.tilt import TAIL_PERIODS, loudness, start_tilt, tilt

MAX_SPEED: Final = math.sqrt(2) ** (MIPMAPS - 1)
"""Frames of the file in a frame of the output; what would be faster is silent."""

TAPS: Final = 16
PHASES: Final = 256
_BETA: Final = 10.0
_HALF: Final = TAPS // 2


def _filter() -> Any:
    """Return a windowed sinc for each of the places between two frames, shape (257, 16).

    With copies that use half of their band, ripple and images lie below -100 dB (Kaiser's formula
    for 16 taps). Between the places straight lines are near enough: -105 dB.
    """
    places = np.arange(PHASES + 1)[:, None] / PHASES
    distance = np.arange(TAPS) - (_HALF - 1) - places
    window = np.i0(_BETA * np.sqrt(np.maximum(1 - (distance / _HALF) ** 2, 0))) / np.i0(_BETA)
    taps = np.sinc(distance) * window
    return (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)


_TAPS: Final = _filter()


@inner
def start_sample(engine: int, slot: int, note: Any, now: int) -> int:
    """Set up a voice's reading of its sample; return after how many frames it has been read."""
    instrument = memory.instruments(engine)[note.instrument]
    head = memory.heads(engine)[slot]
    head.speed, head.left, head.right = target_sample(engine, note)
    head.place = -(note.onset - now) * head.speed
    head.copy = copy_for(head.speed)
    head.brightness = head.brightness_to = note.brightness
    head.loudness = loudness(engine, note.instrument, head.copy, head.brightness)
    frequency = note.frequency / memory.state(engine)[0].sample_rate
    start_tilt(engine, slot, frequency, head.brightness)
    if instrument.sample_loop > 0:
        return NEVER - note.onset
    tail = TAIL_PERIODS / frequency if head.brightness != 0 else 0.0
    return math.ceil(instrument.sample_end / head.speed + tail)


@inner
def target_sample(engine: int, note: Any) -> tuple[Any, Any, Any]:
    """Return the frames of the file in a frame of a note, and its gains, left and right."""
    speed = note.frequency * memory.instruments(engine)[note.instrument].sample_speed
    level = note.amplitude if speed <= MAX_SPEED else np.float32(0)
    angle = (note.pan + 1.0) * (math.pi / 4)
    return (
        min(speed, MAX_SPEED),
        np.float32(level * (math.sqrt(2) * math.cos(angle))),
        np.float32(level * (math.sqrt(2) * math.sin(angle))),
    )


@inner
def copy_for(speed: float) -> int:
    """Return the number of the copy that can be read at a speed, of those that hold most."""
    copy, fastest = 0, 1.0
    while speed > fastest * (1 + 1e-9) and copy < MIPMAPS - 1:
        copy += 1
        fastest *= math.sqrt(2)
    return copy


@inner(fastmath={"contract", "reassoc"})
def take_sample(engine: int, slot: int, copy: int, speed_to: float, fade: Any) -> None:
    """Add a quantum of a sample to what is taken; behind the sound's end there is nothing.

    Parameters
    ----------
    engine
        Address of the engine's memory.
    slot
        The voice's.
    copy
        Which copy of the sample.
    speed_to
        The speed at the end of the quantum.
    fade
        Gain at its start, and at its end: between them it runs straight.
    """
    voice, head = memory.voices(engine)[slot], memory.heads(engine)[slot]
    taken = memory.taken(engine)
    left_frames, right_frames = memory.sample_left(engine), memory.sample_right(engine)
    instrument = memory.instruments(engine)[voice.instrument]
    level = memory.mipmaps(engine)[voice.instrument, copy]
    start, ratio, margin = level.start, level.ratio, level.margin
    end, loop = instrument.sample_end, instrument.sample_loop
    speed, place = head.speed, head.place
    bend = (speed_to - speed) / QUANTUM / 2
    gain, gain_to = fade
    gain_step = (gain_to - gain) / np.float32(QUANTUM)
    for k in range(QUANTUM):
        at = place + k * (speed + (k - 1) * bend)
        if at >= end:
            if loop == 0:
                break
            at -= loop
        exact = at * ratio + margin
        whole = np.int64(exact)
        phase = np.float32(exact - whole) * np.float32(PHASES)
        row = np.int64(phase)
        between = phase - np.float32(row)
        first = start + whole - (_HALF - 1)
        sum_left, sum_right = np.float32(0), np.float32(0)
        for t in range(TAPS):
            tap = _TAPS[row, t] + between * (_TAPS[row + 1, t] - _TAPS[row, t])
            sum_left += tap * left_frames[first + t]
            sum_right += tap * right_frames[first + t]
        faded = gain + gain_step * np.float32(np.int32(k))
        taken[0, k] += sum_left * faded
        taken[1, k] += sum_right * faded


@inner(fastmath={"contract"})
def add_taken(engine: int, gains: Any) -> None:
    """Add what is taken to the mix, multiplied by the voice's envelope.

    Parameters
    ----------
    engine
        Address of the engine's memory.
    gains
        Left and right at the quantum's start, and at its end: between them it runs straight.
    """
    bus, taken, envelope = memory.bus(engine), memory.taken(engine), memory.envelope(engine)
    left, right, left_to, right_to = gains
    left_step = (left_to - left) / np.float32(QUANTUM)
    right_step = (right_to - right) / np.float32(QUANTUM)
    for k in range(QUANTUM):
        frame = np.float32(np.int32(k))
        bus[0, k] += taken[0, k] * envelope[k] * (left + left_step * frame)
        bus[1, k] += taken[1, k] * envelope[k] * (right + right_step * frame)


@inner
def mix_sample(engine: int, slot: int, gain: Any) -> None:
    """Mix the quantum of a voice that plays a sample, and bring its glide a quantum nearer.

    Parameters
    ----------
    engine
        Address of the engine's memory.
    slot
        The voice's.
    gain
        That of its envelope at the end of the quantum.
    """
    voice, head = memory.voices(engine)[slot], memory.heads(engine)[slot]
    instrument = memory.instruments(engine)[voice.instrument]
    speed, left, right, brightness = head.speed, head.left, head.right, head.brightness
    is_gliding = voice.glide > 0
    if is_gliding:
        speed += (head.speed_to - speed) / voice.glide
        left += (head.left_to - left) / np.float32(voice.glide)
        right += (head.right_to - right) / np.float32(voice.glide)
        brightness += (head.brightness_to - brightness) / voice.glide
        if voice.glide == 1:
            brightness = head.brightness_to
        voice.glide -= 1
    before, after = head.copy, copy_for(max(speed, head.speed))
    _take(engine, slot, before, after, speed)
    loud = head.loudness
    if is_gliding or before != after:
        loud = loudness(engine, voice.instrument, after, brightness)
    if head.brightness != 0 or brightness != 0:
        frequency = speed / instrument.sample_speed / memory.state(engine)[0].sample_rate
        tilt(engine, slot, frequency, brightness, is_gliding)
    at, to = np.float32(head.loudness), np.float32(loud)
    add_taken(engine, (head.left * at, head.right * at, left * to, right * to))
    head.place += QUANTUM * (head.speed + (QUANTUM - 1) * (speed - head.speed) / QUANTUM / 2)
    if instrument.sample_loop > 0 and head.place >= instrument.sample_end:
        head.place -= instrument.sample_loop
    head.speed, head.left, head.right, head.copy = speed, left, right, after
    head.brightness, head.loudness = brightness, loud
    voice.power = (left * left + right * right) * gain * gain


@inner
def _take(engine: int, slot: int, before: int, after: int, speed_to: float) -> None:
    """Take a quantum of a sample; from one copy to the other without a jump."""
    zero, one = np.float32(0), np.float32(1)
    memory.taken(engine)[:, :] = 0
    if before == after:
        take_sample(engine, slot, before, speed_to, (one, one))
    else:
        take_sample(engine, slot, before, speed_to, (one, zero))
        take_sample(engine, slot, after, speed_to, (zero, one))
