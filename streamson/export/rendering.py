"""A table as sound, for Python and for notebooks."""

import base64
import html
import io
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import DTypeLike, NDArray

from streamson._printable import counted
from streamson.errors import MissingDependencyError
from streamson.export.registry import check_kind, export
from streamson.export.sound_file import whole_or_nothing
from streamson.formats.table import Table
from streamson.model.note import Note
from streamson.music.pitch import midi_to_note
from streamson.offline.table_piece import MAX_UNASKED_S, TablePiece, table_piece
from streamson.session.schema import Session

MAX_PLAYER_S: Final = 600.0
"""A longer sound is not put into a notebook, which would be saved with it: 10 minutes are 10 MB."""

MAX_SHOWN_EVENTS: Final = 50

_MAX_MP3_RATE: Final = 48_000


class Rendering:
    """A table as sound: an array to numpy, a player and a plot to a notebook.

    Parameters
    ----------
    piece
        What was rendered.
    samples
        Its sound.
    events
        What happened, a line each.

    Attributes
    ----------
    samples : ndarray of float32, shape (frames, 2)
        In [-1, 1], left and right.
    sample_rate : int
        Frames a second.
    notes : list of Note
        What was played, by their onsets.
    legend : list of str
        For each stream, what is played of it.
    remarks : list of str
        What was taken for granted of the table, and what of it was left out.
    events : list of str
        What was told in it, such as alerts, with the times of their rows.
    """

    def __init__(self, piece: TablePiece, samples: NDArray[np.float32], events: list[str]) -> None:
        self.samples = samples
        self.sample_rate = piece.sample_rate
        self.notes: list[Note] = list(piece.notes())
        self.legend = [line for _, line in piece.legend()]
        self.remarks = piece.remarks
        self.events = events
        self._piece = piece

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames, and two."""
        return self.samples.shape

    @property
    def duration_s(self) -> float:
        """How long it is, in seconds."""
        return len(self.samples) / self.sample_rate

    def save(self, path: str | Path) -> str:
        """Write it to a file of the kind that its ending says; return what is in it.

        Parameters
        ----------
        path
            Its ending is one that ``streamson render -o`` takes, such as ``.flac`` or ``.png``.

        Raises
        ------
        UsageError
            If there is no such kind of file.
        OutputFileError
            If it can't be written.
        MissingDependencyError
            If the package that writes it is not installed.
        """
        check_kind(Path(path))
        with whole_or_nothing(Path(path)) as part:
            return export(self._piece, part)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, key: Any) -> Any:
        return self.samples[key]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy:
            return np.array(self.samples, dtype)
        return np.asarray(self.samples, dtype)

    def __repr__(self) -> str:
        return (
            f"<{self.duration_s:.1f} s of sound at {self.sample_rate} Hz, {len(self.notes)} notes: "
            f"{'; '.join(self.legend)}>"
        )

    def _repr_html_(self) -> str:
        """Return a player, a plot where matplotlib is there, and the legend."""
        lines = _items((*self.legend, *self.remarks))
        return "\n".join(
            (
                '<figure style="margin:0" aria-label="Sound of a table">',
                self._player(),
                self._picture(),
                f"<figcaption><ul>{lines}</ul>{self._events()}</figcaption>",
                "</figure>",
            )
        )

    @property
    def description(self) -> str:
        """What the plot shows, for those who do not see it."""
        pitches = [note.midi_note for note in self.notes]
        if not pitches:
            return "No notes."
        low, high = midi_to_note(min(pitches)), midi_to_note(max(pitches))
        span = f"{low} to {high}" if low != high else f"{low} alone"
        played = f"{counted(len(pitches), 'note')} in {self.duration_s:.1f} s, {span}"
        return f"Curves of the data above a piano roll: {played}. {'; '.join(self.legend)}"

    def _events(self) -> str:
        """Return what happened, as a line that opens."""
        if not self.events:
            return ""
        more = len(self.events) - MAX_SHOWN_EVENTS
        shown = self.events[:MAX_SHOWN_EVENTS] + ([f"and {more} more"] if more > 0 else [])
        words = f"{counted(len(self.events), 'event')}, such as alerts"
        return f"<details><summary>{words}</summary><ul>{_items(shown)}</ul></details>"

    def _player(self) -> str:
        if self.duration_s > MAX_PLAYER_S:
            return (
                f"<div>{self.duration_s / 60:.0f} min of sound: hear it by save('sound.mp3')</div>"
            )
        kind = "MP3" if self.sample_rate <= _MAX_MP3_RATE else "FLAC"
        file = io.BytesIO()
        soundfile.write(file, self.samples, self.sample_rate, format=kind)
        mime = "audio/mpeg" if kind == "MP3" else "audio/flac"
        content = base64.b64encode(file.getvalue()).decode()
        source = f"data:{mime};base64,{content}"
        return f'<audio controls aria-label="Player" style="width:100%" src="{source}"></audio>'

    def _picture(self) -> str:
        if not self.notes:
            return "<p>No notes.</p>"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "plot.png"
            try:
                export(self._piece, path)
            except MissingDependencyError as error:
                return f"<p>{html.escape(str(error))}</p>"
            content = base64.b64encode(path.read_bytes()).decode()
        words = html.escape(self.description)
        return f'<img alt="{words}" style="max-width:100%" src="data:image/png;base64,{content}">'


def _items(lines: Iterable[str]) -> str:
    return "".join(f"<li>{html.escape(line)}</li>" for line in lines)


def render(
    table: Any,
    session: str | Path | Session | None = None,
    *,
    sample_rate: int | None = None,
    stream: str | None = None,
    online: bool = False,
    columns: str | Sequence[str] | None = None,
    each_column: bool = False,
    time_column: str | None = None,
    speed: float | None = None,
    seconds: float | None = None,
) -> Rendering:
    """Return a table as sound.

    Parameters
    ----------
    table
        A file, a frame of pandas, Polars, Arrow or of any library that narwhals knows, also a lazy
        one, a series, an array of numpy, a dictionary of columns, a list of numbers or of
        dictionaries, or a `Table`.
    session
        A preset's name, a session file, or a session.
    sample_rate
        In Hz; by default the session's, else 44,100.
    stream
        The stream that the rows belong to; by default the file's name without its ending.
    online
        Rescale as a live listener would have, who does not know what is still to come.
    columns
        Names of the columns that are heard; by default those that vary.
    each_column
        Let each of them be a stream of its own, instead of a pitch and a volume.
    time_column
        Which column is the time; found by its name, or by its dates, if omitted.
    speed
        Let rows come in their own time, so many times faster.
    seconds
        Let rows come in their own time, the last one after so many seconds; evenly where they
        have no time.

    Returns
    -------
    Rendering
        An array of float32, shape (frames, 2), in [-1, 1] to numpy, with its sample rate, its
        notes, its legend and what was told in it; a player and a plot to a notebook.

    Raises
    ------
    UsageError
        If both `speed` and `seconds` are given, or there is no such column.
    InputFileError, SessionError
        If the table or the session can't be used.

    Examples
    --------
    >>> audio = render("tests/data/article_eta_300.csv", "article")
    >>> f"{audio.duration_s:.1f} s, {len(audio.notes)} notes"
    '82.7 s, 300 notes'
    >>> render({"value": [1, 2, 3, 2]}).legend
    ['data: value -> pitch D3..G5 (1..3), epiano']
    """
    events: list[str] = []
    opened = table if isinstance(table, Table) else Table(table, time_column=time_column)
    piece = table_piece(
        opened,
        session,
        sample_rate=sample_rate,
        stream=stream,
        online=online,
        columns=columns,
        each_column=each_column,
        speed=speed,
        seconds=seconds,
        longest_s=MAX_UNASKED_S if seconds is None else None,
        tell=events.append,
    )
    blocks = list(piece.sound())
    samples = np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)
    return Rendering(piece, samples, events)
