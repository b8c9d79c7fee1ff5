"""Tables of numbers, read row by row so that their length does not matter."""

import csv
import math
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Final, Generic, NamedTuple, Self, TypeVar

import msgspec

from streamson.errors import InputFileError
from streamson.parquet_rows import MAX_COLUMNS, MAX_ROWS
from streamson.regular_file import open_regular

TIME_COLUMNS: Final = ("time", "timestamp", "datetime", "date")
"""Columns that are the time of a row, whatever their case."""

MAX_ROW_CHARS: Final = 1 << 20
"""A kilobyte for each of `MAX_COLUMNS`; a file may be one endless line."""

_Text = TypeVar("_Text", str, bytes)

_DELIMITERS: Final = ",;\t"
_MISSING: Final = {"", "na", "n/a", "null", "none", "nan", "-"}


class Row(NamedTuple):
    """One row of a table.

    Attributes
    ----------
    fields
        Values by column; NaN where a cell is empty or not finite.
    time
        Seconds since 1970, or NaN where the table has no time.
    """

    fields: dict[str, float]
    time: float


class Table:
    """A table in a file: ``.csv`` (also with tabs or semicolons), ``.jsonl`` or ``.parquet``.

    Columns that do not begin with a number are left out.

    Parameters
    ----------
    path
        The file.
    time_column
        Which column is the time; found by its name if omitted (`TIME_COLUMNS`).

    Attributes
    ----------
    columns
        Names of the columns of numbers.
    time_column
        Name of the time column, or None.
    ignored
        Names of the columns that are left out.

    Raises
    ------
    InputFileError
        If the file can't be read, or has no column of numbers.
    """

    def __init__(self, path: str | Path, *, time_column: str | None = None) -> None:
        self.path = Path(path)
        if self.path.suffix.lower() not in _READERS:
            what = f'"{self.path.suffix}"' if self.path.suffix else "what has no ending"
            raise InputFileError(
                f"{self.path}: can't read {what}; tables are .csv, .jsonl or .parquet"
            )
        self._read = _READERS[self.path.suffix.lower()]
        first = next(self._cells(), None)
        if first is None:
            raise InputFileError(f"{self.path}: the table has no rows")
        names = list(first.cells)
        if len(names) > MAX_COLUMNS:
            raise InputFileError(f"{self.path}: {len(names)} columns; at most {MAX_COLUMNS}")
        if time_column is not None and time_column not in names:
            raise InputFileError(f"{self.path}: no column {time_column!r}; {_listed(names)}")
        self.time_column = time_column or next(
            (name for name in names if name.lower() in TIME_COLUMNS), None
        )
        others = [name for name in names if name != self.time_column]
        self.columns = self._numeric_columns(others)
        self.ignored = [name for name in others if name not in self.columns]
        if not self.columns:
            raise InputFileError(f"{self.path}: no column of numbers; {_listed(names)}")

    @property
    def name(self) -> str:
        """The file's name without its ending: the table's stream."""
        return printable(self.path.stem)

    def keep(self, columns: Iterable[str]) -> None:
        """Read these columns of numbers from now on, in this order, and no others."""
        self.columns = list(columns)

    def rows(self) -> Iterator[Row]:
        """Read the rows, each time from the start.

        Raises
        ------
        InputFileError
            If a cell is not a number, with its line and column.
        """
        for line, cells in self._cells():
            fields = {name: self._number(line, name, cells.get(name)) for name in self.columns}
            time = math.nan
            if self.time_column is not None:
                time = self._time(line, cells.get(self.time_column))
            yield Row(fields, time)

    def _cells(self) -> Iterator["_Line"]:
        try:
            for number, line in enumerate(self._read(self.path)):
                if number >= MAX_ROWS:
                    raise InputFileError(f"{self.path}: more than {MAX_ROWS} rows, the limit")
                yield line
        except OSError as error:
            raise InputFileError(f"{self.path}: can't be read: {error.strerror or error}") from None
        except UnicodeDecodeError as error:
            raise InputFileError(
                f"{self.path}: not UTF-8 text (byte {error.start}); save it as UTF-8"
            ) from None

    def _numeric_columns(self, names: list[str]) -> list[str]:
        """Return the columns whose first filled cell is a number; an empty column is one too."""
        undecided = dict.fromkeys(names)
        texts = set()
        for _, cells in self._cells():
            for name in list(undecided):
                cell = cells.get(name)
                if not _is_missing(cell):
                    del undecided[name]
                    if _parse(cell) is None:
                        texts.add(name)
            if not undecided:
                break
        return [name for name in names if name not in texts]

    def _number(self, line: int, name: str, cell: object) -> float:
        if _is_missing(cell):
            return math.nan
        value = _parse(cell)
        if value is None:
            raise InputFileError(
                f"{self.path}, line {line}, column {name!r}: found {str(cell)[:40]!r}; "
                "a number or an empty cell is allowed"
            )
        return value if math.isfinite(value) else math.nan

    def _time(self, line: int, cell: object) -> float:
        value = _parse(cell)
        if value is not None and math.isfinite(value):
            return value
        try:
            moment = datetime.fromisoformat(str(cell))
        except ValueError:
            raise InputFileError(
                f"{self.path}, line {line}, column {self.time_column!r}: found "
                f"{str(cell)[:40]!r}; seconds or a date such as 2026-01-31 12:00:00 is allowed"
            ) from None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def printable(name: str) -> str:
    """Return a file's name as text that can be written: what is not UTF-8 becomes a sign for it."""
    return os.fsencode(name).decode("utf-8", "replace")


def paced(
    rows: Iterable[Row], *, speed: float = 1.0, rate: float | None = None
) -> Iterator[tuple[float, Row]]:
    """Yield when each row is due, in seconds from the first one on, and the row.

    Parameters
    ----------
    rows
        The rows.
    speed
        How many times faster than their own time.
    rate
        Rows a second, whatever their time.
    """
    due_s, before = 0.0, math.nan
    step_s = 0.0 if rate is None else 1 / rate
    for number, row in enumerate(rows):
        if rate is None and row.time > before:
            # A step back, as at the end of summer time, takes as long as the last.
            step_s = (row.time - before) / speed
        due_s += step_s if number else 0.0
        before = row.time
        yield due_s, row


class _Line(NamedTuple):
    number: int
    cells: dict[str, object]


class _Lines(Generic[_Text]):
    """The lines of a file, of which a row may take only so many.

    Parameters
    ----------
    path, read
        The file's name, and how to read a line of so many characters at most.

    Attributes
    ----------
    number
        Of the line, from 1.
    """

    def __init__(self, path: Path, read: Callable[[int], _Text]) -> None:
        self.number = 0
        self._path = path
        self._read: Callable[[int], _Text] = read
        self._chars = 0

    def begin_row(self) -> None:
        """Begin to count anew."""
        self._chars = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Text:
        line = self._read(MAX_ROW_CHARS + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._chars += len(line)
        if self._chars > MAX_ROW_CHARS:
            raise InputFileError(
                f"{self._path}, line {self.number}: the row has more than {MAX_ROW_CHARS} "
                "characters, the limit; is it a table of text?"
            )
        return line


def _read_csv(path: Path) -> Iterator[_Line]:
    with (
        open_regular(path) as opened,
        TextIOWrapper(opened, encoding="utf-8-sig", newline="") as file,
    ):
        lines = _Lines(path, file.readline)
        header = next(lines, "")
        if not header.strip():
            raise InputFileError(
                f"{path}, line 1: found an empty line; names of columns belong there"
            )
        delimiter = max(_DELIMITERS, key=header.count)
        try:
            names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
            _check_names(path, names)
            lines.begin_row()
            for cells in csv.reader(lines, delimiter=delimiter):
                lines.begin_row()
                if len(cells) > len(names):
                    raise InputFileError(
                        f"{path}, line {lines.number}: {len(cells)} cells, but the first line "
                        f"names {len(names)} columns"
                    )
                if cells:
                    yield _Line(lines.number, dict(zip(names, cells, strict=False)))
        except csv.Error as error:
            raise InputFileError(f"{path}, line {lines.number}: {error}") from None


def _read_jsonl(path: Path) -> Iterator[_Line]:
    decoder = msgspec.json.Decoder(dict[str, object])
    with open_regular(path) as file:
        lines = _Lines(path, file.readline)
        for line in lines:
            lines.begin_row()
            if not line.strip():
                continue
            try:
                yield _Line(lines.number, decoder.decode(line))
            except (msgspec.MsgspecError, RecursionError) as error:
                raise InputFileError(
                    f"{path}, line {lines.number}: {error}; each line is an object such as "
                    '{"re": 1.5, "im": -0.3}'
                ) from None


def _read_parquet(path: Path) -> Iterator[_Line]:
    from streamson.parquet_rows import read_parquet

    return (_Line(number, cells) for number, cells in read_parquet(path))


_READERS: Final = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}


def _check_names(path: Path, names: list[str]) -> None:
    if len(names) > MAX_COLUMNS:
        raise InputFileError(f"{path}, line 1: {len(names)} columns; at most {MAX_COLUMNS}")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InputFileError(f"{path}, line 1: column {doubled[0]!r} is named twice")
    if all(_parse(name) is not None for name in names):
        raise InputFileError(
            f"{path}, line 1: found numbers; names of columns belong there, such as re,im"
        )


def _is_missing(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in _MISSING)


def _parse(cell: object) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return None


def _listed(names: list[str]) -> str:
    return "the columns are " + ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
