"""How far each note's parameters may be off: error bars that hold 95 of 100 right notes.

The spread that a note's evidence tells is that of small errors. Others are of a kind of their own,
as where a struck tone has died away before its end, or a room goes on with it: so what was off in
95 of 100 notes of about the same spread is the bar, whatever its cause.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from streamson.decode.note import Candidate, NoteError
from streamson.decode.signal.evidence import Evidence

BARS: Final[Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    "onset_s": (
        (0.00039, 0.000588, 0.000734, 0.000878, 0.00103, 0.00128, 0.0016, 0.00249),
        (0.0093, 0.0099, 0.0099, 0.01, 0.011, 0.015, 0.019, 0.021),
    ),
    "duration_s": (
        (0.000699, 0.00111, 0.00147, 0.00186, 0.00234, 0.00301, 0.00433, 0.0205),
        (0.011, 0.018, 0.018, 0.031, 0.048, 0.26, 0.32, 0.32),
    ),
    "level_db": (
        (0.00225, 0.0046, 0.00626, 0.00847, 0.0119, 0.0162, 0.0219, 0.0401),
        (0.27, 0.47, 1, 2, 3.2, 3.2, 3.8, 6.8),
    ),
    "midi_note": (
        (0.003, 0.01, 0.1),
        (0.25, 0.25, 1.0),  # a parabola through three spectra is off by more than chance
    ),
    "pan": (
        (0.0055, 0.00849, 0.0117, 0.0203),
        (0.12, 0.24, 0.24, 0.24),
    ),
}
"""Of each parameter spreads, and what is off in 95 of 100 right notes of these; between them by
their logarithms. From 1,491 right notes."""


def error_of(evidence: Evidence, candidate: Candidate) -> NoteError:
    """Return how far a note of a voice may be off.

    What the voice does not move is known; where a place moves, one channel tells nothing of it.
    """
    low, high = candidate.pan
    is_unheard = low < high and np.isnan(evidence.pan)
    return NoteError(
        onset_s=_bar("onset_s", evidence.onset_s),
        duration_s=_bar("duration_s", float(np.hypot(evidence.onset_s, evidence.end_s))),
        midi_note=_bar("midi_note", evidence.midi_note),
        level_db=_bar("level_db", evidence.level),
        pan=high - low if is_unheard else _bar("pan", evidence.pan),
    )


def _bar(name: str, spread: float) -> float:
    if np.isnan(spread):
        return 0.0
    spreads, bars = BARS[name]
    found = np.interp(np.log(max(spread, spreads[0])), np.log(spreads), np.log(bars))
    return float(np.exp(found))
