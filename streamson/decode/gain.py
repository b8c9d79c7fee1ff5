"""How much louder or softer a recording is than what was played: told by the levels in it."""

import statistics
from collections.abc import Sequence
from typing import Final

from streamson.decode.note import DecodedNote
from streamson.decode.voices import Voice

SURE: Final = 0.5
"""Notes that are less likely right say nothing of the gain."""

LEAST_GAIN_DB: Final = 1.0
"""Levels are not read more exactly: what is less counts as none."""


def gain_db(notes: Sequence[DecodedNote], voices: Sequence[Voice]) -> float:
    """Return the gain of a recording in dB, 0 where its levels are such as may have been played.

    Where a part has one level for all notes, the gain is how far they lie from it: their median.
    Elsewhere it is how far the levels lie beyond their range; in the middle where they span more.
    """
    steady, beyond = [], []
    for number, voice in enumerate(voices):
        levels = [n.level_db for n in notes if n.candidate == number and n.confidence >= SURE]
        low, high = voice.candidate.level_db
        if levels and low == high:
            steady += [level - low for level in levels]
        elif len(levels) > 1:
            beyond.append(_shift(levels, low, high))
    gain = statistics.median(steady or beyond or [0.0])
    return gain if abs(gain) >= LEAST_GAIN_DB else 0.0


def _shift(levels: Sequence[float], low: float, high: float) -> float:
    """Return the least by which levels must be lowered to lie within a range."""
    ordered = sorted(levels)
    spare = len(ordered) // 50  # a few may be read wrong
    least, most = ordered[-1 - spare] - high, ordered[spare] - low
    return (least + most) / 2 if least > most else min(max(0.0, least), most)
