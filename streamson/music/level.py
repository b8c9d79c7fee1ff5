"""Levels in dB relative to full scale."""

import math


def amplitude_to_db(amplitude: float) -> float:
    """Return the level in dBFS of an amplitude above 0, where 1 is full scale."""
    return 20.0 * math.log10(amplitude)
