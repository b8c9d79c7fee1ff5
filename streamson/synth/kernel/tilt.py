"""Brightness of a sampled sound: a filter tilts its spectrum about the pitch that is played.

As brightness raises the partials of other instruments by 12 dB an octave, this filter does what a
sound has above its fundamental. It is made of shelves of first order, two equal ones at the
fundamental and two more two octaves above: the pole of each lies `brightness` octaves above its
middle and the zero as far below. So shelf leads to shelf, with 12 dB an octave between half and
eight times the fundamental, and neither what is below it nor the hiss far above is lifted further.
Within three octaves of the fundamental the sound follows the straight line to 8 dB.

Each shelf is a one-pole low-pass, and its input less that, weighted. The low-pass integrates by
trapezoids (V. Zavalishin, The Art of VA Filter Design, 2.1.2, chapter 3): its state does not depend
on where the pole is, so that nothing clicks when that moves.
"""

import math
from typing import Any, Final

import numpy as np

from streamson._jit import inner
from streamson.synth.kernel import memory
from streamson.synth.kernel.layout import QUANTUM, TILT_STAGES, TILT_STEPS

STAGE_SPACING: Final = 4.0
"""Middle of a stage beside that of the one before."""

MAX_CORNER: Final = 0.45
"""Of a pole or a zero, in cycles a frame: where both lie above, there is no shelf."""

TAIL_PERIODS: Final = 4.0
"""Of the fundamental, in which the filter falls silent: by 87 dB at brightness -1."""


@inner
def loudness(engine: int, instrument: int, copy: int, brightness: float) -> float:
    """Return what makes a filtered copy of a sample as loud as it is without the filter."""
    if brightness == 0:
        return 1.0
    gains = memory.tilt_gains(engine)[instrument, copy]
    place = (brightness + 1) / 2 * (TILT_STEPS - 1)
    below = np.int64(min(place, TILT_STEPS - 2.0))
    part = place - below
    return gains[below] * (1 - part) + gains[below + 1] * part


@inner
def start_tilt(engine: int, slot: int, frequency: float, brightness: float) -> None:
    """Set up a voice's filter; its frequency is in cycles a frame."""
    memory.tilt_states(engine)[slot] = 0
    stages = memory.tilts(engine)[slot]
    for i in range(TILT_STAGES):
        stages[i].pole, stages[i].high = _stage(frequency, brightness, i)


@inner
def _stage(frequency: float, brightness: float, stage: int) -> tuple[float, float]:
    """Return the pole and the gain above of a stage."""
    middle = frequency * STAGE_SPACING**stage
    pole = math.tan(math.pi * min(middle * 2.0**brightness, MAX_CORNER))
    zero = math.tan(math.pi * min(middle * 2.0**-brightness, MAX_CORNER))
    return pole / (1 + pole), pole / zero


@inner
def tilt(engine: int, slot: int, frequency: float, brightness: float, is_gliding: bool) -> None:
    """Filter what is taken of a voice's sample.

    Parameters
    ----------
    engine
        Address of the engine's memory.
    slot
        The voice's.
    frequency
        Its fundamental at the end of the quantum, in cycles a frame.
    brightness
        At the end of the quantum.
    is_gliding
        Whether one of them is not as it was.
    """
    stages = memory.tilts(engine)[slot]
    for i in range(TILT_STAGES):
        pole, high = stages[i].pole, stages[i].high
        if is_gliding:
            stages[i].pole, stages[i].high = _stage(frequency, brightness, i)
        _shelve(engine, slot, i, (pole, high, stages[i].pole, stages[i].high))


@inner(fastmath={"contract"})
def _shelve(engine: int, slot: int, stage: int, run: Any) -> None:
    """Filter by the two shelves of a stage, whose values run straight from one to the other."""
    taken, states = memory.taken(engine), memory.tilt_states(engine)[slot]
    pole, high, pole_to, high_to = run
    pole_step, high_step = (pole_to - pole) / QUANTUM, (high_to - high) / QUANTUM
    left_1, right_1 = states[2 * stage, 0], states[2 * stage, 1]
    left_2, right_2 = states[2 * stage + 1, 0], states[2 * stage + 1, 1]
    for k in range(QUANTUM):
        at, above = pole + pole_step * k, high + high_step * k
        left, right = np.float64(taken[0, k]), np.float64(taken[1, k])
        way_left, way_right = (left - left_1) * at, (right - right_1) * at
        low_left, low_right = left_1 + way_left, right_1 + way_right
        left_1, right_1 = low_left + way_left, low_right + way_right
        left = low_left + above * (left - low_left)
        right = low_right + above * (right - low_right)
        way_left, way_right = (left - left_2) * at, (right - right_2) * at
        low_left, low_right = left_2 + way_left, right_2 + way_right
        left_2, right_2 = low_left + way_left, low_right + way_right
        taken[0, k] = low_left + above * (left - low_left)
        taken[1, k] = low_right + above * (right - low_right)
    states[2 * stage, 0], states[2 * stage, 1] = left_1, right_1
    states[2 * stage + 1, 0], states[2 * stage + 1, 1] = left_2, right_2
