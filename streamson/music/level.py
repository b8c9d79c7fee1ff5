"""Levels: amplitudes and powers in dB, where an amplitude of 1 is full scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:  # at run time arrays come from whoever has numpy
    from numpy.typing import NDArray

_Levels = TypeVar("_Levels", float, "NDArray[Any]")


def amplitude_to_db(amplitude: float) -> float:
    """Return the level in dBFS of an amplitude of 0 or more; silence is -inf."""
    return 20.0 * math.log10(amplitude) if amplitude > 0 else -math.inf


def db_to_amplitude(level_db: _Levels) -> _Levels:
    """Return the amplitude of a level in dBFS, or the factor of a gain in dB; of arrays too."""
    return 10 ** (level_db / 20)


def db_to_power(level_db: _Levels) -> _Levels:
    """Return the power of a level in dB, or the factor of a power; of arrays too."""
    return 10 ** (level_db / 10)
