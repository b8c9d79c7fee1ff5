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

LEAST_BEYOND: Final = 0.1
"""Where fewer of a part's notes lie further than that beyond its range, they are read wrong."""

SPARE: Final = 0.02
"""Share of the levels at each end that do not count for how far they reach."""


def gain_db(notes: Sequence[DecodedNote], voices: Sequence[Voice]) -> float:
    """Return the gain of a recording in dB, 0 where its levels are such as may have been played.

    Where a part has one level for all notes, the gain is how far they lie from it: their median.
    Elsewhere it is how far the levels reach beyond their range, where enough of them do; in the
    middle where they span more. Less than a few dB is not noticed then.
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
    beyond = sum(not low - LEAST_GAIN_DB <= level <= high + LEAST_GAIN_DB for level in ordered)
    if beyond < LEAST_BEYOND * len(ordered):
        return 0.0
    spare = round(SPARE * len(ordered))
    least, most = ordered[-1 - spare] - high, ordered[spare] - low
    return (least + most) / 2 if least > most else min(max(0.0, least), most)
