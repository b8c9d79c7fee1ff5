"""The two sources of sound: a fast sine, and a band of noise."""

from typing import Any, Final

import numpy as np

from streamson._jit import inner

TURN: Final = 2.0**32

QUARTER: Final = 1 << 30
"""Of a turn."""

_TO_QUARTERS: Final = np.float32(2.0**-30)

# sin(pi/2 y) on [-1, 1] as an odd polynomial, by the Remez exchange for the least largest error.
# Largest error 5.9e-7, -125 dB; in float32 arithmetic 6.9e-7.
_C1: Final = np.float32(1.5707910110756265)
_C3: Final = np.float32(-0.645892849548793)
_C5: Final = np.float32(0.07943434461787408)
_C7: Final = np.float32(-0.004333095293140224)

_COSINE_SALT: Final = 0x5BD1_E995
_TO_NOISE: Final = np.float32(1.4212 * 2.0**-31)
"""From 32 random bits to values that, smoothed, have the power of a sine: measured."""


@inner(fastmath={"contract"})
def sine(phase: Any) -> Any:
    """Return the sine of a phase.

    Parameters
    ----------
    phase
        int32, a turn is 2**32: it runs over without a thought, and the polynomial vectorises.
    """
    # sin(p) is cos(p - a quarter), and cos(pi/2 x) is sin(pi/2 (1 - |x|)) for all |x| <= 2: so one
    # absolute value folds the whole turn into the polynomial's range.
    x = np.float32(np.int32(phase - QUARTER))
    y = np.float32(1) - abs(x) * _TO_QUARTERS
    z = y * y
    return y * (_C1 + z * (_C3 + z * (_C5 + z * _C7)))


@inner(fastmath={"contract"})
def noise_band(phase: Any, seed: Any, cell: Any, place: Any) -> Any:
    """Return a band of noise around the frequency of a phase, of the power of a sine.

    A sine and a cosine, each multiplied by a random walk between cells of time: as wide a band as
    there are cells a second. It hangs on its arguments alone, so the same note always has the same
    noise.

    Parameters
    ----------
    phase
        int32, a turn is 2**32.
    seed
        uint32, another noise for each.
    cell
        int32, the number of the cell of time.
    place
        Place in the cell, 0 to 1.
    """
    smooth = place * place * (np.float32(3) - np.float32(2) * place)
    for_sine = _walk(np.uint32(seed), cell, smooth)
    for_cosine = _walk(np.uint32(seed ^ np.uint32(_COSINE_SALT)), cell, smooth)
    return for_sine * sine(phase) + for_cosine * sine(np.int32(phase + QUARTER))


@inner(fastmath={"contract"})
def _walk(seed: Any, cell: Any, place: Any) -> Any:
    here = np.float32(np.int32(_scramble(np.uint32(np.uint32(cell) ^ seed))))
    there = np.float32(np.int32(_scramble(np.uint32(np.uint32(cell + 1) ^ seed))))
    return _TO_NOISE * (here + (there - here) * place)


@inner
def _scramble(x: Any) -> Any:
    """Return 32 bits that look random; "lowbias32" of C. Wellons, Hash Prospector, 2018."""
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x7FEB_352D))
    x = np.uint32(x ^ (x >> np.uint32(15)))
    x = np.uint32(x * np.uint32(0x846C_A68B))
    return np.uint32(x ^ (x >> np.uint32(16)))
