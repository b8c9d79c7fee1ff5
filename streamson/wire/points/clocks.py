"""The clocks of sources: how far each is from that of this machine, as its points tell.

A point that is late was on its way, or waited in buffers for as long as a flood lasts, or its clock
is behind. What waits comes on time now and then, what a wrong clock has measured never does: so of
the last minutes the point that was least late tells (as Cristian's probabilistic clock
synchronisation, 1989, takes the shortest round trip). Nothing hurries a point: one that is ahead
tells of the clock by itself.
"""

from collections import deque
from math import copysign, inf
from statistics import median_low
from typing import Final

SAMPLES: Final = 15
"""So many of the last differences are kept, whose median is the skew."""

MIN_SAMPLES: Final = 3
"""Fewer tell nothing: one may be a point that was on its way for long."""

NOTABLE_SKEW_S: Final = 2.0
"""Less may be the way, or how a producer measures: it is not told."""

WAITING_S: Final = 600.0
"""A clock is called behind where nothing came on time for so long: it may all have waited."""

LONGEST_WAIT_S: Final = 30.0
"""What is later than this never waited: 100,000 messages are the most that wait in a publisher, and
the smallest listener takes in some thousands a second."""

GROUPS: Final = 20
"""Of so many parts of that time the best is kept each: 16,384 sources would have 40 million samples
otherwise."""

_DAY_S: Final = 86_400.0
_UNITS: Final = (
    (365.25 * _DAY_S, "years"),
    (_DAY_S, "d"),
    (3_600.0, "h"),
    (60.0, "min"),
    (1.0, "s"),
)


class SourceClock:
    """A source's clock beside this machine's.

    Attributes
    ----------
    skew_s
        How far it is ahead, in seconds; negative where it is behind. 0 before that is known.
    """

    __slots__ = ("_best", "_group_ends", "_samples", "skew_s")

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=SAMPLES)
        self._best: deque[float] = deque(maxlen=GROUPS)
        self._group_ends = -inf
        self.skew_s = 0.0

    @property
    def is_notable(self) -> bool:
        """Whether it is so far from right that somebody wants to know."""
        return abs(self.skew_s) >= NOTABLE_SKEW_S

    @property
    def is_right(self) -> bool:
        """Whether it is so by all of the last samples."""
        return all(abs(ahead_s) < NOTABLE_SKEW_S for ahead_s in self._samples)

    def add(self, ahead_s: float, now: float) -> None:
        """Take in how far the time of a point was ahead of when it came, in seconds.

        Parameters
        ----------
        ahead_s
            So far.
        now
            Monotonic seconds, when it came.
        """
        self._samples.append(ahead_s)
        self._keep_best(ahead_s, now)
        if len(self._samples) < MIN_SAMPLES:
            return
        usual_s = median_low(self._samples)
        # What may have waited says no more than what was least late; and that may be ahead, as a
        # single point is that was measured by another clock.
        may_wait = -LONGEST_WAIT_S < usual_s < 0
        self.skew_s = min(max(self._best), 0.0) if may_wait else usual_s

    def _keep_best(self, ahead_s: float, now: float) -> None:
        if now >= self._group_ends:
            if now >= self._group_ends + WAITING_S:  # it was silent for so long
                self._best.clear()
            self._group_ends = now + WAITING_S / GROUPS
            self._best.append(ahead_s)
        elif ahead_s > self._best[-1]:
            self._best[-1] = ahead_s


def skew_in_words(skew_s: float) -> str:
    """Return a clock's skew for a person.

    >>> skew_in_words(-3725.2), skew_in_words(2.4)
    ('its clock is 1 h 2 min behind', 'its clock is 2.4 s ahead')
    >>> skew_in_words(-3e8)
    'its clock is 9 years 185 d behind, or its points are of a recording'
    """
    direction = "ahead" if copysign(1, skew_s) > 0 else "behind"
    recorded = ", or its points are of a recording" if abs(skew_s) >= _DAY_S else ""
    return f"its clock is {_span(abs(skew_s))} {direction}{recorded}"


def _span(seconds: float) -> str:
    """Return a span of time in its two largest units."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    seconds = round(seconds)
    place = next(i for i, (length, _) in enumerate(_UNITS) if seconds >= length)
    (larger, name), (smaller, small_name) = _UNITS[place], _UNITS[place + 1]
    whole, rest = divmod(seconds, larger)
    small = int(rest // smaller)
    words = f"{int(whole)} {name if whole > 1 else name.removesuffix('s')}"
    return f"{words} {small} {small_name}" if small else words
