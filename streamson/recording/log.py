"""What a session recording holds beside the sound: points, notes, changes, sessions, statistics."""

import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, TextIO

import msgspec

from streamson.errors import OutputFileError
from streamson.notes_table import NotesWriter
from streamson.recording.manifest import (
    CHANGES,
    Manifest,
    Segment,
    new_manifest,
    save_manifest,
)
from streamson.recording.rows import ChangeRow, PointRow, point_row
from streamson.recording.session_files import PackedSession, keep_session, pack_session
from streamson.score import Note, Session
from streamson.statistics import Statistics
from streamson.wire.point import Batch, DataPoint

MAX_WAITING_POINTS: Final = 200_000
"""Points on their way to the file: about 100 MB. More are left out and counted."""

MANIFEST_INTERVAL_S: Final = 5.0
MORE_COLUMNS: Final = ("session",)


class SessionLog:
    """Writes a recording's folder, all but the sound.

    The listener's thread hands things over by `hear`, `begin_note`, `change_volume` and
    `change_session`; all else is the recorder's, as `streamson.output.recorder.Log` says.

    Parameters
    ----------
    folder
        Exists, and is empty.
    sample_rate
        Frames a second.
    session
        The one in force.
    statistics
        Returns the listener's.

    Attributes
    ----------
    session_number
        Number of the session in force, the first one's is 1.

    Raises
    ------
    OutputFileError
        Something can't be written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sample_rate: int,
        session: PackedSession,
        statistics: Callable[[], Statistics],
    ) -> None:
        self._folder = folder
        self._statistics = statistics
        self._manifest: Manifest = new_manifest(sample_rate)
        self._manifest.sessions.append(keep_session(session, folder, 1))
        self._manifest_due = 0.0
        self._closed = False
        self._rows: deque[PointRow] = deque()
        self._notes: deque[tuple[Note, int]] = deque()
        self._changes: deque[ChangeRow] = deque()
        self._sessions: deque[tuple[int, Session]] = deque()
        self.session_number = 1
        self._points_in = self._points_out = self._points_left_out = 0
        self._points: BinaryIO | None = None
        self._notes_file: TextIO | None = None
        self._notes_writer: NotesWriter | None = None
        self._changes_file = _open(folder / CHANGES)
        self._encode = msgspec.json.Encoder().encode

    def hear(self, message: DataPoint | Batch, frame: int) -> None:
        """Take in what was received, and the frame from which on its notes could begin."""
        if self._closed:
            return
        points = len(message) if isinstance(message, Batch) else 1
        if self._points_in - self._points_out + points > MAX_WAITING_POINTS:
            self._points_left_out += points
            return
        self._points_in += points
        self._rows.append(point_row(message, frame, time.time()))

    def begin_note(self, note: Note, session_number: int) -> None:
        """Take in a note that began, at its real onset, and the session that it was played by."""
        if not self._closed:
            self._notes.append((note, session_number))

    def change_volume(self, frame: int, volume_db: float) -> None:
        """Take in that the volume began to glide."""
        if not self._closed:
            self._changes.append(ChangeRow(frame, volume_db))

    def change_session(self, frame: int, session: Session) -> None:
        """Take in that another session is in force."""
        if not self._closed:
            self.session_number += 1
            self._sessions.append((frame, session))

    @property
    def size(self) -> int:
        """Bytes of the points and notes that belong to the sound file that is written."""
        files = (self._points, self._notes_file)
        return sum(os.fstat(file.fileno()).st_size for file in files if file)

    def begin(self, audio: Path, first_frame: int) -> list[Path]:
        """Begin the files of points and notes that belong to a sound file, and return them."""
        try:
            self._close_files()
        except OSError as error:
            raise OutputFileError(f"can't write to {self._folder}: {error.strerror}") from None
        number = audio.stem.removeprefix("audio")
        points = self._folder / f"points{number}.jsonl"
        notes = self._folder / f"notes{number}.csv"
        self._points = _open(points)
        try:
            self._notes_file = notes.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise OutputFileError(f"can't write {notes}: {error.strerror}") from None
        self._notes_writer = NotesWriter(
            self._notes_file, sample_rate=self._manifest.sample_rate, more=MORE_COLUMNS
        )
        self._manifest.segments.append(Segment(first_frame, audio.name, points.name, notes.name))
        self._save_manifest()
        return [points, notes]

    def write(self) -> None:
        """Write what waits."""
        assert self._points is not None
        assert self._notes_writer is not None
        assert self._notes_file is not None
        try:
            while self._rows:
                row = self._rows.popleft()
                self._points.write(self._encode(row) + b"\n")
                self._points_out += len(row.times) if row.times else 1
            while self._notes:
                note, session = self._notes.popleft()
                self._notes_writer.write(note, session)
            while self._sessions:
                frame, other = self._sessions.popleft()
                number = len(self._manifest.sessions) + 1
                name = keep_session(pack_session(other), self._folder, number)
                self._manifest.sessions.append(name)
                self._manifest_due = 0.0
                self._changes.append(ChangeRow(frame, session=name))
            while self._changes:
                self._changes_file.write(self._encode(self._changes.popleft()) + b"\n")
            for file in (self._points, self._notes_file, self._changes_file):
                file.flush()
        except OSError as error:
            raise OutputFileError(f"can't write to {self._folder}: {error.strerror}") from None

    def sync(self) -> None:
        """Let what was written survive a loss of power; now and then write the statistics."""
        try:
            for file in (self._points, self._notes_file, self._changes_file):
                assert file is not None
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputFileError(f"can't write to {self._folder}: {error.strerror}") from None
        if time.monotonic() >= self._manifest_due:
            self._save_manifest()

    def forget(self, audio: Path) -> None:
        """Take in that a sound file was deleted, and all that belongs to it."""
        self._manifest.segments = [s for s in self._manifest.segments if s.audio != audio.name]

    def close(self, frames: int) -> None:
        """Finish, after so many frames of sound since the first one."""
        self._closed = True
        try:
            self.write()
            self._close_files()
            self._changes_file.close()
        except (OSError, ValueError) as error:  # ValueError: a file that is closed already
            raise OutputFileError(f"can't write to {self._folder}: {error}") from None
        finally:
            for waiting in (self._rows, self._notes, self._changes, self._sessions):
                waiting.clear()
            self._manifest.frames = frames
            self._save_manifest()

    def _save_manifest(self) -> None:
        self._manifest.points_unrecorded = self._points_left_out
        self._manifest.statistics = msgspec.to_builtins(self._statistics())
        save_manifest(self._folder, self._manifest)
        self._manifest_due = time.monotonic() + MANIFEST_INTERVAL_S

    def _close_files(self) -> None:
        for file in (self._points, self._notes_file):
            if file is not None and not file.closed:
                file.flush()
                os.fsync(file.fileno())
                file.close()


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as error:
        raise OutputFileError(f"can't write {path}: {error.strerror}") from None
