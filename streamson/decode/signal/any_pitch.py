"""How likely a note is right whose pitch may be any: told by what nothing explains where it sounds.

Between the pitches that are listened for a part of each note is always left, which is no error: so
the spread of its level, which is told by that, says too little (`confidence`).
"""

from typing import Final

import numpy as np

from streamson.decode.signal.fit import Fit, FoundNote
from streamson.decode.signal.templates import AGES, LEAD_HOPS

_INTERCEPT: Final = -2.2
_SLOPE: Final = -3.04
"""Of the logarithm of the odds, over the decimal logarithm of the share that is left: logistic
regression over 2,400 notes, of which 80 % were right."""

_LEAST_LEFT: Final = 1e-4


def confidences_of_any_pitch(fit: Fit, voice: int) -> list[float]:
    """Return for each note of a voice how likely it is right, 0 to 1."""
    left = np.array([_left(fit, voice, note) for note in fit.tunes[voice]])
    odds = _INTERCEPT + _SLOPE * np.log10(np.maximum(left, _LEAST_LEFT))
    return [float(likely) for likely in 1 / (1 + np.exp(-odds))]


def _left(fit: Fit, voice: int, note: FoundNote) -> float:
    """Return the energy that nothing explains where a note has its own, as a share of that."""
    its = fit.voices[voice]
    duration = int(its.durations[note.duration])
    part = slice(LEAD_HOPS, LEAD_HOPS + duration)
    amplitudes = note.gain * its.envelope(note.duration, note.state)[part]
    own = left = 0.0
    for age in range(len(AGES)):
        hops = np.flatnonzero(its.ages[part] == age)
        atom = its.atoms[age, note.state].astype(np.float64)
        shares = atom**2 / max(float(atom @ atom), 1e-20)
        own += float((amplitudes[hops] ** 2).sum() * (shares @ atom**2))
        left += float((fit.rest[hops + note.first].astype(np.float64) ** 2 @ shares).sum())
    return left / max(own, 1e-20)
