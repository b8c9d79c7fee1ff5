"""The pace of readings: at a rate, or as somebody asks for them."""

import math
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from streamson.producers.base.reading import Reading

POLL_S: Final = 0.2
"""Sleeps and waits come in pieces of at most this, so that Ctrl-C is heard at once everywhere."""

MAX_LINE_BYTES: Final = 1_024


def sleep_until(moment: float) -> None:
    """Sleep until a moment of `time.monotonic`."""
    while (remaining := moment - time.monotonic()) > 0:
        time.sleep(min(remaining, POLL_S))


def at_rate(
    stream: str, points: Iterable[Mapping[str, float | None]], *, rate_hz: float
) -> Iterator[Reading]:
    """Yield points as readings that are due at a rate, in points a second."""
    for number, fields in enumerate(points):
        yield Reading(stream, fields, number / rate_hz)


def on_demand(stream: str, points: Iterator[Mapping[str, float | None]]) -> Iterator[Reading]:
    """Yield a point as a reading for each line of standard input, until that ends."""
    while sys.stdin.buffer.readline(MAX_LINE_BYTES):
        fields = next(points, None)
        if fields is None:
            return
        yield Reading(stream, fields)


def or_missing(value: float) -> float | None:
    """Return a finite value as it is, and None for NaN and infinities."""
    return value if math.isfinite(value) else None
