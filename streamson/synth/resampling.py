"""The taps of the resampler, for a device of another rate than the engine's.

A polyphase filter, a windowed sinc. The lower of the two rates limits what passes: flat to 0.9 of
its Nyquist frequency, 100 dB down from there on (J. F. Kaiser's formula: 128 taps for that slope).
"""

from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamson.synth.kernel.layout import MAX_RATE_RATIO, RESAMPLER_PHASES, RESAMPLER_TAPS

_CUTOFF: Final = 0.95  # of the lower Nyquist frequency: between the ends of pass band and stop band
_BETA: Final = 10.06  # 0.1102 (100 dB - 8.7)


def set_up_resampler(arrays: dict[str, NDArray[Any]], engine_rate: int, device_rate: int) -> None:
    """Make an engine's memory ready for a device of a rate; nobody may be rendering meanwhile."""
    state = arrays["state"][0]
    state["device_rate"] = 0
    if device_rate == engine_rate:
        return
    taps = _taps(engine_rate, device_rate)
    arrays["resampler_taps"][: taps.size] = taps.ravel()
    state["phases"], state["taps"] = len(taps) - 1, taps.shape[1]
    # Silence before the first frame: the device never asks for more than it plays.
    state["held_frames"] = taps.shape[1] - 1
    arrays["resampler_frames"][:] = 0
    state["whole"] = state["part"] = 0
    state["engine_rate"], state["device_rate"] = engine_rate, device_rate


def can_resample(engine_rate: int, device_rate: int) -> bool:
    """Return whether a device is quick enough for an engine."""
    return device_rate * MAX_RATE_RATIO >= engine_rate


def _taps(engine_rate: int, device_rate: int) -> NDArray[np.float32]:
    """Return a windowed sinc for each of the places between two frames, the last place again.

    Between the places straight lines are near enough: with 512 in a period of the highest
    frequency that passes, (pi / 512)**2 / 8 is -106 dB.
    """
    ratio = max(1.0, engine_rate / device_rate)
    half = ceil(RESAMPLER_TAPS / 2 * ratio)
    phases = ceil(RESAMPLER_PHASES / ratio)
    places = np.arange(phases + 1)[:, None] / phases
    distance = np.arange(2 * half) - (half - 1) - places
    window = np.i0(_BETA * np.sqrt(np.maximum(1 - (distance / half) ** 2, 0)))
    taps = np.sinc(distance * _CUTOFF / ratio) * window
    return (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
