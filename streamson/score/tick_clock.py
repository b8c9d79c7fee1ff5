"""The clock of what is looked at for all streams at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

TICK_S: Final = 0.25
"""How often it is looked whether a stream fell silent, and who is in front."""

MAX_MISSED_TICKS: Final = 40
"""Where nobody looked for longer, those times are left out."""


class TickClock:
    """Says when to look: every quarter of a second.

    Parameters
    ----------
    sample_rate
        Frames a second.

    Attributes
    ----------
    step
        Frames from one tick to the next.
    next_frame
        When the next one is.
    on_grid
        Whether ticks lie on a grid, whoever asks when; else they are as late as who asks.
    """

    def __init__(self, sample_rate: int) -> None:
        self.step = round(TICK_S * sample_rate)
        self.next_frame = 0
        self.on_grid = False

    def begin_grid(self, now_frame: int) -> None:
        """Let ticks lie on a grid from now on."""
        self.on_grid = True
        self.next_frame = (now_frame // self.step + 1) * self.step

    def due(self, now_frame: int) -> Iterator[int]:
        """Yield the frames of the ticks up to a frame that were not yet."""
        if not self.on_grid:
            if self.next_frame <= now_frame:
                self.next_frame = now_frame + self.step
                yield now_frame
            return
        if now_frame - self.next_frame > MAX_MISSED_TICKS * self.step:
            self.next_frame = now_frame // self.step * self.step
        while self.next_frame <= now_frame:
            frame, self.next_frame = self.next_frame, self.next_frame + self.step
            yield frame
