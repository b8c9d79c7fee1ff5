"""Tables of numbers, read row by row so that their length does not matter."""

import csv
import math
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from streamson.errors import InputFileError
from streamson.extras import need

TIME_COLUMNS: Final = ("time", "timestamp", "datetime", "date")
"""Columns that are the time of a row, whatever their case."""

MAX_LINE_CHARS: Final = 1 << 20
MAX_COLUMNS: Final = 1_024
BATCH_ROWS: Final = 4_096

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
            yield from self._read(self.path)
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


def _read_csv(path: Path) -> Iterator[_Line]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline(MAX_LINE_CHARS)
        if not header.strip():
            raise InputFileError(
                f"{path}, line 1: found an empty line; names of columns belong there"
            )
        delimiter = max(_DELIMITERS, key=header.count)
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
        _check_names(path, names)
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for cells in reader:
                number = reader.line_num + 1
                if len(cells) > len(names):
                    raise InputFileError(
                        f"{path}, line {number}: {len(cells)} cells, but the first line names "
                        f"{len(names)} columns"
                    )
                if cells:
                    yield _Line(number, dict(zip(names, cells, strict=False)))
        except csv.Error as error:
            raise InputFileError(f"{path}, line {reader.line_num + 1}: {error}") from None


def _read_jsonl(path: Path) -> Iterator[_Line]:
    decoder = msgspec.json.Decoder(dict[str, object])
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_CHARS), b""), start=1):
            if not line.strip():
                continue
            try:
                yield _Line(number, decoder.decode(line))
            except (msgspec.MsgspecError, RecursionError) as error:
                raise InputFileError(
                    f"{path}, line {number}: {error}; each line is an object such as "
                    '{"re": 1.5, "im": -0.3}'
                ) from None


def _read_parquet(path: Path) -> Iterator[_Line]:
    parquet = need("pyarrow.parquet", "parquet", "a Parquet file")
    pyarrow = need("pyarrow", "parquet", "a Parquet file")
    try:
        with parquet.ParquetFile(path) as file:
            rows = (
                row
                for batch in file.iter_batches(BATCH_ROWS)
                for row in _plain(pyarrow, batch).to_pylist()
            )
            for number, row in enumerate(rows, 1):
                yield _Line(number, row)
    except pyarrow.ArrowException as error:
        raise InputFileError(f"{path}: {str(error).splitlines()[0]}") from None
    except (ValueError, OverflowError) as error:  # a time that Python has no name for
        raise InputFileError(f"{path}: found a value that can't be read: {error}") from None


def _plain(pyarrow: Any, batch: Any) -> Any:
    """Return a batch whose times are microseconds, and whose numbers Python knows."""
    fields = []
    for field in batch.schema:
        kind = field.type
        if pyarrow.types.is_timestamp(kind):
            kind = pyarrow.timestamp("us", kind.tz)
        elif pyarrow.types.is_decimal(kind):
            kind = pyarrow.float64()
        fields.append(field.with_type(kind))
    return batch.cast(pyarrow.schema(fields), safe=False)


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
