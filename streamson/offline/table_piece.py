"""A table as a piece: its rows follow one another, or come in their own time."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from math import inf, isnan, nan
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson._printable import counted
from streamson.errors import InputFileError, UsageError
from streamson.formats.table import Table, paced
from streamson.model.limits import MAX_SPAN_S
from streamson.model.note import Note
from streamson.model.point import DataPoint
from streamson.offline.piece import Moment, length_s
from streamson.offline.placing import alert_placer
from streamson.offline.realtime import play_in_realtime
from streamson.offline.render import DEFAULT_SAMPLE_RATE, render_notes
from streamson.offline.scored_table import ScoredTable, choose_heard, in_order
from streamson.score.score import Score
from streamson.session.load import load_session
from streamson.session.schema import Session

MAX_UNASKED_S: Final = 3 * 3_600.0
"""How long the sound of a table may be if nobody asks for more: 2.9 GB as 24 bits, which the WAV
format holds; ten thousand rows last under an hour."""


MAX_KEPT_NOTES: Final = 50_000
"""A piece that has no more is scored once, whatever is made of it: 20 MB."""


class TablePiece:
    """A table whose rows follow one another.

    Parameters
    ----------
    scored
        The table, and what plays it.
    longest_s
        How long its sound may be; None: as long as it is.

    Attributes
    ----------
    title, session, sample_rate
        As of `Piece`.
    scored
        The table, and what plays it.
    """

    def __init__(self, scored: ScoredTable, *, longest_s: float | None = None) -> None:
        self.scored = scored
        self.title = scored.table.name
        self.session = scored.session
        self.sample_rate = scored.sample_rate
        self._longest_s = longest_s
        self._kept: list[Note] | None = None

    def legend(self) -> list[tuple[str, str]]:
        """Return each stream, and a line: what is played of it."""
        return self.scored.legend()

    def why_silent(self) -> str:
        """Return why it has no notes, for a person."""
        return (
            f"no column has a value that is played: {'; '.join(line for _, line in self.legend())}"
        )

    def notes(self) -> Iterator[Note]:
        """Yield its notes by their onsets."""
        return self._score() if self._kept is None else iter(self._kept)

    def _score(self) -> Iterator[Note]:
        return in_order(self.scored.rows())

    def sound(self) -> Iterator[NDArray[np.float32]]:
        """Yield its samples in blocks of shape (frames, 2).

        Raises
        ------
        InputFileError
            It is longer than it may be.
        """
        if self._longest_s is not None and self.length_s > self._longest_s:
            raise InputFileError(
                f"{self.scored.table.source}: its sound is longer than {_hours(self._longest_s)}. "
                "Make it fit with --seconds 10min, let its own time pass faster with --speed, or "
                "allow more with --longest 24h"
            )
        return render_notes(self.notes(), self.session, sample_rate=self.sample_rate)

    @cached_property
    def length_s(self) -> float:
        """Seconds until its last note ends; known after one pass, which keeps the notes."""
        kept: list[Note] = []

        def keeping() -> Iterator[Note]:
            for note in self._score():
                if len(kept) <= MAX_KEPT_NOTES:
                    kept.append(note)
                yield note

        length = length_s(keeping(), self.sample_rate)
        if len(kept) <= MAX_KEPT_NOTES:
            self._kept = kept
        return length

    @property
    def remarks(self) -> list[str]:
        """What was taken for granted, and what was left out, for a person."""
        return self.scored.table.remarks

    @property
    def units(self) -> dict[str, str]:
        """Field to its unit, where that is known."""
        return self.scored.table.units

    def moments(self) -> Iterator[Moment]:
        """Yield its points."""
        onset_frame = 0
        timed = self.scored.table.time_column is not None
        for point, notes, _ in self.scored.rows():
            onset_frame = notes[0].onset_frame if notes else onset_frame
            yield Moment(onset_frame, point.stream, point.fields, point.time if timed else nan)


class TimedPiece(TablePiece):
    """A table whose rows come in their own time.

    Parameters
    ----------
    scored, longest_s
        As for `TablePiece`.
    speed
        How many times faster than that.
    rate
        Rows a second instead.
    """

    def __init__(
        self,
        scored: ScoredTable,
        *,
        speed: float = 1.0,
        rate: float | None = None,
        longest_s: float | None = None,
    ) -> None:
        super().__init__(scored, longest_s=longest_s)
        self._speed = speed
        self._rate = rate
        self._coalesced = 0

    @property
    def remarks(self) -> list[str]:
        """What was taken for granted, left out, and coalesced, for a person."""
        if not self._coalesced:
            return super().remarks
        coalesced = (
            f"{counted(self._coalesced, 'point')} came too fast for notes of their own: coalesced"
        )
        return [*super().remarks, coalesced]

    def _score(self) -> Iterator[Note]:
        score = self.scored.score(Score)
        messages = (
            (moment.frame, DataPoint(moment.stream, dict(moment.fields), time))
            for moment, time in self._timed()
        )
        placer = alert_placer(self.session, self.sample_rate)
        yield from play_in_realtime(messages, score, sample_rate=self.sample_rate, placer=placer)
        self._coalesced = score.counts.points_coalesced

    def moments(self) -> Iterator[Moment]:
        """Yield its points."""
        return (moment for moment, _ in self._timed())

    def _timed(self) -> Iterator[tuple[Moment, float]]:
        """Yield its points, and their times in seconds."""
        table = self.scored.table
        for due_s, (fields, time) in paced(table.rows(), speed=self._speed, rate=self._rate):
            if due_s > MAX_SPAN_S:
                raise InputFileError(
                    f"{table.source}: a row comes after {due_s / 86_400:.0f} days; up to a "
                    "year is allowed: try a larger --speed"
                )
            frame = round(due_s * self.sample_rate)
            for name, columns in self.scored.streams.items():
                values = {column: fields[column] for column in columns}
                yield Moment(frame, name, values, time), due_s if isnan(time) else time


def fit_to_duration(
    scored: ScoredTable, *, seconds: float, longest_s: float | None = None
) -> TimedPiece:
    """Return a table whose last row comes after so many seconds, evenly where it has no time.

    Raises
    ------
    InputFileError
        If all rows have one time.
    """
    table = scored.table
    count, length = 0, 0.0
    for count, (due_s, _) in enumerate(paced(table.rows()), 1):  # noqa: B007
        length = due_s
    timed = table.time_column is not None
    if count < 2 or (timed and length == 0.0):
        raise InputFileError(f"{table.source}: all its rows are at one time, which fits no length")
    return TimedPiece(
        scored,
        speed=length / seconds if timed else 1.0,
        rate=None if timed else (count - 1) / seconds,
        longest_s=longest_s,
    )


def table_piece(
    table: Table,
    session: str | Path | Session | None = None,
    *,
    sample_rate: int | None = None,
    stream: str | None = None,
    online: bool = False,
    columns: str | Sequence[str] | None = None,
    each_column: bool = False,
    speed: float | None = None,
    seconds: float | None = None,
    longest_s: float | None = None,
    tell: Callable[[str], None] | None = None,
) -> TablePiece:
    """Return the piece that a table is; parameters as for `streamson.render`, and of `LogOnce`.

    Raises
    ------
    UsageError
        If both `speed` and `seconds` are given, or `speed` without a column of time.
    InputFileError, SessionError
        If the table or the session can't be used.
    """
    for name, value in (("speed", speed), ("seconds", seconds)):
        if value is not None and not (isinstance(value, int | float) and 0 < value < inf):
            raise UsageError(f"{name}: found {value!r}; a number above 0 is allowed")
    if stream is not None and not (stream and stream.isprintable()):
        raise UsageError(f"stream: found {stream!r}; printable text is allowed")
    if speed is not None and seconds is not None:
        raise UsageError("found a speed and seconds; one of the two says how fast rows come")
    if speed is not None and table.time_column is None:
        raise UsageError(
            f"a speed needs a column of time, and {table.source} has none; say in how many seconds"
        )
    loaded = session if isinstance(session, Session) else load_session(session)
    choose_heard(table, loaded, stream or table.name, columns)
    scored = ScoredTable(
        table,
        loaded,
        sample_rate=sample_rate or loaded.audio.sample_rate or DEFAULT_SAMPLE_RATE,
        stream=stream,
        online=online,
        each_column=each_column,
        tell=tell,
    )
    if seconds is not None:
        return fit_to_duration(scored, seconds=seconds, longest_s=longest_s)
    if speed is not None:
        return TimedPiece(scored, speed=speed, longest_s=longest_s)
    return TablePiece(scored, longest_s=longest_s)


def _hours(seconds: float) -> str:
    return f"{seconds / 3_600:g} h" if seconds >= 3_600 else f"{seconds / 60:g} min"
