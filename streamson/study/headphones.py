"""Are headphones worn? Three tones, one of them in antiphase, which cancels before loudspeakers.

K. J. P. Woods, M. H. Siegel, J. Traer, J. H. McDermott, "Headphone screening to facilitate
web-based auditory experiments", Attention, Perception & Psychophysics 79 (2017), 2064-2072: of
three tones of 200 Hz one is 6 dB softer, and another has its channels in antiphase; before
loudspeakers that one seems the softest. Who wears headphones is right in at least five of six.
"""

from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.study.trial import Trial

CHECKS: Final = 6
PASSES: Final = 5
FREQUENCY_HZ: Final = 200.0
SOFTER_DB: Final = 6
TONE_S: Final = 1.0
RAMP_S: Final = 0.1
PAUSE_S: Final = 0.5

AMPLITUDE: Final = 0.2
"""-14 dBFS: about as loud as the default session's notes, which are higher."""

_TONES: Final = ("1", "2", "3")


def check_trial(number: int, random: Random) -> Trial:
    """Return one of the trials of the check."""
    return Trial("headphones", number, "softest", SOFTER_DB, _TONES, truth=random.choice(_TONES))


def tones(trial: Trial, sample_rate: int) -> NDArray[np.float32]:
    """Return the three tones of a trial: float32, shape (frames, 2).

    The one in antiphase is the one after the softest, or the first.
    """
    softest = _TONES.index(trial.truth)
    opposed = (softest + 1 + trial.number % 2) % len(_TONES)
    time_s = np.arange(round(TONE_S * sample_rate)) / sample_rate
    ramp = np.clip(np.minimum(time_s, TONE_S - time_s) / RAMP_S, 0.0, 1.0)
    tone = AMPLITUDE * np.sin(0.5 * np.pi * ramp) ** 2 * np.sin(2 * np.pi * FREQUENCY_HZ * time_s)
    pause = np.zeros((round(PAUSE_S * sample_rate), 2))
    parts = []
    for i in range(len(_TONES)):
        gain = 10 ** (-SOFTER_DB / 20) if i == softest else 1.0
        parts += [gain * np.stack([tone, -tone if i == opposed else tone], axis=1), pause]
    return np.concatenate(parts[:-1]).astype(np.float32)
