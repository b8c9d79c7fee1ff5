"""The masked threshold: how loud a tone must be to be heard beside others.

Psychoacoustic model 1 of ISO/IEC 11172-3:1993 (MPEG-1 audio), annex D.1: each masker raises the
threshold around it, tones less than noise, upwards more the louder it is; the powers add up with
that of the threshold in quiet. Maskers are not thinned out as a coder does it: too high a threshold
is on the safe side here.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.music.level import db_to_power
from streamson.psychoacoustics.hearing import Array, hz_to_bark, threshold_in_quiet_db

REACH_BARK: Final = (-3.0, 8.0)
"""A masker has no effect further below and above it."""

MAX_HALF_WIDTH: Final = 0.5
"""Bark on both sides of its centre that a masker takes: what is wider is several."""

_STEP: Final = 0.05
_GRID: Final = np.arange(0.2, 24.5, _STEP)
_HZ: Final = np.geomspace(20.0, 20_000.0, 2_000)
GRID_HZ: Final = np.interp(_GRID, hz_to_bark(_HZ), _HZ)
"""Frequencies at which thresholds are kept, 0.05 Bark apart: slopes are some 30 dB a Bark."""


class Maskers(NamedTuple):
    """What masks.

    Attributes
    ----------
    hz
        Frequencies, or the centres of bands of noise, shape (n,).
    level_db
        Their sound pressure levels.
    is_noise
        Whether each is a band of noise, not a tone.
    half_width
        Bark on both sides of its centre that a band of noise takes; 0 for tones.
    """

    hz: Array
    level_db: Array
    is_noise: NDArray[np.bool_]
    half_width: Array

    def strongest(self, count: int) -> "Maskers":
        """Return so many of them at most."""
        if len(self.hz) <= count:
            return self
        kept = np.argpartition(self.level_db, -count)[-count:]
        return Maskers(
            self.hz[kept], self.level_db[kept], self.is_noise[kept], self.half_width[kept]
        )


def tones(hz: Array, level_db: Array) -> Maskers:
    """Return maskers without noise."""
    return Maskers(hz, level_db, np.zeros(len(hz), np.bool_), np.zeros(len(hz)))


def together(maskers: list[Maskers]) -> Maskers:
    """Return all that mask at once."""
    if not maskers:
        return tones(np.zeros(0), np.zeros(0))
    return Maskers(
        np.concatenate([one.hz for one in maskers]),
        np.concatenate([one.level_db for one in maskers]),
        np.concatenate([one.is_noise for one in maskers]),
        np.concatenate([one.half_width for one in maskers]),
    )


def spread_db(distance: Array, level_db: Array) -> Array:
    """Return by how much masking has fallen at a distance from a masker (the standard's vf).

    Parameters
    ----------
    distance
        In Bark, above the masker if positive.
    level_db
        The masker's sound pressure level; broadcast with `distance`.

    Returns
    -------
    ndarray
        In dB, 0 at the masker; -inf out of its reach.
    """
    lower = 0.4 * level_db + 6
    spread = np.where(distance < -1, 17 * (distance + 1) - lower, lower * distance)
    spread = np.where(distance >= 0, -17 * distance, spread)
    far_above = -(distance - 1) * (17 - 0.15 * level_db) - 17
    spread = np.where(distance >= 1, far_above, spread)
    within = (distance >= REACH_BARK[0]) & (distance < REACH_BARK[1])
    return np.where(within, spread, -np.inf)


def masking_index_db(bark: Array, is_noise: NDArray[np.bool_]) -> Array:
    """Return how far the threshold lies from a masker's level at the masker (the standard's av)."""
    return np.where(is_noise, -2.025 - 0.175 * bark, -6.025 - 0.275 * bark)


def masked_threshold_db(maskers: Maskers, hz: Array) -> Array:
    """Return the threshold beside maskers at some frequencies.

    A band of noise masks from its edges on. The standard takes it for a point in its centre: then
    there are holes of 8 dB between the bands of a white noise.

    Returns
    -------
    ndarray, shape of `hz`
        Sound pressure levels in dB.
    """
    bark = hz_to_bark(maskers.hz)
    peaks = maskers.level_db + masking_index_db(bark, maskers.is_noise)
    from_centre = hz_to_bark(hz)[None, :] - bark[:, None]
    beyond = np.maximum(np.abs(from_centre) - maskers.half_width[:, None], 0)
    spread = spread_db(np.copysign(beyond, from_centre), maskers.level_db[:, None])
    power = db_to_power(peaks[:, None] + spread).sum(axis=0)
    threshold: Array = 10 * np.log10(power + db_to_power(threshold_in_quiet_db(hz)))
    return threshold


def threshold_at(threshold_db: Array, hz: Array) -> Array:
    """Return a threshold that is known at `GRID_HZ`, or several, shape (..., n), at frequencies."""
    place = np.clip((hz_to_bark(hz) - _GRID[0]) / _STEP, 0, len(_GRID) - 1.000_001)
    below = place.astype(np.int64)
    share = place - below
    found: Array = (1 - share) * threshold_db[..., below] + share * threshold_db[..., below + 1]
    return found
