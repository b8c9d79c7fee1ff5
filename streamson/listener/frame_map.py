"""The frames of another listener's clock, as frames of the engine here."""

from collections import deque
from math import ceil
from typing import Final, NamedTuple

from streamson.synth.kernel.layout import QUANTUM

WINDOW_S: Final = 5.0
"""Of what both clocks said in this time, that counts which was furthest ahead: a network and busy
machines hold up either, and nothing hurries one. 20 times are enough to meet a good moment."""

MAX_TOLD: Final = 200
"""Of that time so many at most are kept, the last ones: ten times what a listener tells."""

LEAST_SHARE: Final = 0.5
MOST_SHARE: Final = 2.0
"""The delay may become so much of what it should be before the frames are mapped anew in a pause,
and half and twice that before they are without one. Clocks 50 millionths apart take an hour and a
half for a quarter of a second."""


class _Told(NamedTuple):
    now_s: float
    their_frame: int
    own_frame: int


class FrameMap:
    """A constant difference, in whole quanta, so that a sample stays where it is in its quantum.

    Parameters
    ----------
    sample_rate
        Of both, frames a second.
    delay_s
        From the other's frame to the one here, beyond what the network takes at its best.

    Attributes
    ----------
    delay_s
        As it should be.
    offset
        Frames to add; None as long as nobody knows.
    """

    def __init__(self, sample_rate: int, delay_s: float) -> None:
        self.delay_s = delay_s
        self.offset: int | None = None
        self._delay_frames = delay_s * sample_rate
        self._sample_rate = sample_rate
        self._told: deque[_Told] = deque(maxlen=MAX_TOLD)

    def measure(self, their_frame: int, own_frame: int, now_s: float) -> None:
        """Take in what both clocks say at a time, by one that is steady."""
        self._told.append(_Told(now_s, their_frame, own_frame))
        while self._told[0].now_s < now_s - WINDOW_S:
            self._told.popleft()

    def fit(self) -> None:
        """Map the frames by what was measured."""
        self.offset = ceil((self._lead + self._delay_frames) / QUANTUM) * QUANTUM

    def forget(self) -> None:
        """Begin anew, with another clock."""
        self.offset = None
        self._told.clear()

    def own_frame(self, their_frame: int) -> int:
        """Return the frame here."""
        assert self.offset is not None
        return their_frame + self.offset

    def is_off(self, times: float = 1.0) -> bool:
        """Return whether the delay is not any more what it should be.

        Parameters
        ----------
        times
            So many times more than the bounds.
        """
        assert self.offset is not None
        share = (self.offset - self._lead) / self._delay_frames
        return not LEAST_SHARE / times <= share <= MOST_SHARE * times

    @property
    def _lead(self) -> float:
        """Frames that the clock here is ahead of the other, which is told after the fact."""
        rate = self._sample_rate
        own = max(told.own_frame - told.now_s * rate for told in self._told)
        return own - max(told.their_frame - told.now_s * rate for told in self._told)
