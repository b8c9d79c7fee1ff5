"""Rendering: a table becomes notes, and notes become samples, as a live listener makes them."""

from collections.abc import Iterable, Iterator
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
from streamson.score.extents import Extents, extents_of
from streamson.score.session.casting import matching_parts
from streamson.session_engine import session_engine
from streamson.synth.engine import Engine
from streamson.synth.memory import NOTE_RING, QUANTUM
from streamson.table import Table
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
    notes = score_table(table, loaded, sample_rate=rate, stream=stream, online=online)
    blocks = list(render_notes(notes, loaded, sample_rate=rate))
    return np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)


def score_table(
    table: str | Path | Table,
    session: Session,
    *,
    sample_rate: int = DEFAULT_SAMPLE_RATE,
    stream: str | None = None,
    online: bool = False,
) -> Iterator[Note]:
    """Yield the notes of a table, row after row; parameters and errors as for `render`."""
    return in_order(
        score_rows(table, session, sample_rate=sample_rate, stream=stream, online=online)
    )


def score_rows(
    table: str | Path | Table,
    session: Session,
    *,
    sample_rate: int = DEFAULT_SAMPLE_RATE,
    stream: str | None = None,
    online: bool = False,
) -> Iterator[ScoredRow]:
    """Yield the rows of a table and their notes; parameters and errors as for `render`."""
    table = table if isinstance(table, Table) else Table(table)
    name = stream or table.name
    score = Score(session, sample_rate=sample_rate, sequence_only=True)
    check_parts(session, score, name, table)
    if not online and (extents := table_extents(table, score, name)):
        score = Score(session, sample_rate=sample_rate, extents=extents, sequence_only=True)
    for i, (fields, time) in enumerate(table.rows()):
        point = DataPoint(name, fields, float(i) if isnan(time) else time)
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


def table_extents(table: Table, score: Score, stream: str) -> Extents:
    """Return where the values of a table begin and end, as far as a score asks; in one pass."""
    sources = score.sources(stream, table.columns)
    return extents_of(table.rows(), sources) if sources else {}


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


def check_parts(session: Session, score: Score, stream: str, table: Table) -> None:
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
    missing = sorted(score.fields_of(stream) - set(table.columns))
    if missing:
        raise InputFileError(
            f"{table.path}: the session plays the field {missing[0]!r} of stream {stream!r}, "
            f"but the columns of numbers are {', '.join(table.columns)}"
        )
