"""Where a table begins, and what its columns are called, where rows of cells are all there is."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from streamson._printable import counted
from streamson.errors import InputFileError
from streamson.formats.row_source import MAX_COLUMNS, is_missing

_YEAR: Final = re.compile(r"(19|20)[0-9]{2}(-[0-9]{2}(-[0-9]{2})?)?")
_NUMBER_LIKE: Final = re.compile(r"\s*[-+−(]?\s*[$€£¥]?\s*[.,]?[0-9]")
"""How numbers, quantities, and most dates begin."""


class Header(NamedTuple):
    """How a table begins.

    Attributes
    ----------
    names
        Of the columns: as many as a row has cells.
    first_row
        Rows before it are none of the table's: words above it, and the names.
    assumed
        What was taken for granted, for a person.
    """

    names: list[str]
    first_row: int
    assumed: list[str]


def find_header(rows: Sequence[Sequence[object]], source: str) -> Header:
    """Return how a table begins.

    Parameters
    ----------
    rows
        The first ones.
    source
        The table, for a person.

    Raises
    ------
    InputFileError
        If it has no rows, or too many columns.
    """
    widths = Counter(len(row) for row in rows if not is_comment(row) and not is_blank(row))
    if not widths:
        raise InputFileError(f"{source}: the table has no rows")
    width = max(widths, key=lambda one: (widths[one], one))
    if width > MAX_COLUMNS:
        raise InputFileError(f"{source}: {width} columns; at most {MAX_COLUMNS}")
    first = next(i for i, row in enumerate(rows) if len(row) == width and not is_comment(row))
    body = [row for row in rows[first:] if len(row) == width and not is_blank(row)]
    names = _names_above(rows[first - 1], body) if first else None
    if names is None and _are_names(body[0], body[1:]):
        names, first = list(body[0]), first + 1
    above = [row for row in rows[: max(first - 1, 0)] if any(map(_is_number_like, row))]
    if names is None:
        assumed = "its first row has no names: columns are called c1, c2, …"
        found = [assumed, *_left_above(above)]
        return Header([f"c{i + 1}" for i in range(width)], first, found)
    header = Header(
        [_name(cell) or f"c{i + 1}" for i, cell in enumerate(names)], first, _left_above(above)
    )
    if header.names[0] == "c1" and len(rows[first - 1]) < width:
        header.assumed.append("the first column has no name, and is called c1")
    below = [row for row in rows[first:] if len(row) == width and not is_blank(row)]
    if len(below) > 1 and _are_units(below[0], below[1:]):
        units = "the row below the names is taken for units"
        return Header(header.names, rows.index(below[0]) + 1, [*header.assumed, units])
    return header


def is_comment(row: Sequence[object]) -> bool:
    """Return whether a row is a remark of the program that wrote it."""
    first = row[0] if row else None
    # Excel itself writes what stands between its cells in a line above them: sep=;
    return isinstance(first, str) and first.lstrip().lower().startswith(("#", "sep="))


def is_blank(row: Sequence[object]) -> bool:
    """Return whether a row has nothing in it."""
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in row)


def _are_names(row: Sequence[object], body: Sequence[Sequence[object]]) -> bool:
    """Return whether a row is a text above numbers, or nothing but texts above texts."""
    texts = [isinstance(cell, str) and not _is_number_like(cell) for cell in row]
    columns = [[line[i] for line in body if not is_missing(line[i])] for i in range(len(row))]
    numbers = [
        bool(column) and sum(map(_is_number_like, column)) > len(column) / 2 for column in columns
    ]
    if any(numbers):
        if _are_years(row, numbers):
            return True
        return any(text and number for text, number in zip(texts, numbers, strict=True)) and (
            not all(is_missing(cell) for cell in row)
        )
    return all(texts)


def _are_years(row: Sequence[object], numbers: Sequence[bool]) -> bool:
    """Return whether words stand above words, and years or days, each later, above numbers."""
    over = [str(cell).strip() for cell, number in zip(row, numbers, strict=True) if number]
    other = [cell for cell, number in zip(row, numbers, strict=True) if not number]
    if len(over) < 2 or not other or any(map(_is_number_like, other)):
        return False
    return over == sorted(set(over)) and all(map(_YEAR.fullmatch, over))


def _left_above(above: Sequence[Sequence[object]]) -> list[str]:
    """Return what is said of rows above the table that have numbers."""
    if not above:
        return []
    return [f"{counted(len(above), 'row')} above the table left out: not as wide as most"]


def _are_units(row: Sequence[object], body: Sequence[Sequence[object]]) -> bool:
    """Return whether a row has words in all columns, where all others have numbers in some."""
    if any(map(_is_number_like, row)) or is_blank(row):
        return False
    return all(any(map(_is_number_like, line)) for line in body)


def _names_above(row: Sequence[object], body: Sequence[Sequence[object]]) -> list[object] | None:
    """Return the names in a row that is not as wide as those below it; None if there are none."""
    width = len(body[0])
    names = list(row)
    if is_comment(row):
        names[0] = str(names[0]).lstrip().lstrip("#").strip()
        if len(names) > width and not names[0]:
            del names[0]
    elif len(names) == width:
        return None
    while len(names) > width and is_missing(names[-1]):
        del names[-1]
    if len(names) == width - 1:
        # A delimiter at the end of each row; or names of the rows, as R writes them, without one.
        are_rows = all(str(line[0]).strip() == str(i) for i, line in enumerate(body)) or all(
            str(line[0]).strip() == str(i) for i, line in enumerate(body, 1)
        )
        are_rows |= not any(_is_number_like(line[0]) for line in body)
        names = ["", *names] if are_rows and not is_missing(body[0][-1]) else [*names, ""]
    fits = len(names) == width and any(map(_is_number_like, body[0]))
    return names if fits and not any(map(_is_number_like, names)) else None


def _is_number_like(cell: object) -> bool:
    if isinstance(cell, str):
        return _NUMBER_LIKE.match(cell) is not None
    return cell is not None and not isinstance(cell, bool)


def _name(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else " ".join(str(cell).split())
