"""A session recording that is read again: its points, and its notes with all that shaped them."""

from collections.abc import Iterator
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple

import soundfile

from streamson.errors import InputFileError
from streamson.formats.notes_table import read_csv
from streamson.formats.untrusted import open_file
from streamson.model.limits import MAX_FRAME
from streamson.model.note import Note
from streamson.model.point import Batch, DataPoint, Goodbye
from streamson.recording.manifest import CHANGES, MANIFEST, load_manifest
from streamson.recording.rows import ChangeRow, PointRow, read_rows
from streamson.session.load import load_session
from streamson.session.schema import Session

MAX_MISSING_S: Final = 60.0
"""A recording that says that it has so much more sound than there is was damaged or changed."""

MAX_DIGITS: Final = 10


class PlayedNote(NamedTuple):
    """A note at its real onset, and the session that it was played by."""

    note: Note
    session: Session


class Recording:
    """A recording's folder.

    Parameters
    ----------
    folder
        Where it is.

    Attributes
    ----------
    manifest
        What it holds.

    Raises
    ------
    InputFileError
        It can't be read, or is none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = load_manifest(folder)
        self._loaded: dict[str, Session] = {}

    @property
    def first_frame(self) -> int:
        """The frame at which its sound begins: 0, unless its oldest files were deleted."""
        return self.manifest.segments[0].first_frame if self.manifest.segments else 0

    @property
    def frames(self) -> int:
        """How many frames of sound it has."""
        if not self.manifest.segments:
            return 0
        last, told = self.manifest.segments[-1], self.manifest.frames
        try:
            end = last.first_frame + self._length(last.audio)
        except InputFileError:
            if told is None:
                raise
            return told - self.first_frame  # what can't be read can be made anew
        most = end + round(MAX_MISSING_S * self.manifest.sample_rate)
        if (told or 0) > most or end > MAX_FRAME:
            raise InputFileError(
                f"{self.folder / MANIFEST}: found frames {told}, and the sound in {last.audio} "
                f"ends at frame {end}"
            )
        return (end if told is None else told) - self.first_frame

    def session(self, number: int = 1) -> Session:
        """Return one of its sessions, the first one's number is 1.

        Raises
        ------
        SessionError
            It can't be read.
        InputFileError
            There is none of that number.
        """
        if not 1 <= number <= len(self.manifest.sessions):
            raise InputFileError(f"{self.folder}: no session {number} in it")
        name = self.manifest.sessions[number - 1]
        if name not in self._loaded:
            path = self.folder / name
            if path.exists():
                open_file(path).close()  # refuses what is no file
            self._loaded[name] = load_session(path)
        return self._loaded[name]

    def points(self) -> Iterator[PointRow]:
        """Yield what was received, in order.

        Raises
        ------
        InputFileError
            A file can't be read.
        """
        for segment in self.manifest.segments:
            path = self.folder / segment.points
            for number, row in enumerate(read_rows(path, PointRow), 1):
                if not row.is_message:
                    raise InputFileError(f"{path}, line {number}: neither fields nor columns")
                yield row

    def received(self) -> Iterator[tuple[int, DataPoint | Batch | Goodbye]]:
        """Yield points, batches and goodbyes in order, each with its frame.

        Raises
        ------
        InputFileError
            A file can't be read.
        """
        points = ((row.frame, row.message()) for row in self.points())
        return merge(points, self._goodbyes(), key=itemgetter(0))

    def _goodbyes(self) -> Iterator[tuple[int, Goodbye]]:
        path = self.folder / CHANGES
        if path.exists():
            for row in read_rows(path, ChangeRow):
                if row.ended is not None:
                    yield row.frame, Goodbye(row.ended)

    def played(self) -> Iterator[PlayedNote | ChangeRow]:
        """Yield the notes and the changes of volume in the order in which they began.

        Raises
        ------
        InputFileError, SessionError
            A file can't be read.
        """
        changes = (row for row in read_rows(self.folder / CHANGES, ChangeRow) if row.is_volume)
        return merge(changes, self._notes(), key=_frame)

    def _notes(self) -> Iterator[PlayedNote]:
        for segment in self.manifest.segments:
            path = self.folder / segment.notes
            for note, more in read_csv(path):
                number = more.get("session") or "1"
                if not (number.isdecimal() and len(number) < MAX_DIGITS):
                    raise InputFileError(
                        f"{path}: found session {number[:40]!r}; a number is allowed"
                    )
                yield PlayedNote(note, self.session(int(number)))

    def _length(self, audio: str) -> int:
        path = self.folder / audio
        open_file(path).close()  # refuses what is no file
        try:
            return int(soundfile.info(path).frames)
        except (OSError, soundfile.SoundFileError) as error:
            raise InputFileError(f"can't read {path}: {error}") from None


def _frame(item: PlayedNote | ChangeRow) -> int:
    return item.frame if isinstance(item, ChangeRow) else item.note.onset_frame
