"""The recorder: a thread that takes finished quanta off the tap and writes them to sound files.

The callback never waits for it. What did not fit into the tap, because the disk stood still for
longer than the tap lasts, becomes silence in the file, so that time stays right, and is counted.
"""

import logging
import re
import threading
import time
from collections import deque
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from streamson.errors import OutputFileError, UsageError
from streamson.output.audio_file import WAV_FRAME_BYTES, AudioFile, writer_for
from streamson.synth.engine import Engine
from streamson.synth.memory import CHANNELS, QUANTUM

DRAIN_INTERVAL_S: Final = 0.05
SYNC_INTERVAL_S: Final = 0.5
"""A loss of power costs at most so much and what the disk itself holds back."""

MAX_SILENCE_FRAMES: Final = 65_536
"""Silence is written in pieces of at most this size."""

MIN_ROTATION_S: Final = 1.0
MIN_ROTATION_BYTES: Final = 1 << 20
_WAV_HEADER_BYTES: Final = 256

_log = logging.getLogger(__name__)


class Rotation(NamedTuple):
    """When a recording goes on in another file, and how much of it is kept.

    Attributes
    ----------
    seconds, size
        Each file has at most so many seconds, or bytes; None is no limit.
    keep
        Bytes that all files may take together: the oldest are deleted; None is no limit.
    """

    seconds: float | None = None
    size: int | None = None
    keep: int | None = None

    def check(self) -> None:
        """Raise `UsageError` where it makes no sense."""
        if self.seconds is not None and self.seconds < MIN_ROTATION_S:
            raise UsageError(f"a new file every {self.seconds} s; at least 1 s is allowed")
        if self.size is not None and self.size < MIN_ROTATION_BYTES:
            raise UsageError(
                f"files of {self.size} bytes; {MIN_ROTATION_BYTES} or more are allowed"
            )
        if self.keep is None:
            return
        if not self.rotates:
            raise UsageError("only whole files can be deleted: to keep so much, say when to rotate")
        if self.size is not None and self.keep < 2 * self.size:
            raise UsageError(f"to keep {self.keep} bytes, files may have half of that at most")

    @property
    def rotates(self) -> bool:
        """Whether there are several files."""
        return self.seconds is not None or self.size is not None


class Log(Protocol):
    """Anything that is written beside the sound, in the recorder's thread."""

    @property
    def size(self) -> int:
        """Bytes of the files that belong to the sound file that is written."""

    def begin(self, audio: Path, first_frame: int) -> list[Path]:
        """Begin the files that belong to a new sound file, and return them."""

    def write(self) -> None:
        """Write what waits."""

    def sync(self) -> None:
        """Let what was written survive a loss of power."""

    def forget(self, audio: Path) -> None:
        """Take in that a sound file was deleted, and all that belongs to it."""

    def close(self, frames: int) -> None:
        """Finish, after so many frames of sound."""


class NoLog:
    """Nothing is written beside the sound."""

    size: int = 0

    def begin(self, audio: Path, first_frame: int) -> list[Path]:  # noqa: ARG002  # as Log
        """Do nothing."""
        return []

    def write(self) -> None:
        """Do nothing."""

    def sync(self) -> None:
        """Do nothing."""

    def forget(self, audio: Path) -> None:
        """Do nothing."""

    def close(self, frames: int) -> None:
        """Do nothing."""


class Recorder:
    """Record everything that an engine plays from now on.

    Parameters
    ----------
    engine
        What to record.
    path
        The sound file: its ending says of which kind. One that exists is kept under another name.
        Where it rotates, the files have numbers: ``take-0001.wav``.
    rotation
        When it goes on in another file.
    log
        What is written beside it.

    Attributes
    ----------
    lost_frames
        Frames that are silence because the disk was too slow.
    error
        Why recording ended early, or None.

    Raises
    ------
    OutputFileError
        If a file can't be opened.
    UsageError
        If there is no sound file of such an ending, or the rotation makes no sense.
    """

    def __init__(
        self,
        engine: Engine,
        path: Path,
        *,
        rotation: Rotation = Rotation(),  # noqa: B008  # it can't be changed
        log: Log | None = None,
    ) -> None:
        rotation.check()
        self.path = path
        self.lost_frames = 0
        self.error: OutputFileError | None = None
        self._engine = engine
        self._rotation = rotation
        self._log: Log = NoLog() if log is None else log
        self._open = writer_for(path)
        self._frames_before = 0
        self._finished = False
        self._segments: deque[list[Path]] = deque()
        self._number = 0
        self._most_frames = self._limit()
        self._check_keep()
        self._adopt()
        self._file = self._next_file(0)
        self._next_frame: int | None = None  # until the first quantum comes
        engine.open_tap()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Length of the recording so far."""
        now = 0 if self._finished else self._file.frames
        return (self._frames_before + now) / self._engine.sample_rate

    @property
    def files(self) -> int:
        """How many sound files were begun."""
        return self._number

    def stop(self) -> None:
        """Write what is left, up to the frame where the engine stopped, and finish the files."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            due = time.monotonic() + SYNC_INTERVAL_S
            while not self._stopping.wait(DRAIN_INTERVAL_S):
                self._drain()
                if time.monotonic() >= due:
                    self._file.sync()
                    self._log.sync()
                    due = time.monotonic() + SYNC_INTERVAL_S
            self._drain()
            self._finish_file()
            self._log.close(self._frames_before)
        except OutputFileError as error:
            self._fail(error)
        except OSError as error:  # such as a folder that was deleted
            self._fail(OutputFileError(f"can't record to {self.path}: {error.strerror or error}"))

    def _fail(self, error: OutputFileError) -> None:
        """End the recording; the sound goes on."""
        self.error = error
        self._engine.close_tap()
        _log.warning("%s. The recording ends here; the sound goes on.", error)
        self._abandon()

    def _abandon(self) -> None:
        """Finish what can still be finished."""
        for close in (self._finish_file, lambda: self._log.close(self._frames_before)):
            try:
                close()
            except (OutputFileError, OSError) as error:
                _log.info("%s", error)

    def _finish_file(self) -> None:
        """Let the file that is written be whole, whatever happens after."""
        if self._finished:
            return
        self._finished = True
        self._frames_before += self._file.frames
        try:
            self._file.sync()
        finally:
            self._file.close()

    def _drain(self) -> None:
        while True:
            first_frames, quanta = self._engine.tap.read()
            if not len(first_frames):
                break
            # Where two quanta do not follow one another, some were lost between them.
            breaks = np.flatnonzero(np.diff(first_frames) != QUANTUM) + 1
            starts = [0, *breaks.tolist()]
            for start, run in zip(starts, np.split(quanta, breaks), strict=True):
                self._take(int(first_frames[start]), run.reshape(-1, CHANNELS))
        self._log.write()

    def _take(self, frame: int, samples: NDArray[np.float32]) -> None:
        """Append samples that begin at a frame, after silence for what is missing before it."""
        if self._next_frame is not None and frame > self._next_frame:
            self._write_silence(self._next_frame, frame - self._next_frame)
        self._write(frame, samples[: max(0, self._engine.stop_frame - frame)])
        self._next_frame = frame + len(samples)

    def _write_silence(self, frame: int, frames: int) -> None:
        self.lost_frames += frames
        _log.warning("the disk is too slow: %d frames of the recording are silence", frames)
        silence = np.zeros((MAX_SILENCE_FRAMES, CHANNELS), np.float32)
        for start in range(0, frames, MAX_SILENCE_FRAMES):
            self._write(frame + start, silence[: frames - start])

    def _write(self, frame: int, samples: NDArray[np.float32]) -> None:
        """Append samples, in as many files as it takes."""
        while len(samples):
            if self._full():
                self._finish_file()
                self._file = self._next_file(frame)
                self._finished = False
            room = len(samples)
            if self._most_frames is not None:
                room = min(room, self._most_frames - self._file.frames)
            self._file.write(samples[:room])
            frame, samples = frame + room, samples[room:]

    def _full(self) -> bool:
        if self._most_frames is not None and self._file.frames >= self._most_frames:
            return True
        size = self._rotation.size
        return size is not None and self._file.size + self._log.size >= size

    def _limit(self) -> int | None:
        """Return how many frames a file may have, where that is known."""
        rotation, limits = self._rotation, []
        if rotation.seconds is not None:
            limits.append(round(rotation.seconds * self._engine.sample_rate))
        if rotation.size is not None and self.path.suffix.lower() == ".wav":
            limits.append((rotation.size - _WAV_HEADER_BYTES) // WAV_FRAME_BYTES)
        return min(limits, default=None)

    def _check_keep(self) -> None:
        """Raise `UsageError` if not even two files would fit into what is kept."""
        keep, frames = self._rotation.keep, self._most_frames
        if keep is None or frames is None or self.path.suffix.lower() != ".wav":
            return
        size = frames * WAV_FRAME_BYTES
        if keep < 2 * size:
            raise UsageError(
                f"to keep {keep} bytes, files may have half of that at most; they have {size}"
            )

    def _adopt(self) -> None:
        """Count the files of the run before: they go on, and are deleted in their turn."""
        if self._rotation.keep is None or not isinstance(self._log, NoLog):
            return
        pattern = re.compile(rf"{re.escape(self.path.stem)}-(\d{{4,}})")
        for path in sorted(self.path.parent.glob(f"*{self.path.suffix}")):
            match = pattern.fullmatch(path.stem)
            if match:
                self._segments.append([path])
                self._number = max(self._number, int(match[1]))

    def _next_file(self, first_frame: int) -> AudioFile:
        self._number += 1
        path = self.path
        if self._rotation.rotates:
            path = path.with_stem(f"{path.stem}-{self._number:04}")
        if path.is_file():
            keep_existing(path)
        file = self._open(path, self._engine.sample_rate)
        self._segments.append([path, *self._log.begin(path, first_frame)])
        self._make_room()
        return file

    def _make_room(self) -> None:
        """Delete the oldest files, so that the next one has room in what may be kept."""
        if self._rotation.keep is None:
            return
        sizes = [sum(_size(path) for path in paths) for paths in self._segments]
        next_size = max(sizes)
        while len(self._segments) > 1 and sum(sizes) + next_size > self._rotation.keep:
            sizes.pop(0)
            audio, *others = self._segments.popleft()
            for path in (audio, *others):
                path.unlink(missing_ok=True)
            self._log.forget(audio)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def keep_existing(path: Path) -> None:
    """Move a file or folder out of the way, to the first free name with a number."""
    number = 1
    while (other := path.with_stem(f"{path.stem}-{number}")).exists():
        number += 1
    path.rename(other)
    _log.warning("%s was there already; it is kept as %s", path, other)
