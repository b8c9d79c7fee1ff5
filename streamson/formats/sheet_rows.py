"""Sheets of Excel, streamed by openpyxl: a cell far away takes no memory."""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO, Final

from streamson._optional import import_optional
from streamson.errors import InputFileError
from streamson.formats.header import find_header, is_blank, is_comment
from streamson.formats.row_source import LOOK_ROWS, MAX_COLUMNS, Cells, Open, Skipped

MAX_UNPACKED_BYTES: Final = 1 << 28
"""Of all the parts of a file: texts that cells share are held in memory."""

MAX_SHEET_ROWS: Final = 1 << 20
"""As many as Excel has; a file may name more."""

MAX_SHEETS: Final = 100


class SheetRows:
    """The first sheet that has rows.

    Parameters
    ----------
    open_bytes
        Opens the file.
    source
        What it is called, for a person.

    Attributes
    ----------
    names, place_name, assumed, comma_is_decimal, skipped
        As of `RowSource`.

    Raises
    ------
    InputFileError
        If it has no rows, or is too large.
    """

    place_name: Final = "row"
    comma_is_decimal: Final = False

    def __init__(self, open_bytes: Open, source: str) -> None:
        self._open = open_bytes
        self._source = source
        self._openpyxl = import_optional("openpyxl", "xlsx", "a sheet of Excel")
        self.skipped = Skipped()
        self._sheet, name, later = self._find_sheet()
        first = [row for _, row in islice(self._filled(), LOOK_ROWS)]
        # All rows of a sheet are as wide as the widest.
        self._width = max(map(len, first), default=0)
        above = _rows_above(first)
        header = find_header([self._padded(row) for row in first[above:]], source)
        self.names, self.assumed = header.names, header.assumed
        self._first_row = above + header.first_row
        if later:
            self.assumed.insert(0, f"read is the sheet {name!r}; left out: {', '.join(later)}")

    def rows(self) -> Iterator[Cells]:
        """Yield the rows."""
        skipped = self.skipped = Skipped()
        for number, row in islice(self._filled(), self._first_row, None):
            if len(row) > self._width:
                skipped.add(f"row {number} has {len(row)} of {self._width} cells")
            elif not is_comment(row):
                yield Cells(number, self._padded(row))

    def _padded(self, row: Sequence[object]) -> list[object]:
        return [*row, *[None] * (self._width - len(row))]

    def _filled(self) -> Iterator[tuple[int, list[object]]]:
        """Yield the numbers of the rows that have something in them, and their cells."""
        with self._book() as book:
            yield from self._filled_of(book.worksheets[self._sheet])

    def _filled_of(self, sheet: Any) -> Iterator[tuple[int, list[object]]]:
        sheet.reset_dimensions()  # what a file says of its size may be wrong
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > MAX_SHEET_ROWS:
                raise InputFileError(f"{self._source}: more than {MAX_SHEET_ROWS} rows, the limit")
            row = list(cells)
            while row and is_blank(row[-1:]):
                del row[-1]
            if len(row) > MAX_COLUMNS:
                raise InputFileError(
                    f"{self._source}, row {number}: {len(row)} columns; at most {MAX_COLUMNS}"
                )
            if row:
                yield number, row

    def _find_sheet(self) -> tuple[int, str, list[str]]:
        """Return number and name of the first sheet with rows, and the later ones' names."""
        with self._book() as book:
            names = [sheet.title for sheet in book.worksheets[:MAX_SHEETS]]
            for number, sheet in enumerate(book.worksheets[:MAX_SHEETS]):
                if next(self._filled_of(sheet), None) is not None:
                    return number, names[number], names[number + 1 :]
        raise InputFileError(f"{self._source}: the table has no rows")

    @contextmanager
    def _book(self) -> Iterator[Any]:
        with self._open() as file:
            try:
                _check_parts(file, self._source)
                file.seek(0)
                book = self._openpyxl.load_workbook(file, read_only=True, data_only=True)
            except InputFileError:
                raise
            except Exception as error:  # whatever it meets in a broken file
                raise InputFileError(f"{self._source}: no sheet of Excel: {error}") from None
            try:
                yield book
            except (InputFileError, GeneratorExit):
                raise
            except Exception as error:
                raise InputFileError(f"{self._source}: no sheet of Excel: {error}") from None
            finally:
                book.close()


def _check_parts(file: BinaryIO, source: str) -> None:
    """Raise `InputFileError` if a file is no workbook, or says itself that it is too large."""
    with zipfile.ZipFile(file) as parts:
        names = parts.namelist()
        size = sum(part.file_size for part in parts.infolist())
    if not any(name.startswith("xl/") for name in names):
        raise InputFileError(
            f"{source}: it is a zip archive, and no sheet of Excel; unpack it, or save the sheet "
            "as .xlsx or .csv"
        )
    if size > MAX_UNPACKED_BYTES:
        raise InputFileError(
            f"{source}: it unpacks to {size >> 20} MB; at most {MAX_UNPACKED_BYTES >> 20} MB are "
            "allowed: save it as .csv"
        )


def _rows_above(rows: Sequence[Sequence[object]]) -> int:
    """Return how many rows of a few words are above the table."""
    filled = [sum(not is_blank([cell]) for cell in row) for row in rows]
    usual = sorted(filled)[len(filled) // 2]
    return next((i for i, count in enumerate(filled) if 2 * count > usual), 0)
