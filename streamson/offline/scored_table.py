"""A table as a session plays it: the columns that are heard, what is known of them, the notes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from heapq import heappop, heappush
from itertools import count
from math import isnan
from typing import NamedTuple, TypeVar

import msgspec

from streamson.errors import InputFileError
from streamson.formats.table import Table
from streamson.formats.table_columns import choose_columns, named_columns
from streamson.model.note import Note
from streamson.model.point import DataPoint
from streamson.offline.log_once import LogOnce
from streamson.offline.placing import alert_placer
from streamson.rescaling.extents import Extents, extents_of
from streamson.score.legend import legend
from streamson.score.score import Score
from streamson.score.table_score import TableScore, wanted_sources
from streamson.session.resolve import matching_parts, named_fields, played_fields
from streamson.session.schema import Session

_Score = TypeVar("_Score", bound=Score)


class ScoredRow(NamedTuple):
    """A row of a table that was played.

    Attributes
    ----------
    point
        The row.
    notes
        Its notes, alerts included.
    next_frame
        No note of a later row begins before it.
    """

    point: DataPoint
    notes: list[Note]
    next_frame: int


class ScoredTable:
    """A table whose rows a session plays.

    Parameters
    ----------
    table
        The table; its columns are those that are heard.
    session
        What plays it.
    sample_rate
        Frames a second.
    stream
        The rows' stream; by default the table's name.
    online
        Whether nothing is known of the table beforehand, as live.
    each_column
        Whether each column is a stream of its own.
    tell
        As of `LogOnce`.

    Attributes
    ----------
    table, session, sample_rate
        As they were given.
    streams
        Each stream, and its columns.

    Raises
    ------
    InputFileError
        If the session does not fit the table.
    """

    def __init__(
        self,
        table: Table,
        session: Session,
        *,
        sample_rate: int,
        stream: str | None = None,
        online: bool = False,
        each_column: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.table = table
        self.session = session
        self.sample_rate = sample_rate
        self._online = online
        self._log_once = LogOnce(tell)
        name = stream or table.name
        self.streams = {name: tuple(table.columns)}
        if each_column:
            self.streams = {f"{name}.{column}": (column,) for column in table.columns}
        for stream_name, columns in self.streams.items():
            _check_parts(session, stream_name, table, columns)

    def score(self, kind: type[_Score]) -> _Score:
        """Return a score of a kind that knows what is to come."""
        return kind(
            self.session,
            sample_rate=self.sample_rate,
            extents=self._extents,
            on_event=self._log_once,
        )

    def legend(self) -> list[tuple[str, str]]:
        """Return each stream, and a line: what is played of it."""
        return legend(self.session, self.streams, self._extents, self.table.units)

    def rows(self) -> Iterator[ScoredRow]:
        """Yield the rows, as many for each as there are streams, and their notes."""
        score = self.score(TableScore)
        placer = alert_placer(self.session, self.sample_rate)
        for i, (fields, time) in enumerate(self.table.rows()):
            for name, columns in self.streams.items():
                values = {column: fields[column] for column in columns}
                point = DataPoint(name, values, float(i) if isnan(time) else time)
                notes = placer.place(score.process(point, 0), 0)
                yield ScoredRow(point, notes, score.next_frame)

    @cached_property
    def _extents(self) -> Extents | None:
        """Where the values begin and end, as far as it is asked for; one pass for all uses."""
        sources = {
            source
            for stream, columns in self.streams.items()
            for source in wanted_sources(self.session, stream, columns)
        }
        return None if self._online or not sources else extents_of(self.table.rows(), sources)


def in_order(rows: Iterable[ScoredRow]) -> Iterator[Note]:
    """Yield the notes of rows by their onsets: parts run apart, and alerts come between notes."""
    later: list[tuple[int, int, Note]] = []
    numbers = count()
    next_frame = 0
    for row in rows:
        for note in row.notes:
            # The earcon of a row without notes comes late.
            onset_frame = max(note.onset_frame, next_frame) if note.foreground else note.onset_frame
            if onset_frame != note.onset_frame:
                note = msgspec.structs.replace(note, onset_frame=onset_frame)  # noqa: PLW2901
            heappush(later, (onset_frame, next(numbers), note))
        next_frame = row.next_frame
        while later and later[0][0] < next_frame:
            yield heappop(later)[2]
    while later:
        yield heappop(later)[2]


def choose_heard(
    table: Table, session: Session, stream: str, wanted: str | Sequence[str] | None = None
) -> None:
    """Let a table have the columns that are heard, and know why the others are not.

    Parameters
    ----------
    table
        The table.
    session
        What it names is heard in any case.
    stream
        The rows' stream.
    wanted
        Names, or a list such as ``a,b``; None: those that are worth it.

    Raises
    ------
    UsageError
        If there is no such column.
    """
    if wanted is not None:
        words = wanted.split(",") if isinstance(wanted, str) else list(map(str, wanted))
        table.keep(named_columns(words, table), {})
        return
    choice = choose_columns(table.rows(), table.columns)
    named = named_fields(session, stream)
    table.keep(
        [name for name in table.columns if name in choice.heard or name in named],
        {name: why for name, why in choice.left_out.items() if name not in named},
    )


def _check_parts(session: Session, stream: str, table: Table, columns: Sequence[str]) -> None:
    """Say now, not in silence later, that the session does not fit the table.

    Raises
    ------
    InputFileError
        It does not.
    """
    patterns = [part.stream for part in session.parts]
    if patterns and not matching_parts(session, stream):
        raise InputFileError(
            f"{table.source}: no part of the session plays the stream {stream!r}; they play "
            f"{', '.join(patterns)}. Name the stream with --stream."
        )
    missing = sorted(played_fields(session, stream) - set(columns))
    if missing:
        raise InputFileError(
            f"{table.source}: the session plays the field {missing[0]!r} of stream {stream!r}, "
            f"but the columns of numbers are {', '.join(table.numeric)}"
        )
