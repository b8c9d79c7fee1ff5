"""The frames of another listener's clock, as frames of the engine here."""

from collections import deque
from math import ceil
from typing import Final

from streamson.synth.kernel.layout import QUANTUM

WINDOW_S: Final = 5.0
"""Of what the other clock said in this time, what was on its way for the shortest counts: 20 times
are enough to meet a moment at which the network does not hold them."""

LEAST_SHARE: Final = 0.5
MOST_SHARE: Final = 2.0
"""The delay may become so much of what it should be before the frames are mapped anew in a pause,
and half and twice that before they are without one. Clocks 50 millionths apart take an hour and a
half for a quarter of a second."""


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
        self._window_frames = round(WINDOW_S * sample_rate)
        self._leads: deque[tuple[int, int]] = deque()

    def measure(self, their_frame: int, own_frame: int) -> None:
        """Take in what the other clock said, and when it arrived."""
        self._leads.append((own_frame, own_frame - their_frame))
        while self._leads[0][0] < own_frame - self._window_frames:
            self._leads.popleft()

    def fit(self) -> None:
        """Map the frames by what was measured."""
        self.offset = ceil((self._least_lead + self._delay_frames) / QUANTUM) * QUANTUM

    def forget(self) -> None:
        """Begin anew, with another clock."""
        self.offset = None
        self._leads.clear()

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
        share = (self.offset - self._least_lead) / self._delay_frames
        return not LEAST_SHARE / times <= share <= MOST_SHARE * times

    @property
    def _least_lead(self) -> int:
        return min(lead for _, lead in self._leads)
