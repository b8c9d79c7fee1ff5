"""The kinds of files that a piece can be written to."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from streamson.errors import UsageError, nearest
from streamson.offline.piece import Piece

if TYPE_CHECKING:
    from streamson.offline.film.write import FilmFormat

Tell = Callable[[str], None]
"""Is told now and then how much is done."""

NOTES_A_TURN: Final = 500
_Item = TypeVar("_Item")


def check_kind(path: Path) -> None:
    """Raise `UsageError` if there is no kind of file of such an ending."""
    ending = path.suffix.lower()
    kinds = (*EXPORTS, *PICTURES, FILM)
    if ending not in kinds:
        raise UsageError(
            f'can\'t write "{path}": allowed are {", ".join(kinds)}{nearest(ending, kinds)}'
        )


def export(
    piece: Piece,
    path: Path,
    tell: Tell = lambda _: None,
    *,
    panels: tuple[str, ...] = (),
    film: "FilmFormat | None" = None,
) -> str:
    """Write a piece to a file of the kind that its ending says; return what is in it.

    Parameters
    ----------
    piece
        The piece.
    path
        The file.
    tell
        Is told what is done so far.
    panels
        Of a picture, by name.
    film
        Size and pictures a second of a film.

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
    if ending in PICTURES:
        from streamson.offline.picture.write import write_picture

        return write_picture(piece, path, panels)
    if ending == FILM:
        from streamson.offline.film.write import FilmFormat, write_film

        return write_film(piece, path, film or FilmFormat(), tell)
    return EXPORTS[ending](piece, path, tell)


def _sound(piece: Piece, path: Path, tell: Tell) -> str:
    from streamson.offline.sound_file import write_sound

    def told() -> Iterator[Any]:
        frames = 0
        for block in piece.sound():
            yield block
            frames += len(block)
            tell(f"{frames / piece.sample_rate:.0f} s of sound")

    return write_sound(path, told(), piece.sample_rate)


def _notes_csv(piece: Piece, path: Path, tell: Tell) -> str:
    from streamson.notes_table import write_csv

    with path.open("w", encoding="utf-8", newline="") as file:
        count = write_csv(_told(piece.notes(), tell), file, sample_rate=piece.sample_rate)
    return f"{count} notes"


def _notes_jsonl(piece: Piece, path: Path, tell: Tell) -> str:
    from streamson.notes_table import write_jsonl

    with path.open("w", encoding="utf-8") as file:
        count = write_jsonl(_told(piece.notes(), tell), file, sample_rate=piece.sample_rate)
    return f"{count} notes"


def _midi(piece: Piece, path: Path, _tell: Tell) -> str:
    from streamson.offline.midi import write_midi

    return write_midi(piece, path)


def _told(notes: Iterable[_Item], tell: Tell) -> Iterator[_Item]:
    for number, note in enumerate(notes, 1):
        yield note
        if number % NOTES_A_TURN == 0:
            tell(f"{number} notes")


EXPORTS: Final[dict[str, Callable[[Piece, Path, Tell], str]]] = {
    **dict.fromkeys((".wav", ".flac", ".ogg", ".mp3"), _sound),
    ".csv": _notes_csv,
    ".jsonl": _notes_jsonl,
    ".mid": _midi,
}
"""By ending."""

PICTURES: Final = (".png", ".svg", ".pdf")
FILM: Final = ".mp4"
