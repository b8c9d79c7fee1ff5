"""The recorder: a thread that takes finished quanta off the tap and writes them to sound files.

The callback never waits for it. What did not fit into the tap, because the disk stood still for
longer than the tap lasts, becomes silence in the file, so that time stays right, and is counted.
Where the disk takes nothing at all, or the file is deleted, the sound is lost, which is counted,
until the recording goes on in another file.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import OutputFileError, UsageError
from streamson.formats.audio_file import WAV_FRAME_BYTES, AudioFile, writer_for
from streamson.formats.file_lock import NameLock
from streamson.model.limits import CHANNELS
from streamson.recording.retention import Kept, Segment
from streamson.recording.sidecar import Log, NoLog
from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import QUANTUM

DRAIN_INTERVAL_S: Final = 0.05
SYNC_INTERVAL_S: Final = 0.5
"""A loss of power costs at most so much and what the disk itself holds back."""

MAX_PIECE_FRAMES: Final = 4_096
"""Sound is written in pieces of at most this size; before each there is a look at its room."""

ENCODER_BYTES: Final = 1 << 16
"""At most so much an encoder holds back, and writes at the end or with the next piece."""

RETRY_INTERVAL_S: Final = 2.0
RETRY_ROOM_BYTES: Final = 4 << 20
"""After a failure it is tried again so often, once there is so much room: 16 s of sound."""

ROTATION_RETRY_S: Final = 1.0
"""Where the next file can't be opened, the one before goes on for so long."""

MIN_ROTATION_S: Final = 1.0
MIN_ROTATION_BYTES: Final = 1 << 20
MIN_KEEP_BYTES: Final = 500_000
_WAV_HEADER_BYTES: Final = 256

_log = logging.getLogger(__name__)


class Rotation(NamedTuple):
    """When a recording goes on in another file, and how much of it is kept.

    Attributes
    ----------
    seconds, size
        Each file has at most so many seconds, or bytes; None is no limit.
    keep
        Bytes that all files of the recording may take together, whatever is in them: the oldest are
        deleted; None is no limit.
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
        if self.keep < MIN_KEEP_BYTES:
            raise UsageError(f"to keep {self.keep} bytes; {MIN_KEEP_BYTES} or more are allowed")
        if not self.rotates:
            raise UsageError("only whole files can be deleted: to keep so much, say when to rotate")
        if self.size is not None and self.keep < 2 * self.size:
            raise UsageError(f"to keep {self.keep} bytes, files may have half of that at most")

    @property
    def rotates(self) -> bool:
        """Whether there are several files."""
        return self.seconds is not None or self.size is not None


class Recorder:
    """Record everything that an engine plays from now on.

    Parameters
    ----------
    engine
        What to record.
    path
        The sound file: its ending says of which kind. One that exists is kept under another name.
        Where it rotates, or has to go on in another file, the files have numbers:
        ``take-0001.wav``.
    rotation
        When it goes on in another file.
    log
        What is written beside it.

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
        engine: Engine,
        path: Path,
        *,
        rotation: Rotation = Rotation(),  # noqa: B008  # it can't be changed
        log: Log | None = None,
    ) -> None:
        rotation.check()
        self.path = path
        self.lost_frames = 0
        self.files_gone = 0
        self.error: OutputFileError | None = None
        self._engine = engine
        self._rotation = rotation
        self._log: Log = NoLog() if log is None else log
        self._open = writer_for(path)
        self._frames_before = 0
        self._end_frame = 0
        self._number = 0
        self._most_frames = self._limit()
        self._bytes_a_frame = float(WAV_FRAME_BYTES)  # at most; what was found, once it is known
        self._kept = Kept(rotation.keep, self._log)
        self._check_keep()
        self._limited = RateLimitedLog(_log)
        self._due = self._rotation_due = self._retry_due = 0.0
        self._file: AudioFile | None = None  # None as long as the disk takes nothing
        self._lock = NameLock(path) if log is None else None
        try:
            if rotation.keep is not None and log is None:
                # The files of the run before go on, and are deleted in their turn.
                self._number = self._kept.adopt(path)
            self._check_common()
            self._file, self._segment = self._next_file(0)
        except BaseException:
            if self._lock is not None:
                self._lock.release()
            raise
        self._next_frame: int | None = None  # until the first quantum comes
        engine.open_tap()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Length of the recording so far."""
        return self._recorded / self._engine.sample_rate

    @property
    def _recorded(self) -> int:
        file = self._file
        return self._frames_before + (0 if file is None else file.frames)

    @property
    def files(self) -> int:
        """How many sound files were begun."""
        return self._number

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
        self._attempt(lambda: self._log.close(self._end_frame))
        self._limited.flush()
        if self._lock is not None:
            self._lock.release()

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
        if self._file is None and now >= self._retry_due:
            self._resume()
        self._drain()
        if self._file is not None and now >= self._due:
            self._due = now + SYNC_INTERVAL_S
            self._file.sync()
            self._log.sync()
            self._check_there()

    def _pause(self, error: OutputFileError) -> None:
        """Finish what can be finished; go on in another file as soon as there is room."""
        self.error = self.error or error
        self._limited.warning("failed", "%s. The recording pauses; the sound goes on.", error)
        self._retry_due = time.monotonic() + RETRY_INTERVAL_S
        if self._file is None:
            return
        if self._file.frames:  # it may be this file that can't grow
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
        if self._lock is not None:
            self._lock.renew()
        frame = self._next_frame or 0
        self._file, self._segment = self._next_file(frame)
        lost_s = self.lost_frames / self._engine.sample_rate
        path = self._file.path
        self._limited.warning(
            "again", "recording again, to %s; %.1f s are lost so far", path, lost_s
        )

    def _check_there(self) -> None:
        """Go on in other files where those that are written were deleted or moved."""
        file = self._file
        if file is None or (file.is_there and self._log.is_there):
            return
        self.files_gone += 1
        found = f"{self.path} was deleted or moved while it was recorded"
        self.error = self.error or OutputFileError(found)
        self._limited.warning("gone", "%s. It goes on in a new file.", found)
        self._finish_file()
        self._kept.drop_missing()
        self._resume()

    def _finish_file(self) -> None:
        """Let the file that is written be whole, whatever happens after."""
        if self._file is None:
            return
        file, segment = self._file, self._segment
        self._file = None
        self._finish(file, segment)

    def _finish(self, file: AudioFile, segment: Segment) -> None:
        given, is_there, is_deleted = file.frames, file.is_there, file.is_deleted
        try:
            file.sync()
        finally:
            try:
                file.close()
            finally:
                found = 0 if is_deleted else file.frames
                self._frames_before += found
                self.lost_frames += given - found
                if is_there:  # else what has its name now is somebody else's
                    self._take_in(file, segment)

    def _take_in(self, file: AudioFile, segment: Segment) -> None:
        """Count a file that is finished; delete one that nothing came to be in."""
        if not file.frames and (self._number > 1 or self.error is not None):
            segment.delete()
            self._log.forget(segment.audio)
            self._number -= 1
            return
        segment.sound = segment.audio.stat().st_size
        if file.frames:
            self._bytes_a_frame = segment.sound / file.frames
        self._kept.add(segment)

    def _drain(self) -> None:
        while True:
            first_frames, quanta = self._engine.tap.read()
            if not len(first_frames):
                break
            # Where two quanta do not follow one another, some were lost between them.
            breaks = np.flatnonzero(np.diff(first_frames) != QUANTUM) + 1
            starts = [0, *breaks.tolist()]
            for start, run in zip(starts, np.split(quanta, breaks), strict=True):
                self._attempt(partial(self._take, int(first_frames[start]), run))
        if self._file is not None:
            self._log.write(self._log_room())

    def _take(self, frame: int, quanta: NDArray[np.float32]) -> None:
        """Append samples that begin at a frame, after silence for what is missing before it."""
        samples = quanta.reshape(-1, CHANNELS)
        before, self._next_frame = self._next_frame, frame + len(samples)
        missing = 0 if before is None else max(frame - before, 0)
        samples = samples[: max(0, self._engine.stop_frame - frame)]
        if self._file is None:
            self.lost_frames += missing + len(samples)
            return
        if missing:
            self.lost_frames += missing
            self._limited.warning(
                "slow", "the disk is too slow: %d frames of the recording are silence", missing
            )
            silence = np.zeros((MAX_PIECE_FRAMES, CHANNELS), np.float32)
            for start in range(0, missing, MAX_PIECE_FRAMES):
                self._write(frame - missing + start, silence[: missing - start])
        self._write(frame, samples)

    def _write(self, frame: int, samples: NDArray[np.float32]) -> None:
        """Append samples, in as many files as it takes."""
        before, done = self._recorded, 0
        try:
            while done < len(samples):
                done += self._write_piece(frame + done, samples[done:])
        finally:  # a disk that is full may have taken a part
            written = self._recorded - before
            self._end_frame = frame + written
            self.lost_frames += len(samples) - written

    def _write_piece(self, frame: int, samples: NDArray[np.float32]) -> int:
        """Append the first of some samples; return how many."""
        assert self._file is not None
        if self._full() and time.monotonic() >= self._rotation_due:
            self._rotate(frame)
        if not self._has_kept_room(MAX_PIECE_FRAMES):
            self._rotate(frame)  # then the file that was written can give way
            if not self._has_kept_room(MAX_PIECE_FRAMES):
                raise OutputFileError(f"can't write {self.path}: what may be kept is too little")
        room = MAX_PIECE_FRAMES
        if self._most_frames is not None and self._file.frames < self._most_frames:
            room = min(room, self._most_frames - self._file.frames)
        piece = samples[:room]
        self._file.write(piece)
        return len(piece)

    def _rotate(self, frame: int) -> None:
        """Go on in the next file; where there is none yet, in this one."""
        assert self._file is not None
        file, segment = self._file, self._segment
        segment.log = self._log.size
        try:
            self._file, self._segment = self._next_file(frame)
        except (OutputFileError, OSError) as error:
            self._rotation_due = time.monotonic() + ROTATION_RETRY_S
            self._limited.warning("rotation", "%s. Going on in %s for now.", error, file.path)
            return
        self._finish(file, segment)

    def _full(self) -> bool:
        assert self._file is not None
        if self._most_frames is not None and self._file.frames >= self._most_frames:
            return True
        size = self._file.size + self._log.size
        limits = (self._rotation.size, self._half_of_what_is_kept)
        return any(limit is not None and size >= limit for limit in limits)

    @property
    def _half_of_what_is_kept(self) -> int | None:
        """The largest that a file with all that belongs to it may be, so that one can go."""
        keep = self._rotation.keep
        return None if keep is None else (keep - self._log.common_size) // 2

    def _has_kept_room(self, frames: int) -> bool:
        """Return whether so many frames fit into what may be kept, after deleting the oldest."""
        if self._rotation.keep is None:
            return True
        assert self._file is not None
        now = self._file.size + self._log.size + self._log.common_size
        return self._kept.make_room(now + frames * WAV_FRAME_BYTES + self._held_back)

    @property
    def _held_back(self) -> int:
        return 0 if self._is_wav else ENCODER_BYTES

    @property
    def _is_wav(self) -> bool:
        return self.path.suffix.lower() == ".wav"

    def _sound_to_come(self, frames: int, size: int) -> int:
        """Return the bytes that a file of so many frames and bytes will still need for sound."""
        ends = []
        if self._most_frames is not None:
            ends.append(round(max(self._most_frames - frames, 0) * self._bytes_a_frame))
        if self._rotation.size is not None:
            ends.append(max(self._rotation.size - size - self._log.size, 0))
        if self._half_of_what_is_kept is not None:
            ends.append(max(self._half_of_what_is_kept - size, 0))
        return min(ends, default=0) + self._held_back

    def _log_room(self) -> int | None:
        """Return the bytes that points and notes may take now; None is no limit."""
        keep = self._rotation.keep
        if keep is None:
            return None
        assert self._file is not None
        size, log_size = self._file.size, self._log.size
        taken = self._kept.size + size + log_size + self._log.common_size
        room = keep - taken - self._sound_to_come(self._file.frames, size)
        limit = self._rotation.size
        if limit is not None:  # or a flood of points would let files of no sound follow each other
            room = min(room, limit // 2 - log_size)
        return max(room, 0)

    def _limit(self) -> int | None:
        """Return how many frames a file may have, where that is known."""
        rotation, limits = self._rotation, []
        if rotation.seconds is not None:
            limits.append(round(rotation.seconds * self._engine.sample_rate))
        if rotation.size is not None and self._is_wav:
            limits.append((rotation.size - _WAV_HEADER_BYTES) // WAV_FRAME_BYTES)
        return min(limits, default=None)

    def _check_keep(self) -> None:
        """Raise `UsageError` if not even two files would fit into what is kept."""
        keep, frames = self._rotation.keep, self._most_frames
        if keep is None or frames is None or not self._is_wav:
            return
        size = frames * WAV_FRAME_BYTES
        if keep < 2 * size:
            raise UsageError(
                f"to keep {keep} bytes, files may have half of that at most; they have {size}"
            )

    def _check_common(self) -> None:
        """Raise `OutputFileError` if a session's samples leave no room in what may be kept."""
        keep, common = self._rotation.keep, self._log.common_size
        if keep is not None and common > keep // 2:
            raise OutputFileError(
                f"can't record to {self.path.parent}: the session and its samples have "
                f"{common:,} bytes, more than half of what may be kept"
            )

    def _next_file(self, first_frame: int) -> tuple[AudioFile, Segment]:
        path = self._next_path()
        sound = self._sound_to_come(0, 0)
        open_size = self._file.size + self._log.size if self._file is not None else 0
        self._kept.make_room(
            open_size + sound + self._kept.largest_log(sound) + self._log.common_size
        )
        file = self._open(path, self._engine.sample_rate)
        try:
            others = self._log.begin(path, first_frame)
        except (OutputFileError, OSError):
            with suppress(OutputFileError, OSError):
                file.close()
            path.unlink(missing_ok=True)
            raise
        self._number += 1
        return file, Segment(path, others)

    def _next_path(self) -> Path:
        path, number = self.path, self._number + 1
        if self._rotation.rotates or (number > 1 and (self._lock is None or os.path.lexists(path))):
            path = path.with_stem(f"{path.stem}-{number:04}")
        if os.path.lexists(path) and not path.is_dir():
            keep_existing(path)
        return path


def _has_room(folder: Path) -> bool:
    """Return whether a disk takes a few more seconds."""
    if not hasattr(os, "statvfs"):
        return True
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize >= RETRY_ROOM_BYTES


def keep_existing(path: Path) -> None:
    """Move a file or folder out of the way, to the first free name with a number."""
    number = 1
    while os.path.lexists(other := path.with_stem(f"{path.stem}-{number}")):
        number += 1
    path.rename(other)
    _log.warning("%s was there already; it is kept as %s", path, other)
