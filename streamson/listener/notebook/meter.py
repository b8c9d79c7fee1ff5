"""How loud it was since somebody asked last."""

from typing import Final

import numpy as np

from streamson.music.level import amplitude_to_db
from streamson.output.tap import TapFanOut

FLOOR: Final = 1e-5
"""What is quieter, -100 dBFS, counts as silence."""


class Meter:
    """Reads a listener's finished sound.

    Parameters
    ----------
    tap
        Where it comes.
    """

    def __init__(self, tap: TapFanOut) -> None:
        self._reader = tap.open()

    def read(self) -> tuple[float | None, float | None]:
        """Return the peak of the left and the right channel in dBFS; None in silence."""
        peaks = np.zeros(2, np.float32)
        for block in self._reader.read():
            peaks = np.maximum(peaks, np.abs(block.samples).max(axis=0, initial=0.0))
        left, right = (amplitude_to_db(float(p)) if p > FLOOR else None for p in peaks)
        return left, right

    def close(self) -> None:
        """Read no more."""
        self._reader.close()
