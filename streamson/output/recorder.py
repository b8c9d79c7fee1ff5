"""The recorder: a thread that takes finished quanta off the tap and writes them to a file.

The callback never waits for it. What did not fit into the tap, because the disk stood still for
longer than the tap lasts, becomes silence in the file, so that time stays right, and is counted.
"""

import logging
import threading
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.output.audio_file import AudioFileError, WavWriter
from streamson.synth.engine import Engine
from streamson.synth.memory import CHANNELS, QUANTUM

DRAIN_INTERVAL_S: Final = 0.05
MAX_SILENCE_FRAMES: Final = 65_536
"""Silence is written in pieces of at most this size."""

_log = logging.getLogger(__name__)


class Recorder:
    """Record everything that an engine plays from now on.

    Parameters
    ----------
    engine
        What to record.
    path
        The WAV file. One that exists is kept under another name.

    Attributes
    ----------
    lost_frames
        Frames that are silence because the disk was too slow.
    error
        Why recording ended early, or None.

    Raises
    ------
    AudioFileError
        If the file can't be opened.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        self.path = path
        self.lost_frames = 0
        self.error: AudioFileError | None = None
        self._engine = engine
        keep_existing(path)
        self._writer = WavWriter(path, engine.sample_rate)
        self._next_frame: int | None = None  # until the first quantum comes
        engine.open_tap()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Length of the recording so far."""
        return self._writer.frames / self._engine.sample_rate

    def stop(self) -> None:
        """Write what is left, up to the frame where the engine stopped, and finish the file."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.wait(DRAIN_INTERVAL_S):
                self._drain()
            self._drain()
            self._writer.close()
        except AudioFileError as error:
            self.error = error
            self._engine.close_tap()
            _log.warning("%s. The recording ends here; the sound goes on.", error)

    def _drain(self) -> None:
        while True:
            first_frames, quanta = self._engine.tap.read()
            if not len(first_frames):
                return
            # Where two quanta do not follow one another, some were lost between them.
            breaks = np.flatnonzero(np.diff(first_frames) != QUANTUM) + 1
            starts = [0, *breaks.tolist()]
            for start, run in zip(starts, np.split(quanta, breaks), strict=True):
                self._write(int(first_frames[start]), run.reshape(-1, CHANNELS))

    def _write(self, frame: int, samples: NDArray[np.float32]) -> None:
        """Append samples that begin at a frame, after silence for what is missing before it."""
        if self._next_frame is not None and frame > self._next_frame:
            self._write_silence(frame - self._next_frame)
        self._writer.write(samples[: max(0, self._engine.stop_frame - frame)])
        self._next_frame = frame + len(samples)

    def _write_silence(self, frames: int) -> None:
        self.lost_frames += frames
        _log.warning("the disk is too slow: %d frames of the recording are silence", frames)
        silence = np.zeros((MAX_SILENCE_FRAMES, CHANNELS), np.float32)
        while frames > 0:
            self._writer.write(silence[:frames])
            frames -= MAX_SILENCE_FRAMES


def keep_existing(path: Path) -> None:
    """Move a file out of the way, to the first free name with a number: no recording is lost."""
    if not path.is_file():
        return
    number = 1
    while (other := path.with_stem(f"{path.stem}-{number}")).exists():
        number += 1
    path.rename(other)
    _log.warning("%s was there already; it is kept as %s", path, other)
