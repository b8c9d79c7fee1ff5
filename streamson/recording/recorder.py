"""The recorder: a thread that takes finished sound off the tap and has it written to files.

The callback never waits for it. What was lost on its way, because the disk stood still for longer
than the tap lasts, becomes silence in the file, so that time stays right, and is counted. Where the
disk takes nothing at all, or the file is deleted, the sound is lost, which is counted, until the
recording goes on in another file.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson._event_log import EventLog
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import OutputFileError
from streamson.model.event.base import Event
from streamson.model.event.recordings import (
    RecordingEnded,
    RecordingPaused,
    RecordingRotated,
    RecordingStarted,
)
from streamson.model.limits import CHANNELS
from streamson.output.tap import TapBlock, TapFanOut
from streamson.recording.rotating_writer import MAX_PIECE_FRAMES, RotatingWriter
from streamson.recording.rotation import Rotation
from streamson.recording.sidecar import Sidecar

DRAIN_INTERVAL_S: Final = 0.05
SYNC_INTERVAL_S: Final = 0.5
"""A loss of power costs at most so much and what the disk itself holds back."""

RETRY_INTERVAL_S: Final = 2.0
RETRY_SPACE_BYTES: Final = 4 << 20
"""After a failure it is tried again so often, once there is so much room: 16 s of sound."""

_log = logging.getLogger(__name__)


class Recorder:
    """Record everything that is played from now on.

    Parameters
    ----------
    tap
        What to record.
    path
        The sound file, as for `RotatingWriter`.
    rotation
        When it goes on in another file.
    sidecar
        What is written beside it.
    on_event
        Is called when the recording begins, rotates, pauses and ends, in the recorder's thread;
        by default it is logged.

    Attributes
    ----------
    lost_frames
        Frames that are silence because the disk was too slow, or are nowhere because it took
        nothing, or the file was deleted.
    files_gone
        How often files were deleted or moved while they were recorded to.
    error
        What went wrong first, or None. The recording goes on as soon as it can.

    Raises
    ------
    OutputFileError
        If a file can't be opened, or another process records under the same name.
    UsageError
        If there is no sound file of such an ending, or the rotation makes no sense.
    """

    def __init__(
        self,
        tap: TapFanOut,
        path: Path,
        *,
        rotation: Rotation = Rotation(),  # noqa: B008  # it can't be changed
        sidecar: Sidecar | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self._event_log = EventLog()
        self._on_event = on_event or self._event_log
        self.path = path
        self.files_gone = 0
        self.error: OutputFileError | None = None
        self._writer = RotatingWriter(
            *(path, tap.sample_rate),
            rotation=rotation,
            sidecar=sidecar,
            on_rotated=lambda path, frame: self._on_event(
                RecordingRotated(frame=frame, path=str(path))
            ),
        )
        self._lost_frames = 0
        self._end_frame = 0
        self._next_frame: int | None = None  # until the first quantum comes
        self._limited = RateLimitedLog(_log)
        self._sync_due = self._retry_due = 0.0
        self._paused = False
        self._tap = tap.open()
        self._on_event(RecordingStarted(frame=tap.frame, path=str(self._writer.open_path)))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Length of the recording so far."""
        return self._writer.frames / self._writer.sample_rate

    @property
    def files(self) -> int:
        """How many sound files were begun."""
        return self._writer.files

    @property
    def lost_frames(self) -> int:
        """Frames that are silence or nowhere."""
        return self._lost_frames + self._writer.lost_frames

    def stop(self) -> None:
        """Write what is left, up to the frame where the engine stopped, and finish the files."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(DRAIN_INTERVAL_S):
            self._attempt(self._turn)
        self._attempt(self._drain)
        self._attempt(self._check_there)
        self._attempt(self._finish_file)
        self._attempt(lambda: self._writer.close_sidecar(self._end_frame))
        self._tap.close()
        ended = RecordingEnded(frame=self._end_frame, path=str(self.path), seconds=self.seconds)
        self._on_event(ended)
        self._event_log.close()
        self._limited.flush()
        self._writer.release()

    def _attempt(self, step: Callable[[], None]) -> None:
        """Do something; where that fails the recording pauses, and the sound goes on."""
        try:
            step()
        except OutputFileError as error:
            self._pause(error)
        except OSError as error:
            self._pause(OutputFileError(f"can't record to {self.path}: {error.strerror or error}"))

    def _turn(self) -> None:
        now = time.monotonic()
        if not self._writer.is_open and now >= self._retry_due:
            self._resume()
        self._drain()
        if self._writer.is_open and now >= self._sync_due:
            self._sync_due = now + SYNC_INTERVAL_S
            self._writer.sync()
            self._check_there()

    def _pause(self, error: OutputFileError) -> None:
        """Finish what can be finished; go on in another file as soon as there is room."""
        self.error = self.error or error
        self._retry_due = time.monotonic() + RETRY_INTERVAL_S
        if self._paused:
            self._limited.warning("again", "still not recording: %s", error)
        else:
            self._paused = True
            self._on_event(RecordingPaused(frame=self._end_frame, reason=str(error)))
        if not self._writer.is_open:
            return
        if self._writer.open_frames:  # it may be this file that can't grow
            self._retry_due = 0.0
        try:
            self._finish_file()
        except (OutputFileError, OSError) as also:
            _log.info("%s", also)

    def _resume(self) -> None:
        """Go on in another file, if there is room."""
        self._retry_due = time.monotonic() + RETRY_INTERVAL_S
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)  # somebody may have deleted it
        if not _has_room(folder):
            return
        path = self._writer.reopen(self._next_frame or 0)
        self._paused = False
        lost_s = self.lost_frames / self._writer.sample_rate
        begun = RecordingStarted(
            frame=self._end_frame, path=str(path), is_again=True, lost_s=lost_s
        )
        self._on_event(begun)

    def _check_there(self) -> None:
        """Go on in other files where those that are written were deleted or moved."""
        if self._writer.is_there:
            return
        self.files_gone += 1
        found = f"{self.path} was deleted or moved while it was recorded"
        self.error = self.error or OutputFileError(found)
        self._on_event(RecordingPaused(frame=self._end_frame, reason=found, is_gone=True))
        self._finish_file()
        self._writer.drop_missing()
        self._resume()

    def _finish_file(self) -> None:
        self._writer.finish(keep_empty=self.error is None)

    def _drain(self) -> None:
        while blocks := self._tap.read():
            for block in blocks:
                self._attempt(partial(self._take, block))
        self._writer.write_sidecar()

    def _take(self, block: TapBlock) -> None:
        """Append a block, after silence for what is missing before it."""
        frame, samples = block
        before, self._next_frame = self._next_frame, frame + len(samples)
        missing = 0 if before is None else max(frame - before, 0)
        if not self._writer.is_open:
            self._lost_frames += missing + len(samples)
            return
        if missing:
            self._lost_frames += missing
            self._limited.warning(
                "slow", "the disk is too slow: %d frames of the recording are silence", missing
            )
            silence = np.zeros((MAX_PIECE_FRAMES, CHANNELS), np.float32)
            for start in range(0, missing, MAX_PIECE_FRAMES):
                self._write(frame - missing + start, silence[: missing - start])
        self._write(frame, samples)

    def _write(self, frame: int, samples: NDArray[np.float32]) -> None:
        before = self._writer.frames
        try:
            self._writer.write(frame, samples)
        finally:  # a disk that is full may have taken a part
            written = self._writer.frames - before
            self._end_frame = frame + written
            self._lost_frames += len(samples) - written


def _has_room(folder: Path) -> bool:
    """Return whether a disk takes a few more seconds."""
    if not hasattr(os, "statvfs"):
        return True
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize >= RETRY_SPACE_BYTES
