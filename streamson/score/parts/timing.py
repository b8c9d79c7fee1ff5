"""When notes start: when their point comes, when the one before ends, or on a beat.

A timing also says whether there is room for a note at all: no part plays more than can be heard,
and none lags further behind its points than it may. Points that find no room are coalesced.
"""

from collections import deque
from math import ceil
from typing import Final, NamedTuple, Protocol

from streamson.model.note import AS_SOON_AS_POSSIBLE

LEAD_S: Final = 0.1
"""How far ahead of the sound a sequence begins. Points that come up to LEAD_S - MARGIN_S later
than evenly still join on without a gap."""

MARGIN_S: Final = 0.02
"""A note that is to begin at a certain frame must be on its way this long before: three blocks of
256 frames."""

MAX_WAITING: Final = 1_024
"""Notes of a sequence whose onset is still to come."""

_NOTES_ON_TOP: Final = 3
"""What is coalesced plays two notes at most, once there is room for one. What waits meanwhile
begins after both, and may be two notes itself."""

_LONG_AGO: Final = -(2.0**62)


class Slot(NamedTuple):
    """The time a note takes up, in frames."""

    onset_frame: int
    duration_frames: int


class Timing(Protocol):
    """Anything that gives notes their time."""

    def has_capacity(self, now_frame: int) -> bool:
        """Return whether there is room for one more note."""

    def next_onset(self, now_frame: int) -> float:
        """Return where the next note would begin, in frames."""

    def schedule(self, duration_s: float, now_frame: int) -> Slot:
        """Return the slot of the next note."""


class Arrival:
    """Each note starts when its point comes.

    Parameters
    ----------
    sample_rate
        Frames a second.
    notes_per_second
        At most so many, in any second; 2 or more.
    look_ahead
        At the frame that is given, which lies ahead, so that the delay is always the same; without,
        as soon as possible.
    stagger
        Seconds by which they begin later than that.
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        notes_per_second: float,
        look_ahead: bool = False,
        stagger: float = 0.0,
    ) -> None:
        self._stagger = round(stagger * sample_rate)
        self._sample_rate = sample_rate
        # One less than allowed: then not even pairs make more in a second, wherever it begins.
        self._interval = sample_rate / (notes_per_second - 1)
        self._look_ahead = look_ahead
        self._next = _LONG_AGO

    def has_capacity(self, now_frame: int) -> bool:
        """Return whether the last note is long enough ago."""
        return now_frame >= self._next

    def next_onset(self, now_frame: int) -> float:
        """Return where the next note would begin: at once."""
        return now_frame + self._stagger

    def schedule(self, duration_s: float, now_frame: int) -> Slot:
        """Return the slot of the next note."""
        self._next = max(self._next, now_frame) + self._interval
        at_frame = self._look_ahead or self._stagger
        onset_frame = now_frame + self._stagger if at_frame else AS_SOON_AS_POSSIBLE
        return Slot(onset_frame, round(duration_s * self._sample_rate))


class Event:
    """A note for each point, when it comes; what comes at once is spread a little.

    Parameters
    ----------
    sample_rate
        Frames a second.
    notes_per_second
        How closely notes follow one another at most.
    max_lag
        Seconds that a note may begin after its point.
    """

    def __init__(self, sample_rate: int, *, notes_per_second: float, max_lag: float) -> None:
        self._sample_rate = sample_rate
        self._interval = sample_rate / notes_per_second
        self._room = max(max_lag * sample_rate - _NOTES_ON_TOP * self._interval, 0)
        self._next = _LONG_AGO

    def has_capacity(self, now_frame: int) -> bool:
        """Return whether a note would begin soon enough."""
        return self._next <= now_frame + self._room

    def next_onset(self, now_frame: int) -> float:
        """Return where the next note would begin."""
        return max(self._next, now_frame)

    def schedule(self, duration_s: float, now_frame: int) -> Slot:
        """Return the slot of the next note."""
        onset_frame = AS_SOON_AS_POSSIBLE if self._next <= now_frame else round(self._next)
        self._next = max(self._next, now_frame) + self._interval
        return Slot(onset_frame, round(duration_s * self._sample_rate))


class Grid:
    """Each note starts on the next beat, or part of a beat, that is free.

    The beats are counted from frame 0 on, so that all streams keep time together.

    Parameters
    ----------
    sample_rate
        Frames a second.
    steps_per_second
        How many places for a note there are.
    notes_per_second
        At most so many are taken.
    """

    def __init__(
        self, sample_rate: int, *, steps_per_second: float, notes_per_second: float
    ) -> None:
        self._sample_rate = sample_rate
        self._frames = sample_rate / steps_per_second
        self._stride = ceil(steps_per_second / notes_per_second)
        self._margin = MARGIN_S * sample_rate
        self._next = 0

    def has_capacity(self, now_frame: int) -> bool:
        """Return whether the next step is free."""
        return self._next <= self._step_after(now_frame)

    def next_onset(self, now_frame: int) -> float:
        """Return where the next note would begin."""
        return max(self._next, self._step_after(now_frame)) * self._frames

    def schedule(self, duration_s: float, now_frame: int) -> Slot:
        """Return the slot of the next note."""
        step = max(self._next, self._step_after(now_frame))
        self._next = step + self._stride
        return Slot(round(step * self._frames), round(duration_s * self._sample_rate))

    def _step_after(self, now_frame: int) -> int:
        return ceil((now_frame + self._margin) / self._frames)


class Sequence:
    """Each note starts where the one before it ends, as long as that lies in the future.

    The end is kept as a fraction of a frame, so rounding doesn't add up: after an hour the onset
    is still within one frame of the sum of the durations.

    Parameters
    ----------
    sample_rate
        Frames a second.
    longest
        Seconds of the longest note, as far as that is known: a longer one counts once it comes.
    max_lag
        Seconds that a note may begin after its point: for notes that join on, `LEAD_S` and three of
        the longest notes are the least.
    """

    def __init__(self, sample_rate: int, *, longest: float, max_lag: float) -> None:
        self._sample_rate = sample_rate
        self._lead = LEAD_S * sample_rate
        self._margin = MARGIN_S * sample_rate
        self._max_lag = max_lag
        self._set_longest(longest)
        self._end = _LONG_AGO
        self._waiting: deque[int] = deque()

    def has_capacity(self, now_frame: int) -> bool:
        """Return whether a note would begin soon enough."""
        waiting = self._waiting
        while waiting and waiting[0] <= now_frame:
            waiting.popleft()
        return self._end <= now_frame + self._room and len(waiting) < MAX_WAITING

    def next_onset(self, now_frame: int) -> float:
        """Return where the next note would begin: at the end of the last, or a little ahead."""
        return self._end if self._end >= now_frame + self._margin else now_frame + self._lead

    def _set_longest(self, longest: float) -> None:
        self._longest = longest
        spare = self._max_lag - _NOTES_ON_TOP * longest
        self._room = max(spare * self._sample_rate, self._lead)

    def schedule(self, duration_s: float, now_frame: int) -> Slot:
        """Return the slot of the next note."""
        if duration_s > self._longest:
            self._set_longest(duration_s)
        self._end = self.next_onset(now_frame)
        slot, self._end = _join(self._end, duration_s * self._sample_rate)
        self._waiting.append(slot.onset_frame)
        return slot


class TableSequence:
    """Each note starts where the one before it ends, and there is room for all.

    Parameters
    ----------
    sample_rate
        Frames a second.
    stagger
        Seconds after which the first one begins.
    """

    def __init__(self, sample_rate: int, *, stagger: float = 0.0) -> None:
        self._sample_rate = sample_rate
        self._end = stagger * sample_rate

    @property
    def next_frame(self) -> int:
        """Where the last note ends, and the next one begins."""
        return round(self._end)

    def has_capacity(self, now_frame: int) -> bool:  # noqa: ARG002  # as Timing
        """Return that there is room: a table can wait."""
        return True

    def next_onset(self, now_frame: int) -> float:  # noqa: ARG002  # as Timing
        """Return where the last note ends."""
        return self._end

    def schedule(self, duration_s: float, now_frame: int) -> Slot:  # noqa: ARG002  # as Timing
        """Return the slot of the next note."""
        slot, self._end = _join(self._end, duration_s * self._sample_rate)
        return slot


def _join(start: float, frames: float) -> tuple[Slot, float]:
    """Return the slot of a note from ``start`` on, and its exact end."""
    end = start + frames
    onset_frame = round(start)
    return Slot(onset_frame, round(end) - onset_frame), end
