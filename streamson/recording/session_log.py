"""What a session recording holds beside the sound: points, notes, changes, sessions, statistics."""

import io
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Final

import msgspec

from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import OutputFileError
from streamson.formats.file_lock import FolderLock
from streamson.formats.notes_table import NotesWriter
from streamson.model.event.base import Event
from streamson.model.event.steering import SessionChanged, VolumeChanged
from streamson.model.note import Note
from streamson.model.point import Batch, DataPoint
from streamson.model.statistics import Statistics
from streamson.recording.line_file import LineFile
from streamson.recording.manifest import CHANGES, Manifest, Segment, new_manifest, save_manifest
from streamson.recording.rows import ChangeRow, PointRow, point_row
from streamson.recording.session_copies import SessionCopies
from streamson.session.packing import PackedSession, pack_session
from streamson.session.schema import Session

MAX_WAITING_POINTS: Final = 200_000
"""Points on their way to the file: about 100 MB. More are left out and counted."""

MAX_WAITING_NOTES: Final = 200_000
"""Notes, and as many changes; more wait only where the disk is full for hours."""

MANIFEST_INTERVAL_S: Final = 5.0
MORE_COLUMNS: Final = ("session",)
AT_ONCE: Final = 256
"""Lines that are written together."""

POINTS_SHARE: Final = 0.75
"""Where room is short, points leave the rest of it to notes."""

_log = logging.getLogger(__name__)


class SessionLog:
    """Writes a recording's folder, all but the sound.

    The listener's thread hands things over by `receive`, `end`, `begin_note`, `add_session` and
    `on_event`; all else is the recorder's, as `streamson.recording.sidecar.Sidecar` says.

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
    points_left_out, notes_left_out
        Points, and notes and changes, that are not in the recording.

    Raises
    ------
    OutputFileError
        Something can't be written, or another process records to the folder.
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
        self._lock = FolderLock(folder)
        self._manifest: Manifest = new_manifest(sample_rate)
        self._manifest_due = 0.0
        self._manifest_size = 0
        self._kept = SessionCopies(folder)
        self._in_force: Session | None = None  # since the first one
        self._first = session
        self._closed = False
        self._rows: deque[PointRow] = deque()
        self._notes: deque[tuple[Note, int]] = deque()
        self._changes: deque[ChangeRow | tuple[int, Session]] = deque()
        self._last_volume: ChangeRow | None = None
        self._sessions: dict[int, Session] = {}
        self._points_in = self._points_out = 0
        self.points_left_out = self.notes_left_out = 0
        self._points: LineFile | None = None
        self._notes_file: LineFile | None = None
        self._text = io.StringIO(newline="")
        self._notes_writer = NotesWriter(self._text, sample_rate=sample_rate, more=MORE_COLUMNS)
        self._heading = self._text.getvalue().encode()
        self._encode = msgspec.json.Encoder().encode
        self._limited = RateLimitedLog(_log)
        try:
            self._kept.keep(session)
            self._changes_file = LineFile(folder / CHANGES)
        except OutputFileError:
            self._lock.release()
            raise

    def receive(self, message: DataPoint | Batch, frame: int) -> None:
        """Take in what was received, and the frame from which on its notes could begin."""
        if self._closed:
            return
        points = message.size
        if self._points_in - self._points_out + points > MAX_WAITING_POINTS:
            self._leave_out_points(points, "they come faster than the disk takes them")
            return
        self._points_in += points
        self._rows.append(point_row(message, frame, time.time()))

    def end(self, stream: str, frame: int) -> None:
        """Take in that a stream's producer said goodbye: its silence is no news."""
        self._take_change(ChangeRow(frame, ended=stream))

    def begin_note(self, note: Note, session_number: int) -> None:
        """Take in a note that began, at its real onset, and the session that it was played by."""
        if self._closed:
            return
        if len(self._notes) >= MAX_WAITING_NOTES:
            self._leave_out_notes(1)
        else:
            self._notes.append((note, session_number))

    def add_session(self, number: int, session: Session) -> None:
        """Take in which session will be in force, once an event says so."""
        self._sessions[number] = session

    def on_event(self, event: Event) -> None:
        """Take in changes of the volume and of the session."""
        if isinstance(event, VolumeChanged):
            volume_db = -inf if event.volume_db is None else event.volume_db
            self._take_change(ChangeRow(event.frame, volume_db))
        elif isinstance(event, SessionChanged):
            self._take_change((event.frame, self._sessions.pop(event.number)))

    def _take_change(self, change: ChangeRow | tuple[int, Session]) -> None:
        if self._closed:
            return
        # A session that is left out here would shift the numbers of those that follow.
        if len(self._changes) >= MAX_WAITING_NOTES and isinstance(change, ChangeRow):
            self._leave_out_notes(1)
        else:
            self._changes.append(change)

    @property
    def size(self) -> int:
        """Bytes of the points and notes that belong to the sound file that is written."""
        return sum(file.size for file in (self._points, self._notes_file) if file)

    @property
    def common_size(self) -> int:
        """Bytes of the sessions, the changes, and the manifest, old and new."""
        return self._kept.size + self._changes_file.size + 2 * self._manifest_size

    @property
    def is_there(self) -> bool:
        """Whether its files were neither deleted nor moved."""
        files = (self._points, self._notes_file, self._changes_file)
        return self._lock.is_there and all(file.is_there for file in files if file)

    def begin(self, audio: Path, first_frame: int) -> list[Path]:
        """Begin the files of points and notes that belong to a sound file, and return them."""
        self._look_after_folder()
        number = audio.stem.removeprefix("audio")
        points = LineFile(self._folder / f"points{number}.jsonl")
        try:
            notes = LineFile(self._folder / f"notes{number}.csv")
        except OutputFileError:
            points.close()
            points.path.unlink(missing_ok=True)
            raise
        before = (self._points, self._notes_file)
        self._points, self._notes_file = points, notes
        names = audio.name, points.path.name, notes.path.name
        self._manifest.segments.append(Segment(first_frame, *names))
        for file in before:
            if file is not None:
                file.close()
        notes.append(self._heading)
        self._try_to_save_manifest()
        return [points.path, notes.path]

    def _look_after_folder(self) -> None:
        """Begin anew where the folder, or a file of the whole recording, was deleted."""
        if not self._lock.is_there:
            self._lock.renew()
            packed = self._first if self._in_force is None else pack_session(self._in_force)
            self._kept.start_over(packed)
            self._manifest.segments.clear()
        if not self._changes_file.is_there:
            changes = LineFile(self._folder / CHANGES)
            self._changes_file.close()
            self._changes_file = changes
            if self._last_volume is not None:
                changes.append(self._encode(self._last_volume) + b"\n")

    def write(self, max_bytes: int | None = None) -> None:
        """Write what waits, in so many bytes: changes first, then notes, then points."""
        left = inf if max_bytes is None else float(max_bytes)
        budget = self.size + left
        left -= self._write_changes(left)
        left -= self._write_notes(left)
        assert self._points is not None
        self._write_points(min(left, POINTS_SHARE * budget - self._points.size))

    def _write_changes(self, room: float) -> int:
        before = self._kept.size + self._changes_file.size
        while self._changes:
            used = self._kept.size + self._changes_file.size - before
            self._write_change(self._changes[0], room - used)
            self._changes.popleft()
        return self._kept.size + self._changes_file.size - before

    def _write_change(self, change: ChangeRow | tuple[int, Session], room: float) -> None:
        if isinstance(change, ChangeRow):
            self._last_volume = change if change.is_volume else self._last_volume
        else:
            frame, session = change
            change = ChangeRow(frame, session=self._keep_session(session, room))
        line = self._encode(change) + b"\n"
        if len(line) > room:
            self._leave_out_notes(1)
        else:
            self._changes_file.append(line)

    def _keep_session(self, session: Session, room: float) -> str:
        self._manifest_due = 0.0
        packed = pack_session(session)
        if self._kept.size_of(packed) <= room:
            name = self._kept.keep(packed)
        else:
            name = self._kept.leave_out()
            self._limited.warning(
                "session", "%s: no room for the session in what may be kept", name
            )
        self._in_force = session
        return name

    def _write_notes(self, room: float) -> int:
        assert self._notes_file is not None
        written = 0
        while self._notes:
            lines, taken, left_out = [], 0, 0
            for taken in range(1, min(AT_ONCE, len(self._notes)) + 1):
                note, session = self._notes[taken - 1]
                line = self._note_line(note, session)
                if written + len(line) > room or not self._kept.has(session):
                    left_out += 1
                else:
                    lines.append(line)
                    written += len(line)
            self._notes_file.append(b"".join(lines))
            for _ in range(taken):
                self._notes.popleft()
            if left_out:
                self._leave_out_notes(left_out)
        return written

    def _note_line(self, note: Note, session: int) -> bytes:
        self._text.seek(0)
        self._text.truncate()
        self._notes_writer.write(note, session)
        return self._text.getvalue().encode()

    def _write_points(self, room: float) -> None:
        assert self._points is not None
        while self._rows:
            lines, taken, points, left_out = [], 0, 0, 0
            for taken in range(1, min(AT_ONCE, len(self._rows)) + 1):
                row = self._rows[taken - 1]
                count = len(row.times) if row.times else 1
                points += count
                line = self._encode(row) + b"\n" if room > 0 else b""
                if len(line) > room or not line:
                    left_out += count
                    room = min(room, 0)  # no shorter one of those that follow
                else:
                    lines.append(line)
                    room -= len(line)
            self._points.append(b"".join(lines))
            for _ in range(taken):
                self._rows.popleft()
            self._points_out += points
            if left_out:
                self._leave_out_points(left_out, "there is no room in what may be kept")

    def _leave_out_points(self, count: int, reason: str) -> None:
        self.points_left_out += count
        self._limited.warning(
            reason, "%d points are not recorded so far: %s", self.points_left_out, reason
        )

    def _leave_out_notes(self, count: int) -> None:
        self.notes_left_out += count
        self._limited.warning(
            "notes", "%d notes or changes are not recorded so far", self.notes_left_out
        )

    def sync(self) -> None:
        """Let what was written survive a loss of power; now and then write the statistics."""
        for file in (self._points, self._notes_file, self._changes_file):
            if file is not None:
                file.sync()
        if time.monotonic() >= self._manifest_due:
            self._try_to_save_manifest()

    def trim(self, audio: Path) -> int:
        """Delete the points that belong to a sound file, or its notes if there are no points."""
        found = [s for s in self._manifest.segments if s.audio == audio.name]
        if not found:
            return 0
        points, notes = self._folder / found[0].points, self._folder / found[0].notes
        try:
            if points.stat().st_size:
                os.truncate(points, 0)
                self._limited.warning(
                    "trim", "older points are deleted: the sound needs their room"
                )
            else:
                os.truncate(notes, len(self._heading))
                self._limited.warning("trim", "older notes are deleted: the sound needs their room")
            return points.stat().st_size + notes.stat().st_size
        except OSError:  # deleted by somebody else
            return 0

    def forget(self, audio: Path) -> None:
        """Take in that a sound file was deleted, and all that belongs to it."""
        self._manifest.segments = [s for s in self._manifest.segments if s.audio != audio.name]

    def close(self, frames: int) -> None:
        """Finish; the sound ended at a frame."""
        self._limited.flush()
        self._closed = True
        try:
            for file in (self._points, self._notes_file, self._changes_file):
                if file is not None:
                    file.close()
        finally:
            self._manifest.frames = frames
            try:
                self._save_manifest()
            finally:
                self._lock.release()

    def give_up(self) -> None:
        """End before anything began."""
        self._closed = True
        self._changes_file.close()
        self._lock.release()

    def _try_to_save_manifest(self) -> None:
        """Save it, or try again with the next `sync`: the sound goes on without."""
        try:
            self._save_manifest()
        except OutputFileError as error:
            self._manifest_due = 0.0
            self._limited.warning("manifest", "%s. Trying again.", error)

    def _save_manifest(self) -> None:
        self._manifest.sessions = self._kept.names
        self._manifest.points_unrecorded = self.points_left_out
        self._manifest.notes_unrecorded = self.notes_left_out
        self._manifest.statistics = msgspec.to_builtins(self._statistics())
        self._manifest_size = save_manifest(self._folder, self._manifest)
        self._manifest_due = time.monotonic() + MANIFEST_INTERVAL_S
