"""The kinds of files that a piece can be written to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streamson._optional import import_optional
from streamson._printable import counted
from streamson.errors import UsageError, nearest
from streamson.model.note import Note
from streamson.offline.piece import Piece

if TYPE_CHECKING:
    from streamson.export.plot.write import PlotFormat
    from streamson.export.video.write import VideoFormat

Progress = Callable[[float], None]
"""Is told now and then which share is done."""

NOTES_A_TURN: Final = 500


def check_kind(path: Path) -> None:
    """Say now, not after long work, that a file can't be written.

    Raises
    ------
    UsageError
        There is no kind of file of such an ending.
    MissingDependencyError
        The package that writes it is not installed.
    """
    ending = path.suffix.lower()
    kinds = (*EXPORTS, *PLOTS, VIDEO)
    if ending not in kinds:
        raise UsageError(
            f'can\'t write "{path}": allowed are {", ".join(kinds)}{nearest(ending, kinds)}'
        )
    for module, extra in _NEEDS.get(ending, ()):
        import_optional(module, extra, f"a {ending} file")


def export(
    piece: Piece,
    path: Path,
    progress: Progress = lambda _: None,
    *,
    plot: "PlotFormat | None" = None,
    video: "VideoFormat | None" = None,
) -> str:
    """Write a piece to a file of the kind that its ending says; return what is in it.

    Parameters
    ----------
    piece
        The piece.
    path
        The file.
    progress
        Is told which share is done.
    plot
        How a plot looks.
    video
        Size and frames a second of a video.

    Raises
    ------
    UsageError
        If there is no such kind of file.
    OutputFileError
        If it can't be written.
    MissingDependencyError
        If the package that writes it is not installed.
    """
    check_kind(path)
    ending = path.suffix.lower()
    if ending in PLOTS:
        from streamson.export.plot.write import write_plot

        return write_plot(piece, path, plot)
    if ending == VIDEO:
        from streamson.export.video.write import VideoFormat, write_video

        return write_video(piece, path, video or VideoFormat(), progress)
    return EXPORTS[ending](piece, path, progress)


def _sound(piece: Piece, path: Path, progress: Progress) -> str:
    from streamson.export.sound_file import write_sound

    def counted_blocks() -> Iterator[Any]:
        frames, frames_in_all = 0, max(piece.length_s * piece.sample_rate, 1.0)
        for block in piece.sound():
            yield block
            frames += len(block)
            progress(frames / frames_in_all)

    return write_sound(path, counted_blocks(), piece.sample_rate)


def _notes_csv(piece: Piece, path: Path, progress: Progress) -> str:
    from streamson.formats.notes_table import write_csv

    with path.open("w", encoding="utf-8", newline="") as file:
        count = write_csv(_counted(piece, progress), file, sample_rate=piece.sample_rate)
    return counted(count, "note")


def _notes_jsonl(piece: Piece, path: Path, progress: Progress) -> str:
    from streamson.formats.notes_table import write_jsonl

    with path.open("w", encoding="utf-8") as file:
        count = write_jsonl(_counted(piece, progress), file, sample_rate=piece.sample_rate)
    return counted(count, "note")


def _midi(piece: Piece, path: Path, _progress: Progress) -> str:
    from streamson.export.midi import write_midi

    return write_midi(piece, path)


def _counted(piece: Piece, progress: Progress) -> Iterator[Note]:
    frames_in_all = max(piece.length_s * piece.sample_rate, 1.0)
    for number, note in enumerate(piece.notes(), 1):
        yield note
        if number % NOTES_A_TURN == 0:
            progress(note.onset_frame / frames_in_all)


EXPORTS: Final[dict[str, Callable[[Piece, Path, Progress], str]]] = {
    **dict.fromkeys((".wav", ".flac", ".ogg", ".mp3"), _sound),
    ".csv": _notes_csv,
    ".jsonl": _notes_jsonl,
    ".mid": _midi,
}
"""By ending."""

PLOTS: Final = (".png", ".svg", ".pdf")
VIDEO: Final = ".mp4"

_NEEDS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    **dict.fromkeys(PLOTS, (("matplotlib", "plot"),)),
    VIDEO: (("av", "video"), ("PIL", "video")),
    ".mid": (("mido", "midi"),),
}
"""Ending to the packages that write it, and the extras that bring them."""
