"""How many notes all streams may play together.

Each part bounds its own notes; a thousand streams of ten a second would still be ten thousand, of
which the synthesiser steals nearly all. So all draw on one budget: where it is spent, points wait
and are coalesced, as those of a part that is too fast, and the streams take turns.
"""

from collections.abc import Iterable
from math import ceil
from typing import Final

from streamson.score.parts.timing import Slot, Timing

SPAN_S: Final = 0.25
NOTES_A_SPAN: Final = 128
"""Notes that begin in each such span: 512 a second. With 1,024 voices each may sound and fade for
two seconds before it is stolen, and a hundred streams may still be heard at once."""

NEW_STREAMS_SHARE: Final = 0.75
NEW_STREAM_NOTES: Final = 4
"""A stream that has played fewer notes may only use such a share: a flood of new names leaves room
for the streams that are known."""


_MANY_SPANS: Final = 64
"""So many spans are remembered before it is looked which of them are past."""


class NoteBudget:
    """Notes that may still begin, by the span in which they would.

    Parameters
    ----------
    sample_rate
        Frames a second.

    Attributes
    ----------
    contended
        Points wait for the budget: who comes now must wait behind them.
    """

    def __init__(self, sample_rate: int) -> None:
        self.contended = False
        self._span = max(round(SPAN_S * sample_rate), 1)
        self._most = NOTES_A_SPAN
        self._spent: dict[int, int] = {}
        self._too_many = _MANY_SPANS

    def allow(self, notes_per_second: Iterable[float]) -> None:
        """Let one stream play as many notes a second as its part asks for, whatever it is."""
        self._most = max(NOTES_A_SPAN, *(ceil(SPAN_S * rate) for rate in notes_per_second), 0)

    def has_capacity(self, onset_frame: float, share: float = 1.0) -> bool:
        """Return whether one more note may begin at a frame, if it may use such a share."""
        span = int(onset_frame // self._span)
        return not self.contended and self._spent.get(span, 0) < share * self._most

    def spend(self, onset_frame: float, now_frame: int) -> None:
        """Take in that a note begins at a frame."""
        span = int(onset_frame // self._span)
        self._spent[span] = self._spent.get(span, 0) + 1
        if len(self._spent) >= self._too_many:
            past = now_frame // self._span
            self._spent = {span: spent for span, spent in self._spent.items() if span >= past}
            self._too_many = max(2 * len(self._spent), _MANY_SPANS)


class BudgetedTiming:
    """A timing that also asks the budget of all.

    Parameters
    ----------
    timing
        When the notes of one stream start.
    budget
        What all streams share.
    """

    def __init__(self, timing: Timing, budget: NoteBudget) -> None:
        self._timing = timing
        self._timing_has_capacity = timing.has_capacity
        self._budget = budget
        self._notes = 0

    def has_capacity(self, now_frame: int) -> bool:
        """Return whether there is room for one more note, here and in all."""
        if not self._timing_has_capacity(now_frame):
            return False
        share = NEW_STREAMS_SHARE if self._notes < NEW_STREAM_NOTES else 1.0
        return self._budget.has_capacity(self.next_onset(now_frame), share)

    def next_onset(self, now_frame: int) -> float:
        """Return where the next note would begin."""
        return self._timing.next_onset(now_frame)

    def schedule(self, duration_s: float, now_frame: int) -> Slot:
        """Return the slot of the next note."""
        self._notes += 1
        self._budget.spend(self.next_onset(now_frame), now_frame)
        return self._timing.schedule(duration_s, now_frame)
