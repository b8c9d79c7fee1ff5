"""Times as views show them."""

import math
import time
from typing import Final

_UNKNOWN: Final = "--:--:--"


def elapsed(seconds: float) -> str:
    """Return a time that has passed.

    >>> elapsed(62), elapsed(3_723)
    ('1:02', '1:02:03')
    """
    if not math.isfinite(seconds):
        return _UNKNOWN
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def time_of_day(seconds: float) -> str:
    """Return the time of day, here, of a time in seconds since 1970."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(seconds))
    except (ValueError, OverflowError, OSError):
        return _UNKNOWN
