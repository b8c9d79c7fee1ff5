"""How strong a sampled sound is while it sounds: what others have to step back for."""

from typing import Final

import numpy as np

from streamson.model.instrument import Sample

STRETCH_S: Final = 0.2
"""It is looked at in stretches of so long: a syllable or two."""

PAUSE_DB: Final = 15.0
"""Stretches that are softer than the loudest by more are pauses."""


def sounding_power(sample: Sample) -> float:
    """Return the mean power of a channel of a sample, without its pauses."""
    frames = max(round(STRETCH_S * sample.sample_rate), 1)
    squares = np.square(sample.sound, dtype=np.float64).mean(axis=1)
    firsts = np.arange(0, max(len(squares), 1), frames)
    powers = np.add.reduceat(squares, firsts) / np.diff([*firsts, len(squares)])
    return float(powers[powers >= powers.max() * 10 ** (-PAUSE_DB / 10)].mean())
