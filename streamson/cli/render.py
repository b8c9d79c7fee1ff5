"""``streamson render``: a table becomes a sound file or a list of notes."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import click

from streamson.cli import options
from streamson.errors import UsageError

if TYPE_CHECKING:
    from streamson.score import Note, Session


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to: .wav is the sound, .csv the notes.",
)
@options.session
@click.option("--stream", metavar="NAME", help="The rows' stream.  [default: the table's name]")
@click.option(
    "--sample-rate",
    type=click.IntRange(8_000, 192_000),
    metavar="HZ",
    help="Frames a second.  [default: the session's, else 44100]",
)
@click.option(
    "--online", is_flag=True, help="Rescale as a live listener would, without knowing the future."
)
def command(
    *,
    table: Path,
    out: Path,
    session: str | None,
    stream: str | None,
    sample_rate: int | None,
    online: bool,
) -> int:
    """Turn TABLE, a .csv or .jsonl file, into sound or notes: its rows follow one another.

    The tune of the article that streamson grew from:

        streamson render eta.csv --session article -o eta.wav
    """
    if out.suffix.lower() not in _WRITERS:
        raise UsageError(f'can\'t write "{out}": .wav (sound) and .csv (notes) are allowed')
    if out.absolute() == table.absolute():
        raise UsageError(f'can\'t write "{out}": it is the table itself')
    from streamson.offline.render import DEFAULT_SAMPLE_RATE, score_table
    from streamson.offline.sound_file import whole_or_nothing
    from streamson.score import load_session
    from streamson.table import Table

    loaded = load_session(session)
    rate = sample_rate or loaded.audio.sample_rate or DEFAULT_SAMPLE_RATE
    source = Table(table)
    if source.ignored:
        click.echo(f"left out, not numbers: {', '.join(source.ignored)}", err=True)
    notes = score_table(source, loaded, sample_rate=rate, stream=stream, online=online)
    write = _WRITERS[out.suffix.lower()]
    with whole_or_nothing(out) as part, _progress(table) as watch:
        done = write(part, watch(notes), loaded, rate)
    click.echo(f"{out}: {done}")
    return 0


def _write_wav(path: Path, notes: "Iterable[Note]", session: "Session", rate: int) -> str:
    from streamson.offline.render import render_notes
    from streamson.offline.sound_file import write_wav

    return write_wav(path, render_notes(notes, session, sample_rate=rate), rate)


def _write_csv(path: Path, notes: "Iterable[Note]", _session: "Session", rate: int) -> str:
    from streamson.offline.notes_file import write_notes

    with path.open("w", encoding="utf-8", newline="") as file:
        return f"{write_notes(notes, file, sample_rate=rate)} notes"


_Watch: TypeAlias = Callable[["Iterable[Note]"], "Iterator[Note]"]
_Writer: TypeAlias = Callable[[Path, "Iterable[Note]", "Session", int], str]
_WRITERS: Final[dict[str, _Writer]] = {".wav": _write_wav, ".csv": _write_csv}


@contextmanager
def _progress(table: Path) -> Iterator[_Watch]:
    """Yield a function that counts notes on a terminal while they pass through."""
    if not sys.stderr.isatty():
        yield iter
        return
    from rich.console import Console  # slow to load, and only for terminals
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}  {task.completed} notes"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"Rendering {table.name}", total=None)

        def watch(notes: "Iterable[Note]") -> "Iterator[Note]":
            for note in notes:
                progress.advance(task)
                yield note

        yield watch
