"""The numbers of a sound: the function that Python programs call, and what it returns."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamson._printable import counted
from streamson.decode.note import DecodedNote
from streamson.decode.reading import Reader, Row
from streamson.decode.sound_source import ArraySource, FileSource, SoundSource
from streamson.decode.table import ENDINGS, Cell, cells, columns_of, lines
from streamson.decode.voices import voices_of
from streamson.errors import OutputFileError, UsageError
from streamson.formats.atomic import write_atomically
from streamson.rescaling.normalize import Range
from streamson.session.load import load_session
from streamson.session.schema import Session

EXPLAINED_S: Final = 60.0
"""Of so much of the sound it is told how much of it the notes explain."""

LITTLE: Final = 0.5
"""Where less is explained, another session has played it, or a noise is louder than the notes."""


UNSURE: Final = 0.2
"""So does a larger share of notes that are more likely wrong than right: sounds of another session
share most of their energy, which is in the fundamentals, and many still fit no note well. Of what
the session did play it is below 0.05."""


class Decoded:
    """What was decoded of a sound.

    Attributes
    ----------
    rows : list of Row
        By their onsets, each a note, its stream, and the values that it tells.
    names : tuple of str
        Columns of values. One that ends in ``_place`` tells where a value stood in the range of its
        time, from 0 to 1, because nobody knows the range.
    explained : float
        Share of the sound's energy that lies where the notes have theirs, 0 to 1.
    gain_db : float
        How much louder the sound is than what was played, in dB.
    stretch_s : tuple of float
        Where what was decoded begins and ends in the sound, in seconds.
    remarks : list of str
        What a person should know before the numbers are trusted.
    """

    def __init__(
        self,
        rows: list[Row],
        names: tuple[str, ...],
        *,
        explained: float,
        gain_db: float,
        stretch_s: tuple[float, float],
        remarks: list[str],
    ) -> None:
        self.rows = rows
        self.names = names
        self.explained = explained
        self.gain_db = gain_db
        self.stretch_s = stretch_s
        self.remarks = remarks

    @property
    def notes(self) -> list[DecodedNote]:
        """The notes, by their onsets."""
        return [row.note for row in self.rows]

    def columns(self) -> dict[str, list[Cell]]:
        """Return a table by its columns, such as a frame of pandas or Polars is made of.

        Of a value there are its column and those of its error bars, ``_low`` and ``_high``; None is
        a value that a note does not tell, and a bar that has no end.
        """
        rows = [cells(row, self.names) for row in self.rows]
        return {column: [row[i] for row in rows] for i, column in enumerate(columns_of(self.names))}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table to a ``.csv`` or ``.jsonl`` file.

        Raises
        ------
        UsageError
            If it has another ending.
        OutputFileError
            If it can't be written.
        """
        path = Path(path)
        if path.suffix.lower() not in ENDINGS:
            raise UsageError(f"can't write {path}: {' and '.join(ENDINGS)} are allowed")
        text = "".join(lines(self.rows, self.names, path.suffix.lower()))
        try:
            write_atomically(path, text.encode())
        except OSError as error:
            raise OutputFileError(f"can't write {path}: {error.strerror}") from None

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        streams = dict.fromkeys(row.stream for row in self.rows)
        of = f" of {', '.join(streams)}" if streams else ""
        return f"<{counted(len(self.rows), 'note')}{of}: {', '.join(self.names)}>"


def decode_sound(
    sound: str | os.PathLike[str] | NDArray[Any],
    session: str | Path | Session | None = None,
    *,
    sample_rate: int | None = None,
    streams: Sequence[str] | None = None,
    fields: Sequence[str] = (),
    ranges: Mapping[str, Range] | None = None,
    start_s: float = 0.0,
    end_s: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> Decoded:
    """Return the numbers that a sound tells, from the sound alone.

    Parameters
    ----------
    sound
        A sound file, or samples of shape (frames,) or (frames, channels).
    session
        What played it: a preset's name, a session file, or a session.
    sample_rate
        Of samples, in Hz; by default 44,100.
    streams
        Names of the streams that played, in the order of appearance. By default those that the
        session names; where it plays any, they are found in the sound and numbered.
    fields
        Names of the fields of each stream, in their order; by default as the session names them.
    ranges
        Field to the least and the greatest value of all the data that was played. Without, only a
        field whose range the session fixes is told in its unit, and of others their place.
    start_s, end_s
        The stretch of the sound that is decoded, in seconds; the end of the sound without.
    progress
        Called with the share that is done, 0 to 1.

    Raises
    ------
    UsageError
        If there is no such stretch, stream, or range, or nothing of the session can be decoded.
    InputFileError, SessionError
        If the file or the session can't be used.

    Examples
    --------
    >>> import streamson
    >>> audio = streamson.render({"x": [1, 5, 3, 2]}, sample_rate=22_050)
    >>> found = decode_sound(
    ...     audio.samples, sample_rate=22_050, streams=["data"], fields=["x"], ranges={"x": (1, 5)}
    ... )
    >>> [round(value) for value in found.columns()["x"]]
    [1, 5, 3, 2]
    """
    source: SoundSource
    if isinstance(sound, str | os.PathLike):
        source = FileSource(Path(sound))
    else:
        source = ArraySource(np.asarray(sound), sample_rate or 44_100)
    loaded = session if isinstance(session, Session) else load_session(session)
    # They take a second to load, for which nobody waits who named the wrong file.
    from streamson.decode.explained import explained_share
    from streamson.decode.hearing import found_voices, heard_notes, stretch_of

    stretch = stretch_of(source, start_s, end_s)
    if streams is None:
        voices = found_voices(stretch, loaded, fields)
    else:
        voices = voices_of(loaded, list(streams), fields)
    reader = Reader(voices.voices, ranges or {})
    heard = sorted(heard_notes(stretch, loaded, voices, progress), key=lambda note: note.onset_s)
    all_rows, gain = reader.rows(heard)
    rows = [row for row in all_rows if stretch.holds(row.note.onset_s)]
    beginning = stretch.part(0.0, EXPLAINED_S)
    explained = explained_share(
        beginning.blocks(),
        source.sample_rate,
        heard,
        voices.voices,
        first_s=beginning.start_s,
    )
    return Decoded(
        rows,
        reader.columns,
        explained=explained,
        gain_db=gain,
        stretch_s=(stretch.start_s, stretch.end_s),
        remarks=[*voices.remarks, *reader.remarks, *_doubts(loaded, rows, explained, gain)],
    )


def _doubts(session: Session, rows: list[Row], explained: float, gain: float) -> Iterator[str]:
    """Yield what a person should know before the numbers are trusted."""
    unsure = mean([row.note.confidence < 0.5 for row in rows] or [0.0])
    if not rows:
        yield f"no note of the session {session.name} is heard in it"
    elif explained < LITTLE or unsure > UNSURE:
        why = []
        if explained < LITTLE:
            why.append(f"the notes explain {explained:.0%} of its energy")
        if unsure > UNSURE:
            why.append(f"{unsure:.0%} of the notes are more likely wrong than right")
        yield (
            f"little fits: {' and '.join(why)}; another session than {session.name} may have "
            "played it, or other sounds are louder"
        )
    if gain:
        yield f"it is {abs(gain):.1f} dB {'louder' if gain > 0 else 'softer'} than it was played"
