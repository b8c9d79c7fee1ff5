"""Sound in as many files as a rotation asks for, each with what is written beside it."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import OutputFileError, UsageError
from streamson.formats.audio_file import WAV_FRAME_BYTES, AudioFile, writer_for
from streamson.formats.file_lock import NameLock
from streamson.recording.retention import Retention, Segment
from streamson.recording.rotation import Rotation
from streamson.recording.sidecar import NoSidecar, Sidecar

MAX_PIECE_FRAMES: Final = 4_096
"""Sound is written in pieces of at most this size; before each there is a look at its room."""

ENCODER_BYTES: Final = 1 << 16
"""At most so much an encoder holds back, and writes at the end or with the next piece."""

ROTATION_RETRY_S: Final = 1.0
"""Where the next file can't be opened, the one before goes on for so long."""

_WAV_HEADER_BYTES: Final = 256

_log = logging.getLogger(__name__)


class RotatingWriter:
    """Writes sound to one file after the other; what it needs is freed of what is kept.

    Parameters
    ----------
    path
        The sound file: its ending says of which kind. One that exists is kept under another name.
        Where it rotates, or has to go on in another file, the files have numbers:
        ``take-0001.wav``.
    sample_rate
        In Hz.
    rotation
        When it goes on in another file.
    sidecar
        What is written beside it; None is nothing.
    on_rotated
        Is called with the path and the first frame of each file that follows another without a gap.

    Attributes
    ----------
    is_open
        Whether there is a file to write to.
    files
        How many sound files were begun.
    lost_frames
        Frames that were written, and that no file has.

    Raises
    ------
    OutputFileError
        If a file can't be opened, or another process records under the same name.
    UsageError
        If there is no sound file of such an ending, or the rotation makes no sense.
    """

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        *,
        rotation: Rotation,
        sidecar: Sidecar | None,
        on_rotated: Callable[[Path, int], None],
    ) -> None:
        self._on_rotated = on_rotated
        rotation.check()
        self.path = path
        self.sample_rate = sample_rate
        self.lost_frames = 0
        self.files = 0
        self._rotation = rotation
        self._sidecar: Sidecar = NoSidecar() if sidecar is None else sidecar
        self._open = writer_for(path)
        self._is_wav = path.suffix.lower() == ".wav"
        self._frames_before = 0
        self._max_frames = self._limit()
        self._bytes_a_frame = float(WAV_FRAME_BYTES)  # at most; what was found, once it is known
        self._retention = Retention(rotation.max_total_bytes, self._sidecar)
        self._check_total()
        self._limited = RateLimitedLog(_log)
        self._rotation_due = 0.0
        self._file: AudioFile | None = None
        self._lock = NameLock(path) if sidecar is None else None
        try:
            if rotation.max_total_bytes is not None and sidecar is None:
                # The files of the run before go on, and are deleted in their turn.
                self.files = self._retention.adopt(path)
            self._check_common()
            self._file, self._segment = self._next_file(0)
        except BaseException:
            self.release()
            raise

    @property
    def is_open(self) -> bool:
        """Whether there is a file to write to."""
        return self._file is not None

    @property
    def open_frames(self) -> int:
        """Frames in the file that is written."""
        return 0 if self._file is None else self._file.frames

    @property
    def frames(self) -> int:
        """Frames in all files."""
        return self._frames_before + self.open_frames

    @property
    def is_there(self) -> bool:
        """Whether what is written was neither deleted nor moved."""
        return self._file is None or (self._file.is_there and self._sidecar.is_there)

    def reopen(self, frame: int) -> Path:
        """Go on in another file, from a frame of the engine on, and return its name."""
        if self._lock is not None:
            self._lock.renew()
        self._file, self._segment = self._next_file(frame)
        return self._file.path

    @property
    def open_path(self) -> Path:
        """The file that is written; where there is none, the path that was asked for."""
        return self.path if self._file is None else self._file.path

    def drop_missing(self) -> None:
        """Take in that others deleted files."""
        self._retention.drop_missing()

    def write(self, frame: int, samples: NDArray[np.float32]) -> None:
        """Append samples that begin at a frame of the engine, in as many files as it takes.

        Raises
        ------
        OutputFileError, OSError
            Where the disk takes no more; a part may be written.
        """
        done = 0
        while done < len(samples):
            done += self._write_piece(frame + done, samples[done:])

    def write_sidecar(self) -> None:
        """Write what waits to be written beside the sound, as far as there is room."""
        if self._file is not None:
            self._sidecar.write(self._sidecar_room())

    def sync(self) -> None:
        """Let what was written survive a loss of power."""
        if self._file is not None:
            self._file.sync()
            self._sidecar.sync()

    def finish(self, *, keep_empty: bool) -> None:
        """Let the file that is written be whole, whatever happens after.

        Parameters
        ----------
        keep_empty
            Whether the very first file stays if nothing came to be in it.
        """
        if self._file is None:
            return
        file, segment = self._file, self._segment
        self._file = None
        self._finish(file, segment, keep_empty=keep_empty)

    def close_sidecar(self, end_frame: int) -> None:
        """Finish what is written beside the sound, which ended at a frame of the engine."""
        self._sidecar.close(end_frame)

    def release(self) -> None:
        """Let others record under the same name."""
        self._limited.flush()
        if self._lock is not None:
            self._lock.release()

    def _finish(self, file: AudioFile, segment: Segment, *, keep_empty: bool) -> None:
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
                    self._take_in(file, segment, keep_empty=keep_empty)

    def _take_in(self, file: AudioFile, segment: Segment, *, keep_empty: bool) -> None:
        """Count a file that is finished; delete one that nothing came to be in."""
        if not file.frames and (self.files > 1 or not keep_empty):
            segment.delete()
            self._sidecar.forget(segment.audio)
            self.files -= 1
            return
        segment.sound_bytes = segment.audio.stat().st_size
        if file.frames:
            self._bytes_a_frame = segment.sound_bytes / file.frames
        self._retention.add(segment)

    def _write_piece(self, frame: int, samples: NDArray[np.float32]) -> int:
        """Append the first of some samples; return how many."""
        assert self._file is not None
        if self._is_full() and time.monotonic() >= self._rotation_due:
            self._rotate(frame)
        if not self._has_room(MAX_PIECE_FRAMES):
            self._rotate(frame)  # then the file that was written can give way
            if not self._has_room(MAX_PIECE_FRAMES):
                raise OutputFileError(f"can't write {self.path}: what may be kept is too little")
        count = MAX_PIECE_FRAMES
        if self._max_frames is not None and self._file.frames < self._max_frames:
            count = min(count, self._max_frames - self._file.frames)
        piece = samples[:count]
        self._file.write(piece)
        return len(piece)

    def _rotate(self, frame: int) -> None:
        """Go on in the next file; where there is none yet, in this one."""
        assert self._file is not None
        file, segment = self._file, self._segment
        segment.sidecar_bytes = self._sidecar.size
        try:
            self._file, self._segment = self._next_file(frame)
        except (OutputFileError, OSError) as error:
            self._rotation_due = time.monotonic() + ROTATION_RETRY_S
            self._limited.warning("rotation", "%s. Going on in %s for now.", error, file.path)
            return
        self._on_rotated(self._file.path, frame)
        self._finish(file, segment, keep_empty=False)

    def _is_full(self) -> bool:
        assert self._file is not None
        if self._max_frames is not None and self._file.frames >= self._max_frames:
            return True
        size = self._file.size + self._sidecar.size
        limits = (self._rotation.size, self._half_of_total)
        return any(limit is not None and size >= limit for limit in limits)

    @property
    def _half_of_total(self) -> int | None:
        """The largest that a file with all that belongs to it may be, so that one can go."""
        total = self._rotation.max_total_bytes
        return None if total is None else (total - self._sidecar.common_size) // 2

    def _has_room(self, frames: int) -> bool:
        """Return whether so many frames fit into what may be kept, after deleting the oldest."""
        if self._rotation.max_total_bytes is None:
            return True
        assert self._file is not None
        now = self._file.size + self._sidecar.size + self._sidecar.common_size
        return self._retention.free(now + frames * WAV_FRAME_BYTES + self._held_back)

    @property
    def _held_back(self) -> int:
        return 0 if self._is_wav else ENCODER_BYTES

    def _sound_to_come(self, frames: int, size: int) -> int:
        """Return the bytes that a file of so many frames and bytes will still need for sound."""
        ends = []
        if self._max_frames is not None:
            ends.append(round(max(self._max_frames - frames, 0) * self._bytes_a_frame))
        if self._rotation.size is not None:
            ends.append(max(self._rotation.size - size - self._sidecar.size, 0))
        if self._half_of_total is not None:
            ends.append(max(self._half_of_total - size, 0))
        return min(ends, default=0) + self._held_back

    def _sidecar_room(self) -> int | None:
        """Return the bytes that points and notes may take now; None is no limit."""
        total = self._rotation.max_total_bytes
        if total is None:
            return None
        assert self._file is not None
        size, sidecar_size = self._file.size, self._sidecar.size
        taken = self._retention.size + size + sidecar_size + self._sidecar.common_size
        room = total - taken - self._sound_to_come(self._file.frames, size)
        limit = self._rotation.size
        if limit is not None:  # or a flood of points would let files of no sound follow each other
            room = min(room, limit // 2 - sidecar_size)
        return max(room, 0)

    def _limit(self) -> int | None:
        """Return how many frames a file may have, where that is known."""
        rotation, limits = self._rotation, []
        if rotation.seconds is not None:
            limits.append(round(rotation.seconds * self.sample_rate))
        if rotation.size is not None and self._is_wav:
            limits.append((rotation.size - _WAV_HEADER_BYTES) // WAV_FRAME_BYTES)
        return min(limits, default=None)

    def _check_total(self) -> None:
        """Raise `UsageError` if not even two files would fit into what is kept."""
        total, frames = self._rotation.max_total_bytes, self._max_frames
        if total is None or frames is None or not self._is_wav:
            return
        size = frames * WAV_FRAME_BYTES
        if total < 2 * size:
            raise UsageError(
                f"to keep {total} bytes, files may have half of that at most; they have {size}"
            )

    def _check_common(self) -> None:
        """Raise `OutputFileError` if a session's samples leave no room in what may be kept."""
        total, common = self._rotation.max_total_bytes, self._sidecar.common_size
        if total is not None and common > total // 2:
            raise OutputFileError(
                f"can't record to {self.path.parent}: the session and its samples have "
                f"{common:,} bytes, more than half of what may be kept"
            )

    def _next_file(self, first_frame: int) -> tuple[AudioFile, Segment]:
        path = self._next_path()
        sound = self._sound_to_come(0, 0)
        open_size = self._file.size + self._sidecar.size if self._file is not None else 0
        self._retention.free(
            open_size + sound + self._retention.largest_sidecar(sound) + self._sidecar.common_size
        )
        file = self._open(path, self.sample_rate)
        try:
            others = self._sidecar.begin(path, first_frame)
        except (OutputFileError, OSError):
            with suppress(OutputFileError, OSError):
                file.close()
            path.unlink(missing_ok=True)
            raise
        self.files += 1
        return file, Segment(path, others)

    def _next_path(self) -> Path:
        path, number = self.path, self.files + 1
        if self._rotation.rotates or (number > 1 and (self._lock is None or os.path.lexists(path))):
            path = path.with_stem(f"{path.stem}-{number:04}")
        if os.path.lexists(path) and not path.is_dir():
            keep_existing(path)
        return path


def keep_existing(path: Path) -> None:
    """Move a file or folder out of the way, to the first free name with a number."""
    number = 1
    while os.path.lexists(other := path.with_stem(f"{path.stem}-{number}")):
        number += 1
    path.rename(other)
    _log.warning("%s was there already; it is kept as %s", path, other)
