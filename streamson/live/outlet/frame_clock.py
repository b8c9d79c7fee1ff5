"""When a frame of a listener is played here, by the steady clock of this machine."""

from collections import deque
from math import inf
from typing import Final, NamedTuple

WINDOW_S: Final = 5.0
"""Of what was told in this time that counts which came soonest: a network and busy machines hold
up, and nothing hurries. 20 times are enough to meet a good moment."""

MAX_TOLD: Final = 100
"""Of that time so many at most are kept: five times what a listener tells."""

STEP_S: Final = 0.1
STEPS: Final = 3
"""Told so much later so often in turn: the other clock stood, while a device was away."""


class _Told(NamedTuple):
    now_s: float
    began_s: float
    """When frame 0 was, by what was told."""


class FrameClock:
    """Maps frames to seconds of `time.monotonic`. Nothing is known before the first `measure`.

    Parameters
    ----------
    sample_rate
        Frames a second.
    delay_s
        From a frame there to the same one here.
    """

    def __init__(self, sample_rate: int, delay_s: float) -> None:
        self.sample_rate = sample_rate
        self._delay_s = delay_s
        self._told: deque[_Told] = deque(maxlen=MAX_TOLD)
        self._began_s = inf

    @property
    def is_known(self) -> bool:
        """Whether the other clock was told."""
        return bool(self._told)

    def measure(self, frame: int, now_s: float) -> None:
        """Take in a frame that was now when it was told."""
        self._told.append(_Told(now_s, now_s - frame / self.sample_rate))
        while self._told[0].now_s < now_s - WINDOW_S:
            self._told.popleft()
        self._began_s = min(told.began_s for told in self._told)
        last = list(self._told)[-STEPS:]
        if len(last) == STEPS and min(told.began_s for told in last) > self._began_s + STEP_S:
            self._told = deque(last, maxlen=MAX_TOLD)
            self._began_s = min(told.began_s for told in last)

    def time_of(self, frame: float) -> float:
        """Return when a frame is played here, in seconds of `time.monotonic`."""
        return self._began_s + self._delay_s + frame / self.sample_rate

    def frame_at(self, now_s: float) -> float:
        """Return the frame that is played here at a time."""
        return (now_s - self._began_s - self._delay_s) * self.sample_rate
