"""Loudness of a sound of any length, second by second, in memory that hardly grows.

ITU-R BS.1770-5: the K weighting's two filters (tables 1 and 2, which are given for 48 kHz), and
the gates of its annex 1; momentary and short-term loudness as EBU Tech 3341 has them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

RATE: Final = 48_000
"""For which the standard gives its coefficients."""

_SHELF: Final = (1.53512485958697, -2.69169618940638, 1.19839281085285)
_SHELF_POLES: Final = (1, -1.69065929318241, 0.73248077421585)
_HIGH_PASS: Final = (1, -2, 1)
_HIGH_PASS_POLES: Final = (1, -1.99004745483398, 0.99007225036621)
_K_WEIGHTING: Final = np.array([[*_SHELF, *_SHELF_POLES], [*_HIGH_PASS, *_HIGH_PASS_POLES]])

_STEPS: Final = 10
"""A second: powers are kept of tenths, so that gating blocks of 0.4 s overlap by 0.3 s."""

_MOMENTARY: Final = 4
_SHORT_TERM: Final = 30
_ABSOLUTE_GATE: Final = -70.0
_RELATIVE_GATE: Final = -10.0

_Array = NDArray[np.float64]


class LoudnessMeter:
    """Measures both channels of a sound together."""

    def __init__(self) -> None:
        self._state = np.zeros((2, 2, 2))
        self._powers: list[float] = []

    def take(self, second: _Array) -> None:
        """Take in the next second, of shape (48_000, 2)."""
        weighted, self._state = sosfilt(_K_WEIGHTING, second, axis=0, zi=self._state)
        self._powers += np.square(weighted).reshape(_STEPS, -1, 2).mean(axis=1).sum(axis=1).tolist()

    def integrated(self) -> float:
        """Return the loudness of all that was taken in, in LUFS; -inf of silence."""
        power = self._means(_MOMENTARY)
        power = power[_lufs(power) > _ABSOLUTE_GATE]
        if not len(power):
            return -np.inf
        gate = _lufs(power.mean()) + _RELATIVE_GATE
        return float(_lufs(power[_lufs(power) > gate].mean()))

    def momentary(self) -> _Array:
        """Return the loudness of 0.4 s, ten times a second, in LUFS."""
        return _lufs(self._means(_MOMENTARY))

    def short_term(self) -> _Array:
        """Return the loudness of 3 s, ten times a second, in LUFS."""
        return _lufs(self._means(_SHORT_TERM))

    def _means(self, steps: int) -> _Array:
        return np.convolve(self._powers, np.full(steps, 1 / steps), "valid")


def _lufs(power: _Array) -> _Array:
    return -0.691 + 10 * np.log10(power + 1e-20)
