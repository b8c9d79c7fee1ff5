"""``streamson decode``: the numbers back from a sound."""

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from streamson._click_options import Seconds
from streamson._printable import counted, printable
from streamson.cli import options
from streamson.cli.ending import ending
from streamson.cli.progress import shown_progress
from streamson.errors import UsageError

if TYPE_CHECKING:
    from streamson.decode.comparison import Comparison, PlayedNote
    from streamson.decode.decoded import Decoded

_STDOUT: Final = "-"
_TABLES: Final = (".csv", ".jsonl")
_PLOTS: Final = (".png", ".svg", ".pdf")

LIKELY: Final = 0.5
"""A sound without a note that is likelier right than wrong has none of its session."""


class ValueRange(click.ParamType[tuple[str, tuple[float, float]]]):
    """A field with its least and greatest value: ``re=-1.2:2.1``."""

    name = "range"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[float, float]]:
        """Return the field and the two, or say what is allowed."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(.+)=([^=:]+):([^=:]+)", value)
        try:
            low, high = (float(match[i]) for i in (2, 3)) if match else (math.nan, math.nan)
        except ValueError:
            low = high = math.nan
        if match is None or not (math.isfinite(low) and math.isfinite(high) and low < high):
            self.fail(
                f"found {value!r}; a field with its least and greatest value, such as re=-1.2:2.1, "
                "is allowed",
                param,
                ctx,
            )
        return match[1], (low, high)


@click.command()
@click.argument("sound", metavar="SOUND", type=click.Path(path_type=Path))
@options.session
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Where to: .csv or .jsonl, - prints it as .csv.  [default: print it; with --check none]",
)
@click.option(
    "--streams",
    metavar="A,B",
    help="Which streams played, in the order in which they appeared.  [default: those that the "
    "session names; else they are found in the sound, and numbered]",
)
@click.option(
    "--fields",
    metavar="A,B",
    help="Names of each stream's fields, in their order, where the session numbers them.",
)
@click.option(
    "--range",
    "ranges",
    type=ValueRange(),
    multiple=True,
    metavar="FIELD=LOW:HIGH",
    help="Least and greatest value of a field in all the data that was played, once for each: then "
    "its values are told, else their places from 0 to 1.",
)
@click.option(
    "--from",
    "start",
    type=Seconds(or_none=True),
    metavar="TIME",
    help="Begin there.  [default: the beginning]",
)
@click.option("--to", "end", type=Seconds(), metavar="TIME", help="End there.  [default: the end]")
@click.option(
    "--check",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="NOTES.csv",
    help="Say how well it was decoded, beside the notes that were played: streamson render "
    "-o notes.csv writes them. It is in place of the table, unless -o is there too.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw what was decoded over the notes of --check: .png, .svg or .pdf.",
)
def command(
    *,
    sound: Path,
    session: str | None,
    out: Path | None,
    streams: str | None,
    fields: str | None,
    ranges: tuple[tuple[str, tuple[float, float]], ...],
    start: float | None,
    end: float | None,
    check: Path | None,
    plot: Path | None,
) -> int:
    """Read the numbers back from SOUND, by the sound alone.

    SOUND is a sound file that --session played, or a recording of it by a microphone. Each note is
    a row: when it begins, its length, pitch, level and place, its instrument and stream, and how
    sure that is. Then comes what it tells of each field, with its error bars FIELD_low and
    FIELD_high: a value where the range is known, by the session or --range; else FIELD_place, where
    it stood in the range of its time, from 0 to 1.

        streamson decode eta.wav --session article --range re=-6.8:11.9 -o eta_back.csv

    Where no note is likelier right than wrong, the exit code is 1.
    """
    if out is None and check is None:
        out = Path(_STDOUT)
    _check_files(sound, out, plot, check)
    from streamson.decode.decoded import decode_sound

    played = None if check is None else _played(check)
    with shown_progress(printable(sound.name)) as progress:
        decoded = decode_sound(
            sound,
            session,
            streams=None if streams is None else streams.split(","),
            fields=[] if fields is None else fields.split(","),
            ranges=dict(ranges),
            start_s=start or 0.0,
            end_s=end,
            progress=progress,
        )
    ending.hold()
    if out is not None:
        _write(decoded, out)
    for line in (*decoded.remarks, *_summary(decoded)):
        click.echo(printable(f"{sound.name}: {line}"), err=True)
    if played is not None:
        _check(decoded, played, sound, plot)
    return 0 if any(note.confidence >= LIKELY for note in decoded.notes) else 1


def _check_files(sound: Path, out: Path | None, plot: Path | None, check: Path | None) -> None:
    """Raise `UsageError` where a file can't be what it is named for."""
    if sound.is_dir():
        raise UsageError(
            f"{sound} is a folder; name the sound file in it, such as {sound / 'audio.wav'}"
        )
    if plot is not None and check is None:
        raise UsageError("--plot draws over the notes of --check; name those as well")
    for path, endings in ((out, _TABLES), (plot, _PLOTS)):
        if path is None or str(path) == _STDOUT:
            continue
        if path.suffix.lower() not in endings:
            raise UsageError(f"can't write {path}: {', '.join(endings)} are allowed")
        if not path.parent.is_dir():
            raise UsageError(f"can't write {path}: there is no folder {path.parent}")
        if path.resolve() in {file.resolve() for file in (sound, check) if file is not None}:
            raise UsageError(f'can\'t write "{path}": it is the input itself')


def _played(path: Path) -> "list[PlayedNote]":
    """Return the notes of a table, but for what only alerts played."""
    from streamson.decode.comparison import PlayedNote
    from streamson.formats.notes_table import read_csv

    notes = [
        PlayedNote(float(row["onset_s"]), note)
        for note, row in read_csv(path)
        if not note.foreground
    ]
    return sorted(notes, key=lambda one: one.onset_s)


def _write(decoded: "Decoded", out: Path) -> None:
    from streamson.decode.table import lines

    if str(out) != _STDOUT:
        decoded.save(out)
        return
    for line in lines(decoded.rows, decoded.names, ".csv"):
        click.echo(line, nl=False)


def _summary(decoded: "Decoded") -> list[str]:
    """Return a line for each stream, and how much of the sound they are."""
    counts: dict[str, int] = {}
    for row in decoded.rows:
        counts[row.stream] = counts.get(row.stream, 0) + 1
    lines = [f"{counted(count, 'note')} of {name}" for name, count in counts.items()]
    if decoded.rows:
        lines.append(f"{decoded.explained:.0%} of the sound's energy is at the pitches of notes")
    return lines


def _check(decoded: "Decoded", played: "list[PlayedNote]", sound: Path, plot: Path | None) -> None:
    """Say how well the notes were decoded, and draw it."""
    from streamson.decode.comparison import compare

    compared = compare(decoded.notes, played, decoded.stretch_s)
    for line in _comparison(compared):
        click.echo(f"check: {line}", err=True)
    if plot is not None:
        from streamson.export.plot.decoded import write_decoded_plot
        from streamson.export.sound_file import whole_or_nothing

        with whole_or_nothing(plot) as part:
            write_decoded_plot(part, sound.name, decoded.notes, compared)


def _comparison(compared: "Comparison") -> list[str]:
    lines = [
        f"{compared.found:.2%} of {counted(len(compared.played), 'note')} found, "
        f"{compared.wrong_pitch} more of another pitch, "
        f"{compared.false:.2%} of {compared.decoded} decoded are false"
    ]
    if compared.pairs:
        lines.append(
            f"onsets are {1_000 * compared.onset_error_s:.1f} ms off, durations "
            f"{1_000 * compared.duration_error_s:.1f} ms (medians), "
            f"{compared.same_instrument:.2%} have the right instrument"
        )
    for what, value in (
        ("duration", compared.duration_correlation),
        ("level", compared.level_correlation),
    ):
        told = "constant" if math.isnan(value) else f"correlation {value:.4f}"
        lines.append(f"{what}, decoded against played: {told}")
    if compared.offset_s:
        lines.append(f"the sound begins {compared.offset_s:.3f} s later than the notes' clock")
    if compared.drift_ppm:
        lines.append(
            f"its clock runs {abs(compared.drift_ppm):.0f} ppm too "
            f"{'fast' if compared.drift_ppm > 0 else 'slow'}"
        )
    return lines
