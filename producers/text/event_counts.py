"""How many lines a second there are of a kind, also when none come."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from streamson.errors import UsageError
from streamson.producers.text.pattern import BoundedPattern, OnTimeout

MAX_COUNTS: Final = 64
MAX_COUNTERS: Final = 1_024
"""Kinds of all files together."""

RATE: Final = "per_second"
"""The field's name."""


class NamedPattern(NamedTuple):
    """What is counted, and what it is called."""

    name: str
    pattern: BoundedPattern


def parse_counts(options: Sequence[str], on_timeout: OnTimeout) -> list[NamedPattern]:
    """Return what ``--count NAME=PATTERN`` asks for.

    Raises
    ------
    UsageError
        If it isn't that, or there are too many, or two of one name.
    """
    if len(options) > MAX_COUNTS:
        raise UsageError(f"--count: found {len(options)}; up to {MAX_COUNTS} are allowed")
    counts: list[NamedPattern] = []
    for option in options:
        name, equals, pattern = option.partition("=")
        name = name.strip()
        if not equals or not name or not name.isprintable():
            raise UsageError(f"--count: found {option!r}; NAME=PATTERN is allowed: errors=ERROR")
        if any(name == other.name for other in counts):
            raise UsageError(f"--count: found {name!r} twice; each needs a name of its own")
        counts.append(NamedPattern(name, BoundedPattern(pattern, f"--count {name}", on_timeout)))
    return counts


class EventCounter:
    """Counts events of several kinds, and tells how many a second there were, at each interval.

    Parameters
    ----------
    interval_s
        The interval, in seconds.
    now
        Returns the time, in seconds.

    Examples
    --------
    >>> moments = iter([0.0, 0.5, 2.0])
    >>> counter = EventCounter(2.0, lambda: next(moments))
    >>> counter.watch("errors")
    >>> counter.add("errors")
    >>> list(counter.due()), list(counter.due())
    ([], [('errors', 0.5)])
    """

    def __init__(self, interval_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = interval_s
        self._now = now
        self._counts: dict[str, int] = {}
        self._since = now()

    def start(self) -> None:
        """Begin the first interval at this moment."""
        self._since = self._now()

    def watch(self, kind: str) -> None:
        """Count a kind from now on, none so far."""
        if len(self._counts) < MAX_COUNTERS:
            self._counts.setdefault(kind, 0)

    def add(self, kind: str, number: int = 1) -> None:
        """Count some of a kind that is watched."""
        if kind in self._counts:
            self._counts[kind] += number

    def due(self) -> Iterator[tuple[str, float]]:
        """Yield each kind with how many there were a second, if an interval has passed."""
        now = self._now()
        elapsed_s = now - self._since
        if elapsed_s < self._interval_s:
            return
        # Intervals keep to their beat, and are longer where nobody asked in time.
        self._since = now - elapsed_s % self._interval_s
        yield from self._rates(self._interval_s * (elapsed_s // self._interval_s))

    def rest(self) -> Iterator[tuple[str, float]]:
        """Yield what was counted in the interval that has not passed; for the end."""
        if any(self._counts.values()):
            yield from self._rates(self._interval_s)

    def _rates(self, seconds: float) -> Iterator[tuple[str, float]]:
        counts, self._counts = self._counts, dict.fromkeys(self._counts, 0)
        for kind, number in counts.items():
            yield kind, number / seconds
