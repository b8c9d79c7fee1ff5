"""Stalls: a network or a machine stands still, and many streams are late at once.

What is late then is one thing, and often over before anybody could look: points wait somewhere, and
come. So nothing is told for a moment; and if they are still late, it is told as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamson.score.groups import group_of

if TYPE_CHECKING:  # at run time it would be loaded before the first stream comes
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Frames = NDArray[np.int64]

HOLD_S: Final = 3.0
"""So long it is awaited that they come after all: a laptop that wakes up, a network that is routed
anew, a machine that was busy."""

LATE_TIMES: Final = 1.3
"""A stream is late that is silent for so many times its usual interval, where others are silent."""

LEAST_UNITS: Final = 5
"""Hosts, and streams without one, that are late at once are a stall from so many on."""

LEAST_SHARE: Final = 0.2
MANY_UNITS: Final = 50
"""They are such a share of all streams, or so many: of ten thousand some are always late."""


class Stall:
    """Streams that were told to be silent as one.

    Attributes
    ----------
    streams
        How many.
    is_over
        Whether one of them is back.
    """

    def __init__(self, streams: int) -> None:
        self.streams = streams
        self.is_over = False


class StallHold:
    """Says when it is to be waited, for many streams are late at once.

    Parameters
    ----------
    sample_rate
        Frames a second.
    """

    def __init__(self, sample_rate: int) -> None:
        self._frames = round(HOLD_S * sample_rate)
        self._until: int | None = None

    @property
    def until(self) -> int | None:
        """The frame up to which nothing is to be told; None where it is not awaited."""
        return self._until

    def is_waiting(self, now_frame: int) -> bool:
        """Return whether nothing is to be told yet."""
        return self._until is not None and now_frame < self._until

    def wait(self, now_frame: int) -> bool:
        """Take in that many are late; return whether to wait on."""
        if self._until is None:
            self._until = now_frame + self._frames
        if self.is_waiting(now_frame):
            return True
        self._until = None
        return False

    def end(self) -> None:
        """Take in that they are late no longer."""
        self._until = None


def stalled(names: Sequence[str], last: Frames, usual: Frames, streams: int) -> NDArray[np.bool_]:
    """Return which of late streams stand still for one cause; none where they are few.

    Parameters
    ----------
    names, last, usual
        Of streams that are silent for `LATE_TIMES` their usual intervals: when their last points
        came, and those intervals, in frames, shape (late,).
    streams
        How many streams there are that are awaited.

    Returns
    -------
    ndarray of bool
        Shape (late,).
    """
    # It began after the last point of all, and each was to come soon after it began.
    together: NDArray[np.bool_] = last + LATE_TIMES * usual >= last.max(initial=0)
    units = len({group_of(names[i]) or names[i] for i in together.nonzero()[0].tolist()})
    is_many = together.sum() >= LEAST_SHARE * streams or units >= MANY_UNITS
    return together & (units >= LEAST_UNITS and is_many)
