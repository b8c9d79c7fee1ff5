"""A clock in place of a device: it keeps real time, so that recording and statistics go on."""

import threading
import time
from typing import Final

from streamson.synth.engine import Engine

PERIOD_S: Final = 0.01
MAX_BACKLOG_S: Final = 1.0
"""A machine that slept longer than this does not render what it slept through."""


class NullDevice:
    """Render an engine in real time and throw the samples away.

    Parameters
    ----------
    engine
        What to render.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._block = max(1, round(PERIOD_S * engine.sample_rate))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="null device", daemon=True)
        self._thread.start()

    def stop(self, frame: int = 0) -> None:
        """Stop the clock; render what is left up to a frame, however busy the machine is."""
        self._stopping.set()
        self._thread.join()
        while self._engine.frame < frame:
            self._engine.render(self._block)

    def _run(self) -> None:
        rate, block = self._engine.sample_rate, self._block
        self._engine.attach_device()
        origin = time.monotonic()
        rendered = 0
        while not self._stopping.wait(max(0.0, origin + rendered / rate - time.monotonic())):
            behind = (time.monotonic() - origin) * rate - rendered
            if behind > MAX_BACKLOG_S * rate:
                origin += behind / rate
                self._engine.attach_device()
            self._engine.render(block)
            rendered += block
