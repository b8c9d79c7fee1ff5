"""A piece: what is made of a table or a recording, as notes and as sound, as often as one asks."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from math import isnan
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from streamson.errors import InputFileError
from streamson.formats.table import Table, paced
from streamson.offline.render import render_notes
from streamson.offline.replayed import heard_again, notes_again, notes_anew
from streamson.offline.scored_table import ScoredTable, in_order
from streamson.offline.timed import score_timed
from streamson.recording.reading import Recording
from streamson.score import Note, Session
from streamson.score.legend import legend
from streamson.wire.point import Batch, DataPoint

MAX_SECONDS: Final = 366 * 86_400.0
MAX_UNASKED_S: Final = 3 * 3_600.0
"""How long the sound of a table may be if nobody asks for more: 2.9 GB as 24 bits, which the WAV
format holds; ten thousand rows last under an hour."""

MAX_TOLD_STREAMS: Final = 5

HUGE: Final = 1e150
"""Complex values beyond it have no place in a picture."""

COMPLEX_FIELDS: Final = (("re", "im"), ("real", "imag"))
"""Names of fields that are a complex number together."""


class Moment(NamedTuple):
    """A point, and when its notes could begin.

    Attributes
    ----------
    frame
        When.
    stream
        The point's stream.
    fields
        Its values by field.
    """

    frame: int
    stream: str
    fields: Mapping[str, float]

    @property
    def complex_value(self) -> complex | None:
        """The complex number that two of its fields are together; None where there is none."""
        for real, imaginary in COMPLEX_FIELDS:
            if real in self.fields and imaginary in self.fields:
                value = complex(self.fields[real], self.fields[imaginary])
                return value if abs(value) < HUGE else None  # NaN is not
        return None


class Piece(Protocol):
    """Anything that has notes and sounds.

    Attributes
    ----------
    title
        What it is, for a person.
    session
        What plays it.
    sample_rate
        Frames a second.
    """

    title: str
    session: Session
    sample_rate: int

    def notes(self) -> Iterator[Note]:
        """Yield its notes by their onsets."""

    def sound(self) -> Iterator[NDArray[np.float32]]:
        """Yield its samples in blocks of shape (frames, 2)."""

    def moments(self) -> Iterator[Moment]:
        """Yield its points in the order of time."""

    def legend(self) -> list[tuple[str, str]]:
        """Return each stream, and a line: what is played of it."""

    def why_silent(self) -> str:
        """Return why it has no notes, for a person."""

    @property
    def length_s(self) -> float:
        """Seconds until its last note ends."""

    @property
    def remarks(self) -> list[str]:
        """What was taken for granted, and what was left out, for a person."""


class TablePiece:
    """A table whose rows follow one another.

    Parameters
    ----------
    table
        The table.
    session
        What plays it.
    sample_rate
        Frames a second.
    stream
        The stream that the rows belong to; by default the table's name.
    online
        Whether values are rescaled as a live listener would, who does not know what is to come.
    longest_s
        How long its sound may be; None: as long as it is.
    each_column
        Whether each column is a stream of its own.
    """

    def __init__(
        self,
        table: Table,
        session: Session,
        *,
        sample_rate: int,
        stream: str | None = None,
        online: bool = False,
        longest_s: float | None = None,
        each_column: bool = False,
    ) -> None:
        self.title = table.name
        self.session = session
        self.sample_rate = sample_rate
        self._table = table
        self._longest_s = longest_s
        self._scored = ScoredTable(
            table,
            session,
            sample_rate=sample_rate,
            stream=stream,
            online=online,
            each_column=each_column,
        )

    def legend(self) -> list[tuple[str, str]]:
        """Return each stream, and a line: what is played of it."""
        return self._scored.legend()

    def why_silent(self) -> str:
        """Return why it has no notes, for a person."""
        return (
            f"no column has a value that is played: {'; '.join(line for _, line in self.legend())}"
        )

    def notes(self) -> Iterator[Note]:
        """Yield its notes by their onsets."""
        return in_order(self._scored.rows())

    def sound(self) -> Iterator[NDArray[np.float32]]:
        """Yield its samples in blocks of shape (frames, 2).

        Raises
        ------
        InputFileError
            It is longer than it may be.
        """
        if self._longest_s is not None and self.length_s > self._longest_s:
            raise InputFileError(
                f"{self._table.source}: its sound is longer than {_hours(self._longest_s)}. Make "
                "it fit with --seconds 10min, let its own time pass faster with --speed, or allow "
                "more with --longest 24h"
            )
        return render_notes(self.notes(), self.session, sample_rate=self.sample_rate)

    @cached_property
    def length_s(self) -> float:
        """Seconds until its last note ends; known after one pass, a tenth of the time of all."""
        return _length_s(self.notes(), self.sample_rate)

    @property
    def remarks(self) -> list[str]:
        """What was taken for granted, and what was left out, for a person."""
        return self._table.remarks

    def moments(self) -> Iterator[Moment]:
        """Yield its points."""
        onset_frame = 0
        for point, notes, _ in self._scored.rows():
            onset_frame = notes[0].onset_frame if notes else onset_frame
            yield Moment(onset_frame, point.stream, point.fields)


class TimedPiece(TablePiece):
    """A table whose rows come in their own time.

    Parameters
    ----------
    speed
        How many times faster than that.
    rate
        Rows a second instead.
    table, session, sample_rate, stream, online, longest_s, each_column
        As for `TablePiece`.
    """

    def __init__(
        self,
        table: Table,
        session: Session,
        *,
        speed: float = 1.0,
        rate: float | None = None,
        sample_rate: int,
        stream: str | None = None,
        online: bool = False,
        longest_s: float | None = None,
        each_column: bool = False,
    ) -> None:
        super().__init__(
            table,
            session,
            sample_rate=sample_rate,
            stream=stream,
            online=online,
            longest_s=longest_s,
            each_column=each_column,
        )
        self._speed = speed
        self._rate = rate

    def notes(self) -> Iterator[Note]:
        """Yield its notes by their onsets."""
        score = self._scored.score(sequence_only=False)
        messages = (
            (moment.frame, DataPoint(moment.stream, dict(moment.fields), time))
            for moment, time in self._timed()
        )
        return score_timed(messages, score, sample_rate=self.sample_rate)

    def moments(self) -> Iterator[Moment]:
        """Yield its points."""
        return (moment for moment, _ in self._timed())

    def _timed(self) -> Iterator[tuple[Moment, float]]:
        """Yield its points, and their times in seconds."""
        for due_s, (fields, time) in paced(self._table.rows(), speed=self._speed, rate=self._rate):
            if due_s > MAX_SECONDS:
                raise InputFileError(
                    f"{self._table.source}: a row comes after {due_s / 86_400:.0f} days; up to a "
                    "year is allowed: try a larger --speed"
                )
            frame = round(due_s * self.sample_rate)
            for name, columns in self._scored.streams.items():
                values = {column: fields[column] for column in columns}
                yield Moment(frame, name, values), due_s if isnan(time) else time


def fitted(
    table: Table,
    session: Session,
    *,
    seconds: float,
    sample_rate: int,
    stream: str | None = None,
    online: bool = False,
    longest_s: float | None = None,
    each_column: bool = False,
) -> TimedPiece:
    """Return a table whose last row comes after so many seconds, evenly where it has no time.

    Raises
    ------
    InputFileError
        If all rows have one time.
    """
    count, length_s = 0, 0.0
    for count, (due_s, _) in enumerate(paced(table.rows()), 1):  # noqa: B007
        length_s = due_s
    timed = table.time_column is not None
    if count < 2 or (timed and length_s == 0.0):
        raise InputFileError(f"{table.source}: all its rows are at one time, which fits no length")
    return TimedPiece(
        table,
        session,
        speed=length_s / seconds if timed else 1.0,
        rate=None if timed else (count - 1) / seconds,
        sample_rate=sample_rate,
        stream=stream,
        online=online,
        longest_s=longest_s,
        each_column=each_column,
    )


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
        return _length_s(self.notes(), self.sample_rate)

    @property
    def remarks(self) -> list[str]:
        """Nothing: a recording is what it is."""
        return []

    def notes(self) -> Iterator[Note]:
        """Yield its notes by their onsets."""
        return notes_again(self._recording)

    def sound(self) -> Iterator[NDArray[np.float32]]:
        """Yield its samples in blocks of shape (frames, 2)."""
        return heard_again(self._recording)

    def moments(self) -> Iterator[Moment]:
        """Yield its points."""
        first_frame = self._recording.first_frame
        for row in self._recording.points():
            message = row.message()
            frame = row.frame - first_frame
            if isinstance(message, Batch):
                rows = (message.fields(i) for i in range(len(message)))
                yield from (Moment(frame, row.stream, fields) for fields in rows)
            else:
                yield Moment(frame, row.stream, message.fields)


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

    def why_silent(self) -> str:
        """Return why it has no notes, for a person: what the session plays and what there is."""
        lines = [line for _, line in self.legend()][:MAX_TOLD_STREAMS]
        return "; ".join(lines) or "no points came"

    def notes(self) -> Iterator[Note]:
        """Yield its notes by their onsets."""
        return notes_anew(self._recording, self.session)

    def sound(self) -> Iterator[NDArray[np.float32]]:
        """Yield its samples in blocks of shape (frames, 2)."""
        return render_notes(self.notes(), self.session, sample_rate=self.sample_rate)


def _length_s(notes: Iterable[Note], sample_rate: int) -> float:
    return max((note.onset_frame / sample_rate + note.duration_s for note in notes), default=0.0)


def _hours(seconds: float) -> str:
    return f"{seconds / 3_600:g} h" if seconds >= 3_600 else f"{seconds / 60:g} min"


def _title(folder: Path) -> str:
    return folder.resolve().name
