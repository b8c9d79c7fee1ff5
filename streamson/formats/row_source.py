"""What every reader of tables gives: names, and rows of cells, as often as one asks."""

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple, Protocol

MAX_COLUMNS: Final = 1_024
MAX_ROWS: Final = 100_000_000
"""At ten notes a second the sound of so many rows lasts four months."""

MAX_ROW_CHARS: Final = 1 << 20
"""A kilobyte for each of `MAX_COLUMNS`; a file may be one endless line."""

LOOK_ROWS: Final = 1_000
"""So many first rows tell how a table is written."""

Open = Callable[[], BinaryIO]
"""Opens a table's bytes from their start."""

_MISSING: Final = frozenset(
    ("", "na", "n/a", "#n/a", "<na>", "null", "none", "nan", "nil", "-", "--", "?", ".", "missing")
)


class Cells(NamedTuple):
    """A row as it stands in a file.

    Attributes
    ----------
    place
        Number of its line, or of the row where there are no lines, from 1.
    cells
        As many as there are columns: numbers, texts, moments, or None.
    """

    place: int
    cells: Sequence[object]


class RowSource(Protocol):
    """An opened table.

    Attributes
    ----------
    names
        Of the columns, as they stand there.
    assumed
        What was taken for granted, for a person.
    comma_is_decimal
        Whether a comma in a number is rather decimal, where nothing else tells.
    skipped
        Rows that were left out in the pass begun last, and why the first one was.
    """

    names: list[str]
    assumed: list[str]
    skipped: "Skipped"

    @property
    def comma_is_decimal(self) -> bool:
        """Whether a comma in a number is rather decimal, where nothing else tells."""

    @property
    def place_name(self) -> str:
        """What a place is: ``line`` or ``row``."""

    def rows(self) -> Iterator[Cells]:
        """Yield the rows, each time from the start.

        Raises
        ------
        InputFileError
            If something can't be read at all.
        """


class Skipped:
    """Counts what is left out, and remembers the first reason.

    Attributes
    ----------
    count
        How many.
    first
        Where and why the first one was.
    """

    def __init__(self) -> None:
        self.count = 0
        self.first = ""

    def add(self, why: str) -> None:
        """Count one."""
        self.first = self.first or why
        self.count += 1


def is_missing(cell: object) -> bool:
    """Return whether a cell says that there is no value."""
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in _MISSING)
