"""Numbers as a person reads them at a glance: values, rates, levels, curves."""

import math
from collections.abc import Sequence
from typing import Final

from streamson.live.terminal.glyphs import Glyphs

LARGE: Final = 10_000
"""From here on a value is told in thousands: 1013 hPa stays as it is."""

SMALL: Final = 1e-3
"""Below, a value is told with its power of ten."""

FLAT: Final = 1e-300
"""Values that lie no further apart are one."""

LOWEST_DBFS: Final = -60.0
"""The left end of a meter."""

_UNITS: Final = "kMGTPE"


def rounded(value: float) -> str:
    """Return a value in seven characters at most.

    >>> rounded(12345.6), rounded(0.00421), rounded(71.34), rounded(1013.25), rounded(-3e-9)
    ('12.3k', '0.0042', '71.3', '1013', '-3.0e-9')
    """
    size = abs(value)
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if size < LARGE and value == int(value):
        return str(int(value))
    if size < SMALL:
        return _with_power(value)
    if size < 999.5:
        digits = 2 if size < 0.01 else 3
        return f"{value:#.{digits}g}".removesuffix(".")
    if size < LARGE - 0.5:
        return f"{value:.0f}"
    return _in_thousands(value)


def rate(per_second: float) -> str:
    """Return how often something comes.

    >>> rate(4.0), rate(0.05), rate(12_000), rate(0)
    ('4.0/s', '3/min', '12.0k/s', '0/s')
    """
    if per_second <= 0 or not math.isfinite(per_second):
        return "0/s"
    if per_second >= 100:
        return f"{rounded(round(per_second))}/s"
    if per_second >= 0.1:
        return f"{per_second:.1f}/s" if per_second < 9.95 else f"{per_second:.0f}/s"
    per_minute = per_second * 60
    return f"{per_minute:.0f}/min" if per_minute >= 0.95 else f"{per_minute * 60:.0f}/h"


def between(ends: tuple[float, float] | None) -> str:
    """Return a range; nothing where there is none.

    >>> between((0.0, 100.0))
    '0..100'
    """
    return "" if ends is None else f"{rounded(ends[0])}..{rounded(ends[1])}"


def decibels(level: float | None) -> str:
    """Return a level; a word for silence."""
    return "silent" if level is None else f"{level:.0f} dB"


def curve(values: Sequence[float], width: int, glyphs: Glyphs) -> str:
    """Return the last values as a line, drawn between the least and the greatest of them."""
    last = values[-width:]
    # Halves, because the distance of two large values may be too large for a number.
    halves = [value / 2 for value in last]
    finite = [half for half in halves if math.isfinite(half)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    steps = len(glyphs.spark) - 1
    scale = steps / (high - low) if high - low > FLAT else 0.0
    level = steps // 2  # of a line that is flat
    return "".join(
        glyphs.spark[round((half - low) * scale) if scale else level]
        if math.isfinite(half)
        else " "
        for half in halves
    )


def meter(rms: float | None, peak: float | None, width: int, glyphs: Glyphs) -> tuple[str, str]:
    """Return a bar as long as the level, and what is left of its width."""
    full = _cells(rms, width)
    reached = max(full, _cells(peak, width))
    bar = glyphs.full * full + glyphs.peak * (reached - full)
    return bar, glyphs.empty * (width - reached)


def _cells(level: float | None, width: int) -> int:
    if level is None or math.isnan(level):
        return 0
    share = (level - LOWEST_DBFS) / -LOWEST_DBFS
    return round(width * min(1.0, max(0.0, share)))


def _in_thousands(value: float) -> str:
    for unit in _UNITS:
        value /= 1_000
        if abs(value) < 999.5:
            return f"{value:#.3g}".removesuffix(".") + unit
    return _with_power(value * 1_000.0 ** len(_UNITS))


def _with_power(value: float) -> str:
    power = math.floor(math.log10(abs(value)))
    digits = 1 if -10 < power < 100 else 0
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"
