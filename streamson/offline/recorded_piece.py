"""A recorded session as a piece: as it was heard, or as another session plays it."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.model.note import Note
from streamson.offline.log_once import LogOnce
from streamson.offline.piece import Moment, length_s
from streamson.offline.render import render_notes
from streamson.offline.resynthesize import recorded_notes, rescore, resynthesize
from streamson.recording.reader import Recording
from streamson.score.legend import legend
from streamson.session.schema import Session

MAX_TOLD_STREAMS: Final = 5


class RecordedPiece:
    """A session recording, as it was heard.

    Parameters
    ----------
    recording
        The recording.
    """

    def __init__(self, recording: Recording) -> None:
        self.title = _title(recording.folder)
        self.session = recording.session()
        self.sample_rate = recording.manifest.sample_rate
        self._recording = recording

    def legend(self) -> list[tuple[str, str]]:
        """Return each stream, and a line: what is played of it."""
        streams: dict[str, tuple[str, ...]] = {}
        for moment in self.moments():
            streams.setdefault(moment.stream, tuple(moment.fields))
        return legend(self.session, streams)

    def why_silent(self) -> str:
        """Return why it has no notes, for a person."""
        return "nothing was played"

    @cached_property
    def length_s(self) -> float:
        """Seconds until its last note ends."""
        return length_s(self.notes(), self.sample_rate)

    @property
    def remarks(self) -> list[str]:
        """Nothing: a recording is what it is."""
        return []

    @property
    def units(self) -> dict[str, str]:
        """Nothing: points have no units."""
        return {}

    def notes(self) -> Iterator[Note]:
        """Yield its notes by their onsets."""
        return recorded_notes(self._recording)

    def sound(self) -> Iterator[NDArray[np.float32]]:
        """Yield its samples in blocks of shape (frames, 2)."""
        return resynthesize(self._recording)

    def moments(self) -> Iterator[Moment]:
        """Yield its points."""
        first_frame = self._recording.first_frame
        for row in self._recording.points():
            for point in row.message().points():
                yield Moment(row.frame - first_frame, row.stream, point.fields, point.time)


class AnotherPiece(RecordedPiece):
    """Another session's piece of a recording's points.

    Parameters
    ----------
    recording
        The recording.
    session
        The other session.
    """

    def __init__(self, recording: Recording, session: Session) -> None:
        super().__init__(recording)
        self.session = session
        self._log_once = LogOnce()

    def why_silent(self) -> str:
        """Return why it has no notes, for a person: what the session plays and what there is."""
        lines = [line for _, line in self.legend()][:MAX_TOLD_STREAMS]
        return "; ".join(lines) or "no points came"

    @property
    def remarks(self) -> list[str]:
        """Which streams are silent although points of them came, and why, for a person."""
        return list(self._log_once.unplayed.values())

    def notes(self) -> Iterator[Note]:
        """Yield its notes by their onsets."""
        return rescore(self._recording, self.session, self._log_once)

    def sound(self) -> Iterator[NDArray[np.float32]]:
        """Yield its samples in blocks of shape (frames, 2)."""
        return render_notes(self.notes(), self.session, sample_rate=self.sample_rate)


def _title(folder: Path) -> str:
    return folder.resolve().name
