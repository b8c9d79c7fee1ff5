"""Sheets of Excel and LibreOffice, read by calamine."""

import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

from streamson.errors import InputFileError
from streamson.extras import need
from streamson.formats.header import find_header, is_blank, is_comment
from streamson.formats.row_source import LOOK_ROWS, Cells, Open, Skipped

MAX_UNPACKED_BYTES: Final = 1 << 28
"""Of all the parts of a file: a sheet is held in memory."""


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
    names, place_name, assumed, skipped
        As of `RowSource`.

    Raises
    ------
    InputFileError
        If it has no rows, or is too large.
    """

    place_name: Final = "row"

    def __init__(self, open_bytes: Open, source: str) -> None:
        self._source = source
        self.skipped = Skipped()
        self._rows, self._offset, sheet, others = _read(open_bytes, source)
        above = _rows_above(self._rows[:LOOK_ROWS])
        header = find_header(self._rows[above : above + LOOK_ROWS], source)
        self.names, self.assumed = header.names, header.assumed
        self._first_row = above + header.first_row
        if others:
            self.assumed.insert(0, f"read is the sheet {sheet!r}; left out: {', '.join(others)}")

    def rows(self) -> Iterator[Cells]:
        """Yield the rows of as many cells as there are names."""
        self.skipped = Skipped()
        first = self._first_row
        for number, row in enumerate(self._rows[first:], self._offset + first + 1):
            if not is_blank(row) and not is_comment(row):
                yield Cells(number, [None if cell == "" else cell for cell in row])


def _read(open_bytes: Open, source: str) -> tuple[list[list[Any]], int, str, list[str]]:
    """Return the rows of a sheet, how many empty ones were above, its name, and later sheets."""
    calamine = need("python_calamine", "xlsx", "a sheet of Excel or LibreOffice")
    with open_bytes() as file:
        try:
            _check_size(file, source)
            file.seek(0)
            book = calamine.CalamineWorkbook.from_filelike(file)
            names = list(book.sheet_names)
            for i, name in enumerate(names):
                sheet = book.get_sheet_by_name(name)
                rows = sheet.to_python(skip_empty_area=True)
                if not all(map(is_blank, rows)):
                    return rows, sheet.start[0], name, names[i + 1 :]
        except (calamine.CalamineError, zipfile.BadZipFile, OSError, EOFError) as error:
            raise InputFileError(f"{source}: {error}") from None
    raise InputFileError(f"{source}: the table has no rows")


def _check_size(file: BinaryIO, source: str) -> None:
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as parts:
        size = sum(part.file_size for part in parts.infolist())
    if size > MAX_UNPACKED_BYTES:
        raise InputFileError(
            f"{source}: it unpacks to {size >> 20} MB; at most {MAX_UNPACKED_BYTES >> 20} MB are "
            "allowed: save it as .csv"
        )


def _rows_above(rows: Sequence[Sequence[object]]) -> int:
    """Return how many rows of a few words are above the table: all are as wide in a sheet."""
    filled = [sum(not is_blank([cell]) for cell in row) for row in rows]
    usual = sorted(filled)[len(filled) // 2]
    return next((i for i, count in enumerate(filled) if 2 * count > usual), 0)
