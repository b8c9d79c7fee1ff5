"""How likely each note is right: told by what it rests on, and by the other notes of its voice.

How far the next best pitch lies behind says nothing beside that. The voice's other notes do: those
of a voice that does not play take their energy from what others leave, each a little of it.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.decode.signal.evidence import Evidence

_WEIGHTS: Final = (15.96, 17.91, 7.99, 8.12, -0.57)
"""Of the logarithm of the odds: a constant, the decimal logarithms of the spread of the level, of
that of the onset in seconds, their product, and each dB below the softest that the voice plays.
Logistic regression over 14,167 notes of one to eight voices, in rooms, noise and bands, of which
58 % were right."""

_OF_NOTE: Final = (-0.91, 0.92, 0.42, 0.13)
"""A constant, the weight of the note's own logarithm of the odds, of the mean of its voice's in the
stretch, and of each voice: what voices leave of one another widens spreads, and makes no note
wrong."""

_MOST_VOICES: Final = 8
"""Of how many that was learnt."""

_MOST: Final = 6.0
"""Logarithms of odds beyond count as this much for the mean."""

_TINY: Final = 1e-9
_LEVELS: Final = (-4.0, -1.05)
_ONSETS: Final = (-5.0, -2.35)
"""Logarithms of spreads beyond count as the nearer end: between these, a wider one is less likely
right."""


def confidences(
    evidence: Sequence[Evidence], below_db: Sequence[float], voices: int
) -> list[float]:
    """Return for each note of a voice how likely it is right, 0 to 1.

    Parameters
    ----------
    evidence
        What each note rests on.
    below_db
        By how much each is softer than its voice plays, 0 where it is not.
    voices
        How many may play.
    """
    if not evidence:
        return []
    spreads = np.log10([(max(one.level, _TINY), max(one.onset_s, _TINY)) for one in evidence])
    level, onset = np.clip(spreads[:, 0], *_LEVELS), np.clip(spreads[:, 1], *_ONSETS)
    features = np.column_stack([level, onset, level * onset, below_db])
    odds = _WEIGHTS[0] + features @ np.array(_WEIGHTS[1:])
    mean = float(np.clip(odds, -_MOST, _MOST).mean())
    shared = _OF_NOTE[0] + _OF_NOTE[2] * mean + _OF_NOTE[3] * min(voices, _MOST_VOICES)
    whole: NDArray[np.float64] = shared + _OF_NOTE[1] * odds
    return [float(likely) for likely in 1 / (1 + np.exp(-np.clip(whole, -30, 30)))]
