"""Rendering: a table becomes notes, and notes become samples, as a live listener makes them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from math import isnan
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamson.errors import InputFileError, StreamsonError
from streamson.score import Note, Score, Session, load_session
from streamson.score.extents import extents_of
from streamson.score.session.casting import matching_parts, named_fields
from streamson.session_engine import session_engine
from streamson.synth.engine import Engine
from streamson.synth.memory import NOTE_RING, QUANTUM
from streamson.table import Table
from streamson.table_columns import choose_columns, named_columns
from streamson.wire.point import DataPoint

DEFAULT_SAMPLE_RATE: Final = 44_100
BLOCK_FRAMES: Final = 32_768
"""Frames that are rendered at a time: memory does not grow with the length."""


class ScoredRow(NamedTuple):
    """A row of a table that was played.

    Attributes
    ----------
    point
        The row.
    notes
        Its notes, cues included.
    next_frame
        No note of a later row begins before it.
    """

    point: DataPoint
    notes: list[Note]
    next_frame: int


def render(
    table: str | Path | Table,
    session: str | Path | Session | None = None,
    *,
    sample_rate: int | None = None,
    stream: str | None = None,
    online: bool = False,
    columns: str | Sequence[str] | None = None,
    each_column: bool = False,
) -> NDArray[np.float32]:
    """Return a table as sound.

    Parameters
    ----------
    table
        A table, or the file that holds one.
    session
        A preset's name, a session file, or a session.
    sample_rate
        In Hz; by default the session's, else 44,100.
    stream
        The stream that the rows belong to; by default the file's name without its ending.
    online
        Rescale as a live listener would have, who does not know what is still to come.
    columns
        Names of the columns that are heard; by default those that vary (`choose_columns`).
    each_column
        Let each of them be a stream of its own, instead of a pitch and a volume.

    Returns
    -------
    ndarray of float32, shape (frames, 2)
        Samples in [-1, 1], left and right.

    Raises
    ------
    InputFileError, SessionError
        If the table or the session can't be used.

    Examples
    --------
    >>> audio = render("tests/data/article_eta_300.csv", "article")
    >>> f"{len(audio) / 44100:.1f} s"
    '82.7 s'
    """
    loaded = session if isinstance(session, Session) else load_session(session)
    rate = sample_rate or loaded.audio.sample_rate or DEFAULT_SAMPLE_RATE
    table = table if isinstance(table, Table) else Table(table)
    choose_heard(table, loaded, stream or table.name, columns)
    notes = score_table(
        table, loaded, sample_rate=rate, stream=stream, online=online, each_column=each_column
    )
    blocks = list(render_notes(notes, loaded, sample_rate=rate))
    return np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)


def score_table(
    table: str | Path | Table,
    session: Session,
    *,
    sample_rate: int = DEFAULT_SAMPLE_RATE,
    stream: str | None = None,
    online: bool = False,
    each_column: bool = False,
) -> Iterator[Note]:
    """Yield the notes of a table, row after row; parameters and errors as for `render`."""
    return in_order(
        score_rows(
            table,
            session,
            sample_rate=sample_rate,
            stream=stream,
            online=online,
            each_column=each_column,
        )
    )


def score_rows(
    table: str | Path | Table,
    session: Session,
    *,
    sample_rate: int = DEFAULT_SAMPLE_RATE,
    stream: str | None = None,
    online: bool = False,
    each_column: bool = False,
) -> Iterator[ScoredRow]:
    """Yield the rows of a table and their notes; parameters and errors as for `render`.

    Where each column is a stream there are as many for each row.
    """
    table = table if isinstance(table, Table) else Table(table)
    streams = table_streams(table, stream or table.name, each_column=each_column)
    score = table_score(
        table, session, streams, sample_rate=sample_rate, online=online, sequence_only=True
    )
    for i, (fields, time) in enumerate(table.rows()):
        for name, columns in streams.items():
            values = {column: fields[column] for column in columns}
            point = DataPoint(name, values, float(i) if isnan(time) else time)
            notes = score.play(point, 0)
            yield ScoredRow(point, notes, score.next_frame)


def in_order(rows: Iterable[ScoredRow]) -> Iterator[Note]:
    """Yield the notes of rows by their onsets: parts run apart, and cues come between notes."""
    later: list[tuple[int, int, Note]] = []
    numbers = count()
    next_frame = 0
    for row in rows:
        for note in row.notes:
            # The cue of a row without notes comes late.
            onset_frame = max(note.onset_frame, next_frame) if note.foreground else note.onset_frame
            if onset_frame != note.onset_frame:
                note = msgspec.structs.replace(note, onset_frame=onset_frame)  # noqa: PLW2901
            heappush(later, (onset_frame, next(numbers), note))
        next_frame = row.next_frame
        while later and later[0][0] < next_frame:
            yield heappop(later)[2]
    while later:
        yield heappop(later)[2]


def table_streams(table: Table, stream: str, *, each_column: bool) -> dict[str, tuple[str, ...]]:
    """Return the streams that a table's rows belong to, and the columns of each."""
    if not each_column:
        return {stream: tuple(table.columns)}
    return {f"{stream}.{column}": (column,) for column in table.columns}


def table_score(
    table: Table,
    session: Session,
    streams: Mapping[str, tuple[str, ...]],
    *,
    sample_rate: int,
    online: bool,
    sequence_only: bool = False,
) -> Score:
    """Return a score that knows what it will play of a table, unless it is to be as online.

    Raises
    ------
    InputFileError
        If the session does not fit the table.
    """
    score = Score(session, sample_rate=sample_rate, sequence_only=sequence_only)
    for stream, columns in streams.items():
        check_parts(session, score, stream, table, columns)
    sources = {
        source for stream, columns in streams.items() for source in score.sources(stream, columns)
    }
    if online or not sources:
        return score
    extents = extents_of(table.rows(), sources)
    return Score(session, sample_rate=sample_rate, extents=extents, sequence_only=sequence_only)


def choose_heard(
    table: Table, session: Session, stream: str, wanted: str | Sequence[str] | None = None
) -> dict[str, str]:
    """Let a table have the columns that are heard; return why the others are not.

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
        words = wanted if isinstance(wanted, str) else ",".join(wanted)
        table.keep(named_columns(words, table.columns, table.path))
        return {}
    choice = choose_columns(table.rows(), table.columns)
    named = named_fields(session, stream)
    table.keep(name for name in table.columns if name in choice.heard or name in named)
    return {name: why for name, why in choice.left_out.items() if name not in named}


def render_notes(
    notes: Iterable[Note],
    session: Session,
    *,
    sample_rate: int = DEFAULT_SAMPLE_RATE,
    block_frames: int = BLOCK_FRAMES,
) -> Iterator[NDArray[np.float32]]:
    """Yield the sound of notes in blocks, until the last one has faded.

    Parameters
    ----------
    notes
        In the order of their onsets, each of which is a frame.
    session
        Its instruments and volume.
    sample_rate
        In Hz.
    block_frames
        Largest block; it does not change the samples.

    Yields
    ------
    ndarray of float32, shape (frames, 2)

    Raises
    ------
    StreamsonError
        If more than 4,096 notes begin at once.
    """
    engine = session_engine(session, sample_rate)
    end = last = 0
    held: dict[int, Note] = {}
    for note in notes:
        yield from until_room(engine, note.onset_frame, block_frames)
        engine.play(note)
        last = max(last, note.onset_frame + round(note.duration_s * sample_rate))
        if note.held_key:
            held[note.held_key] = note
        else:
            end = max(end, engine.end_frame(note))
    # A held voice would wait for its next note: there is none any more.
    for waiting in held.values():
        final = waiting
        if waiting.onset_frame + waiting.duration_frames > last:
            final = msgspec.structs.replace(waiting, onset_frame=last, duration_frames=1)
            yield from until_room(engine, last, block_frames)
            engine.play(final)
        end = max(end, engine.end_frame(final))
    yield from until_frame(engine, end, block_frames)


def until_room(
    engine: Engine, onset_frame: int, block_frames: int = BLOCK_FRAMES
) -> Iterator[NDArray[np.float32]]:
    """Yield sound until a note of that onset can be handed over.

    Raises
    ------
    StreamsonError
        If more than 4,096 notes begin at once.
    """
    # The engine synthesises a quantum ahead, and finishes the one it is in.
    while onset_frame >= engine.frame + block_frames + 2 * QUANTUM:
        yield engine.render(block_frames)
    while not engine.room:  # let time take some of what waits
        if onset_frame < engine.frame + 3 * QUANTUM:
            raise StreamsonError(f"more than {NOTE_RING} notes begin at frame {engine.frame}")
        yield engine.render(QUANTUM)


def until_frame(
    engine: Engine, end: int, block_frames: int = BLOCK_FRAMES
) -> Iterator[NDArray[np.float32]]:
    """Yield sound up to a frame."""
    while engine.frame < end:
        yield engine.render(min(block_frames, end - engine.frame))


def check_parts(
    session: Session, score: Score, stream: str, table: Table, columns: Sequence[str]
) -> None:
    """Say now, not in silence later, that the session does not fit the table.

    Raises
    ------
    InputFileError
        It does not.
    """
    patterns = [part.stream for part in session.parts]
    if patterns and not matching_parts(session, stream):
        raise InputFileError(
            f"{table.path}: no part of the session plays the stream {stream!r}; they play "
            f"{', '.join(patterns)}. Name the stream with --stream."
        )
    missing = sorted(score.fields_of(stream) - set(columns))
    if missing:
        raise InputFileError(
            f"{table.path}: the session plays the field {missing[0]!r} of stream {stream!r}, "
            f"but the columns of numbers are {', '.join(columns)}"
        )
