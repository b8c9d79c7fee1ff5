"""Sound as time passes: where a listener tells nothing, silence, so that nobody's player ends."""

from typing import Final

import msgspec

from streamson.model.feed import AudioBlock

FRAME_BYTES: Final = 8
"""Of float32, left and right."""

MAX_SILENCE_S: Final = 2.0
"""At a time: a process that was stopped for hours does not make good for them."""


class Timeline:
    """Keeps sound in step with time: as much silence as is missing, and no more.

    Frames for which silence went out already are left out where they come late.

    Parameters
    ----------
    sample_rate
        Frames a second.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._end = 0
        self._position = 0

    def take(self, block: AudioBlock) -> AudioBlock:
        """Return what is still to be sent of a block; it may be empty."""
        frames = len(block.samples) // FRAME_BYTES
        if block.frame < self._end:  # another listener, whose frames begin anew
            self._position = block.frame
        late = min(max(self._position - block.frame, 0), frames)
        self._end = block.frame + frames
        self._position = max(self._position, self._end)
        if not late:
            return block
        return msgspec.structs.replace(
            block, frame=block.frame + late, samples=block.samples[late * FRAME_BYTES :]
        )

    def silence(self, duration_s: float) -> AudioBlock:
        """Return silence of a length, `MAX_SILENCE_S` at most, where nothing came for so long."""
        frames = round(min(duration_s, MAX_SILENCE_S) * self._rate)
        silent = AudioBlock(frame=self._position, time=0.0, samples=bytes(frames * FRAME_BYTES))
        self._position += frames
        return silent
