"""The reverb's settings: lengths and gains of the delay lines that `kernel.reverb` runs."""

from math import gcd
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamson.model.audio import Reverb
from streamson.music.level import db_to_amplitude
from streamson.synth.kernel.layout import LINES

DELAYS_S: Final = (0.0233, 0.0297, 0.0341, 0.0389, 0.0437, 0.0491, 0.0557, 0.0631)
"""A room of some ten metres; no two have a common beat."""


def set_up(arrays: dict[str, NDArray[Any]], reverb: Reverb | None, sample_rate: int) -> None:
    """Write a room into an engine's memory; None is no room."""
    if reverb is None:
        return
    delays: list[int] = []
    for seconds in DELAYS_S:
        frames = round(seconds * sample_rate)
        while any(gcd(frames, other) > 1 for other in delays):
            frames += 1
        delays.append(frames)
    arrays["line_delays"][:] = delays
    falls = 10 ** (-3 * np.array(delays) / (reverb.decay * sample_rate))
    arrays["line_gains"][:] = falls
    state = arrays["state"][0]
    # Each line holds the power of its input / (1 - fall**2); four of them make a channel.
    power = LINES // 2 * np.mean(falls**2 / (1 - falls**2))
    state["reverb_gain"] = db_to_amplitude(reverb.level) / np.sqrt(power)
    state["reverb_frames"] = tail_frames(reverb, sample_rate)


def tail_frames(reverb: Reverb | None, sample_rate: int) -> int:
    """Return the frames in which a room's answer falls by 90 dB."""
    return 0 if reverb is None else round(1.5 * reverb.decay * sample_rate)
