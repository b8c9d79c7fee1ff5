"""``streamson render``: a table or a recording becomes sound, notes, plots or a video."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from streamson._click_options import FiniteFloat, Seconds, columns, each_column, time_column
from streamson.cli import options
from streamson.cli.ending import ending
from streamson.cli.progress import shown_progress
from streamson.errors import InputFileError, UsageError

if TYPE_CHECKING:
    from streamson.offline.piece import Piece
    from streamson.offline.table_piece import TablePiece


class PixelSize(click.ParamType[tuple[int, int]]):
    """Width and height: ``1280x720``."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return the two, or say what is allowed."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", str(value).lower())
        if match is None:
            self.fail(f"found {value!r}; a size such as 1280x720 is allowed", param, ctx)
        return int(match[1]), int(match[2])


@click.command()
@click.argument("source", metavar="INPUT", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    "outs",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to, once or several times: .wav .flac .ogg .mp3 are the sound, .csv .jsonl .mid "
    "the notes, .png .svg .pdf a plot, .mp4 a video.",
)
@options.session
@click.option("--stream", metavar="NAME", help="The rows' stream.  [default: the table's name]")
@columns
@each_column
@time_column
@options.sample_rate
@click.option(
    "--speed",
    type=FiniteFloat(1e-6, 1e9),
    metavar="X",
    help="Let rows come in their own time, so many times faster.",
)
@click.option(
    "--seconds",
    type=Seconds(),
    metavar="TIME",
    help="Let rows come in their own time, at the speed at which the last one comes then; evenly "
    "where they have no time.",
)
@click.option(
    "--longest",
    type=Seconds(),
    metavar="TIME",
    help="How long the sound of a table may be.  [default: 3h, or what --seconds makes of it]",
)
@click.option(
    "--plot",
    "panels",
    multiple=True,
    metavar="KIND",
    help="What a plot shows, once or several times: curves, roll, wave, spectrogram, orbit, or "
    "all.  [default: curves and roll]",
)
@click.option("--title", metavar="TEXT", help="Of a plot or a video.  [default: the table's]")
@click.option("--dark", is_flag=True, help="A plot light on dark; a video always is.")
@click.option(
    "--size",
    type=PixelSize(),
    metavar="WIDTHxHEIGHT",
    help="Pixels of a video or a plot.  [default: 1280x720; a plot is as high as it needs]",
)
@click.option(
    "--fps",
    type=click.IntRange(1, 120),
    default=30,
    show_default=True,
    help="Frames a second of a video.",
)
@options.online
def command(
    *,
    source: Path,
    outs: tuple[Path, ...],
    session: str | None,
    stream: str | None,
    columns: str | None,
    each_column: bool,
    time_column: str | None,
    sample_rate: int | None,
    speed: float | None,
    seconds: float | None,
    longest: float | None,
    panels: tuple[str, ...],
    title: str | None,
    dark: bool,
    size: tuple[int, int] | None,
    fps: int,
    online: bool,
) -> int:
    """Turn INPUT into sound, notes, plots or a video.

    INPUT is a table: text with commas, semicolons, tabs or blanks, JSON, .xlsx or .parquet, also
    packed by gzip, or "-" for standard input. Its rows follow one another note by note unless
    --speed or --seconds say otherwise. Or it is the folder of a recorded session, which gives the
    samples that were heard, or with another --session another piece of the same points.

    The tune of the article that streamson grew from:

        streamson render eta.csv --session article -o eta.wav
    """
    from streamson.export.plot.write import PlotFormat
    from streamson.export.registry import export
    from streamson.export.sound_file import whole_or_nothing
    from streamson.export.video.write import VideoFormat
    from streamson.recording.manifest import is_recording

    video = VideoFormat(*(size or VideoFormat()[:2]), fps, title)
    if any(out.suffix.lower() == ".mp4" for out in outs):
        video.check()
    plot = PlotFormat(panels, title, size, dark)
    plot.check()
    _check_outs(source, outs)
    if options.is_given("fps") and not any(out.suffix.lower() == ".mp4" for out in outs):
        raise UsageError("--fps is for .mp4; -o names no such file")
    _check_looks(outs, title=title is not None, size=size is not None, dark=dark, plot=bool(panels))
    if recorded := is_recording(source):
        given = {
            "--stream": stream,
            "--columns": columns,
            "--each-column": each_column or None,
            "--time-column": time_column,
            "--sample-rate": sample_rate,
            "--speed": speed,
            "--seconds": seconds,
            "--longest": longest,
            "--online": online or None,
        }
        for name, value in given.items():
            if value is not None:
                raise UsageError(f"{name} is for tables; {source} is a recorded session")
        piece = _recorded(source, session)
    else:
        piece = _table(
            source,
            session,
            stream=stream,
            columns=columns,
            each_column=each_column,
            time_column=time_column,
            sample_rate=sample_rate,
            speed=speed,
            seconds=seconds,
            longest=longest,
            online=online,
        )
    if next(piece.notes(), None) is None:
        raise InputFileError(f"{source}: no note comes of it: {piece.why_silent()}")
    shown = _show_remarks(piece, set())
    _warn_of_length(piece, outs, fits=not recorded and seconds is None)
    ending.hold()
    for out in outs:
        with whole_or_nothing(out) as part, shown_progress(out.name) as progress:
            done = export(piece, part, progress, plot=plot, video=video)
        click.echo(f"{out}: {done}")
    _show_remarks(piece, shown)
    return 0


def _check_outs(source: Path, outs: tuple[Path, ...]) -> None:
    """Raise `UsageError` if one of the outputs can't be written."""
    from streamson.export.registry import check_kind

    for out in outs:
        check_kind(out)
        if out.resolve() == source.resolve():
            raise UsageError(f'can\'t write "{out}": it is the input itself')
        if source.is_dir() and source.resolve() in out.resolve().parents:
            raise UsageError(f'can\'t write "{out}": it is in the input; name another folder')
    if len({out.resolve() for out in outs}) < len(outs):
        raise UsageError("found the same output twice")


def _check_looks(outs: tuple[Path, ...], **given: bool) -> None:
    """Raise `UsageError` if an option says how something looks that is not made."""
    from streamson.export.registry import PLOTS, VIDEO

    kinds = {out.suffix.lower() for out in outs}
    for name, is_given in given.items():
        fitting = {*PLOTS} if name in ("dark", "plot") else {*PLOTS, VIDEO}
        if is_given and not kinds & fitting:
            raise UsageError(f"--{name} is for {', '.join(sorted(fitting))}; -o names no such file")


def _recorded(folder: Path, session: str | None) -> "Piece":
    from streamson.offline.recorded_piece import AnotherPiece, RecordedPiece
    from streamson.recording.reader import Recording
    from streamson.session.load import load_session

    recording = Recording(folder)
    if session is None:
        return RecordedPiece(recording)
    return AnotherPiece(recording, load_session(session))


def _table(
    path: Path,
    session: str | None,
    *,
    stream: str | None,
    columns: str | None,
    each_column: bool,
    time_column: str | None,
    sample_rate: int | None,
    speed: float | None,
    seconds: float | None,
    longest: float | None,
    online: bool,
) -> "Piece":
    from streamson.formats.table import Table

    if speed is not None and seconds is not None:
        raise UsageError("found --speed and --seconds; one of the two says how fast rows come")
    table = Table(path, time_column=time_column)
    if speed is not None and table.time_column is None:
        raise UsageError(f"--speed needs a column of time, and {path} has none; try --seconds")
    # The synthesiser takes half a second to load, for which no mistake in a name waits.
    from streamson.offline.table_piece import MAX_UNASKED_S, table_piece

    piece = table_piece(
        table,
        session,
        sample_rate=sample_rate,
        stream=stream,
        online=online,
        columns=columns,
        each_column=each_column,
        speed=speed,
        seconds=seconds,
        longest_s=longest or (MAX_UNASKED_S if seconds is None else None),
    )
    _say_what_is_heard(piece, asked=columns is not None or each_column)
    return piece


def _say_what_is_heard(piece: "TablePiece", *, asked: bool) -> None:
    """Say what is played, what is left out and why, and how to choose otherwise."""
    from streamson.formats.table_columns import left_out_words

    for _, line in piece.legend():
        click.echo(line, err=True)
    table = piece.scored.table
    each = len(piece.scored.streams) > 1
    unheard = [] if each or piece.session.parts else table.columns[2:]
    left_out = table.ignored if piece.session.parts else table.left_out
    if left_out or unheard:
        choose = "; choose with --columns A,B, or hear each with --each-column"
        if asked:
            choose = "; hear each with --each-column" if unheard else ""
        click.echo(f"left out: {left_out_words(left_out, unheard)}{choose}", err=True)


def _show_remarks(piece: "Piece", shown: set[str]) -> set[str]:
    """Say what was taken for granted, and left out, of a table; return all that was said."""
    remarks = [remark for remark in piece.remarks if remark not in shown]
    for remark in remarks:
        click.echo(f"{piece.title}: {remark}", err=True)
    return shown.union(remarks)


LONG_S: Final = 600.0
"""Who waits for a longer sound, or finds room for it, is told before."""

_SOUND_BYTES_A_FRAME: Final = {".wav": 6.0, ".flac": 2.0, ".ogg": 0.4, ".mp3": 0.6, ".mp4": 1.0}


def _warn_of_length(piece: "Piece", outs: Iterable[Path], *, fits: bool) -> None:
    """Say of a long sound how long and how large it will be."""
    sounds = [out for out in outs if out.suffix.lower() in _SOUND_BYTES_A_FRAME]
    if not sounds or piece.length_s < LONG_S:
        return
    minutes = round(piece.length_s / 60)
    hours = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    frames = piece.length_s * piece.sample_rate
    for out in sounds:
        size = frames * _SOUND_BYTES_A_FRAME[out.suffix.lower()]
        about = f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
        shorter = "; --seconds 5min makes it fit" if fits else ""
        click.echo(f"{out}: {hours} of sound, about {about}{shorter}", err=True)
