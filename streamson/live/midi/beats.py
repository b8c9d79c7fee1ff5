"""MIDI's clock: 24 ticks a beat, in step with what a listener plays on the grid."""

from collections.abc import Callable
from math import ceil, inf
from typing import Final

from streamson.live.midi.messages import Messages
from streamson.live.outlet.frame_clock import FrameClock

TICKS_A_BEAT: Final = 24

MAX_BEHIND_TICKS: Final = 12
"""Half a beat: of what is further behind the receiver is told to stop, and to start again."""

MAX_AHEAD_TICKS: Final = 2 * TICKS_A_BEAT
"""Beats begin within the next one: what is further ahead was counted by another clock."""


class Beats:
    """Tells the beats of a listener, which counts them from frame 0.

    Parameters
    ----------
    messages
        Makes what is sent.
    send
        Sends it.
    """

    def __init__(self, messages: Messages, send: Callable[[list[int]], None]) -> None:
        self._messages = messages
        self._send = send
        self._clock: FrameClock | None = None
        self._tempo: float | None = None
        self._next: int | None = None
        self._is_running = False

    def follow(self, clock: FrameClock | None, tempo: float | None) -> None:
        """Keep to a tempo by a listener's clock; None is none, and stops.

        Parameters
        ----------
        clock
            The listener's.
        tempo
            Beats a minute.
        """
        if (clock, tempo) != (self._clock, self._tempo):
            self.stop()
        self._clock, self._tempo = clock, tempo

    def stop(self) -> None:
        """Tell that there are no more beats, if there were any."""
        if self._is_running:
            self._send(self._messages.stop())
        self._next, self._is_running = None, False

    def turn(self, now_s: float) -> float:
        """Tell what is due; return when something will be."""
        if self._clock is None or self._tempo is None or not self._clock.is_known:
            return inf
        frames = self._clock.sample_rate * 60 / self._tempo / TICKS_A_BEAT
        now = self._clock.frame_at(now_s) / frames
        if self._next is None or not -MAX_AHEAD_TICKS < now - self._next < MAX_BEHIND_TICKS:
            self.stop()
            self._next = ceil(now / TICKS_A_BEAT + 0.5) * TICKS_A_BEAT
        if not self._is_running:
            # A tick before the first one, so that the receiver is ready for it.
            if now < self._next - 1:
                return self._clock.time_of((self._next - 1) * frames)
            self._is_running = True
            self._send(self._messages.start())
        while self._next <= now:
            self._send(self._messages.tick())
            self._next += 1
        return self._clock.time_of(self._next * frames)
