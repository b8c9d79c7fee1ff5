"""When a note starts: as soon as its point arrives, or when the one before it ends."""

from collections import deque
from typing import Final, NamedTuple, Protocol

from streamson.score.note import AS_SOON_AS_POSSIBLE

LEAD_S: Final = 0.1
"""How far ahead of the sound a sequence begins. Points that come up to LEAD_S - MARGIN_S later
than evenly still join on without a gap."""

MARGIN_S: Final = 0.02
"""A note that is to join on must be on its way this long before: three blocks of 256 frames."""


class Slot(NamedTuple):
    """The time a note takes up, in frames."""

    onset_frame: int
    duration_frames: int


class Timing(Protocol):
    """Anything that gives notes their time."""

    def place(self, duration_s: float, now_frame: int) -> Slot | None:
        """Return the slot of the next note, or None where no more may wait."""


class Arrival:
    """Each note starts when its point comes.

    Parameters
    ----------
    sample_rate
        Frames a second.
    look_ahead
        At the frame that is given, which lies ahead, so that the delay is always the same; without,
        as soon as possible.
    """

    def __init__(self, sample_rate: int, *, look_ahead: bool = False) -> None:
        self._sample_rate = sample_rate
        self._look_ahead = look_ahead

    def place(self, duration_s: float, now_frame: int) -> Slot | None:
        """Return the slot of the next note."""
        onset_frame = now_frame if self._look_ahead else AS_SOON_AS_POSSIBLE
        return Slot(onset_frame, round(duration_s * self._sample_rate))


class Sequence:
    """Each note starts where the one before it ends, as long as that lies in the future.

    The end is kept as a fraction of a frame, so rounding doesn't add up: after an hour the onset
    is still within one frame of the sum of the durations.

    Parameters
    ----------
    sample_rate
        Frames a second.
    queue
        How many notes may wait for their onset.
    """

    def __init__(self, sample_rate: int, *, queue: int) -> None:
        self._sample_rate = sample_rate
        self._queue = queue
        self._lead = LEAD_S * sample_rate
        self._margin = MARGIN_S * sample_rate
        self._end = -self._lead
        self._waiting: deque[int] = deque()

    def place(self, duration_s: float, now_frame: int) -> Slot | None:
        """Return the slot of the next note, or None where the queue is full."""
        waiting = self._waiting
        while waiting and waiting[0] <= now_frame:
            waiting.popleft()
        if len(waiting) >= self._queue:
            return None
        if self._end < now_frame + self._margin:
            self._end = now_frame + self._lead
        slot, self._end = _join(self._end, duration_s * self._sample_rate)
        waiting.append(slot.onset_frame)
        return slot


class TableSequence:
    """Each note starts where the one before it ends, the first at frame 0, and none waits."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._end = 0.0

    def place(self, duration_s: float, now_frame: int) -> Slot | None:  # noqa: ARG002  # as Timing
        """Return the slot of the next note."""
        slot, self._end = _join(self._end, duration_s * self._sample_rate)
        return slot


def _join(start: float, frames: float) -> tuple[Slot, float]:
    """Return the slot of a note from ``start`` on, and its exact end."""
    end = start + frames
    onset_frame = round(start)
    return Slot(onset_frame, round(end) - onset_frame), end
