"""Tables in memory: frames of any library, Arrow tables, arrays, dictionaries, lists."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from streamson._frame import as_array, frame_columns, is_null
from streamson.errors import InputFileError
from streamson.formats.row_source import MAX_COLUMNS, MAX_ROWS, Cells, Skipped

CHUNK_ROWS: Final = 4_096
"""Rows that are turned into Python's objects at a time."""


class FrameRows:
    """The rows of a table in memory.

    Parameters
    ----------
    frame
        A frame of pandas, Polars or any library that narwhals knows, also a lazy one; an Arrow
        table, a series, an array, or a dictionary of columns; a list of numbers, or of
        dictionaries.
    source
        What it is called, for a person.

    Attributes
    ----------
    names, place_name, assumed, comma_is_decimal, skipped
        As of `RowSource`.

    Raises
    ------
    InputFileError
        If it is nothing of the kind, or has no rows.
    StreamsonError
        If it is lazy and can't be computed.
    """

    place_name: Final = "row"
    comma_is_decimal: Final = False

    def __init__(self, frame: Any, source: str) -> None:
        try:
            columns = _columns(frame)
        except (TypeError, ValueError, AttributeError, OverflowError):  # of whatever it is
            columns = None
        if columns is None:
            raise InputFileError(
                f"{source}: found {type(frame).__module__}.{type(frame).__name__}; a file, a frame "
                "of pandas or Polars, an Arrow table, an array, or a dictionary of columns is "
                "allowed"
            )
        if len(columns) > MAX_COLUMNS:
            raise InputFileError(f"{source}: {len(columns)} columns; at most {MAX_COLUMNS}")
        self.names = [str(name) for name, _ in columns]
        self.assumed: list[str] = []
        self._columns = [as_array(column) for _, column in columns]
        lengths = sorted({len(column) for column in self._columns})
        if len(lengths) > 1:
            raise InputFileError(
                f"{source}: found columns of {lengths[0]} and of {lengths[-1]} rows; all of one "
                "length are allowed"
            )
        if not lengths or not lengths[0]:
            raise InputFileError(f"{source}: the table has no rows")
        self.skipped = Skipped()

    def rows(self) -> Iterator[Cells]:
        """Yield the rows."""
        number = 0
        for start in range(0, len(self._columns[0]), CHUNK_ROWS):
            chunk = [_cells(column[start : start + CHUNK_ROWS]) for column in self._columns]
            for cells in zip(*chunk, strict=True):
                number += 1
                yield Cells(number, cells)


def name_of_frame(frame: Any) -> str:
    """Return what a series is called; ``data`` where there is no name."""
    name = getattr(frame, "name", None)
    return name if isinstance(name, str) and name and name.isprintable() else "data"


def _columns(frame: Any) -> list[tuple[object, Any]] | None:
    """Return the names and the columns of a table in memory, or None if it is none."""
    if isinstance(frame, Mapping):
        return list(frame.items())
    if isinstance(frame, str | bytes):
        return None
    if not isinstance(frame, Sequence | np.ndarray):
        known = frame_columns(frame, MAX_ROWS)
        if known is not None:
            return list(known)
        return _of_array(np.asarray(frame)) if hasattr(frame, "__array__") else None
    if len(frame) and isinstance(frame[0], Mapping):
        names = dict.fromkeys(name for row in frame for name in row)
        return [(name, [row.get(name) for row in frame]) for name in names]
    return _of_array(np.asanyarray(frame))


def _of_array(array: "np.ndarray[Any, Any]") -> list[tuple[object, Any]] | None:
    if array.dtype.names:
        return [(name, array[name]) for name in array.dtype.names]
    if array.ndim == 1:
        return [("value", array)]
    if array.ndim == 2:
        return [(f"c{i + 1}", array[:, i]) for i in range(array.shape[1])]
    return None


def _cells(array: "np.ndarray[Any, Any]") -> list[object]:
    cells = array.tolist()
    if array.dtype.kind == "O":
        return [_cell(cell) for cell in cells]
    return list(cells)


def _cell(cell: object) -> object:
    """Return a cell as one that `Table` knows: what is not available is None."""
    if isinstance(cell, np.generic):
        return cell.item()
    if is_null(cell):
        return None
    if isinstance(cell, str | int | float | datetime.date | datetime.time):
        return cell
    if hasattr(cell, "__len__"):  # an array of one number is none either
        return str(cell)
    try:
        return float(cell)  # type: ignore[arg-type]  # a decimal, a fraction
    except (TypeError, ValueError, OverflowError):
        return str(cell)
