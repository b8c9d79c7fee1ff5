"""Tables of numbers, read row by row so that their length does not matter."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from streamson._printable import counted, printable
from streamson.errors import InputFileError
from streamson.formats.date_format import (
    TimeReader,
    all_numbers,
    is_clock_time,
    is_day,
    is_since_1970,
    time_reader,
)
from streamson.formats.frame_rows import FrameRows, name_of_frame
from streamson.formats.number_style import NumberReader, decimal_sign, number_reader
from streamson.formats.opened import STANDARD_INPUT, name_of, open_rows, printable_name, refusing
from streamson.formats.row_source import LOOK_ROWS, MAX_ROWS, Cells, RowSource, Skipped, is_missing

TIME_COLUMNS: Final = (
    *("time", "timestamp", "datetime", "date", "ts", "zeit", "zeitstempel", "datum", "heure"),
    *("fecha", "hora", "epoch", "utc"),
)
"""Columns that are the time of a row, whatever their case, and whatever unit follows."""


_FRACTIONS: Final = {"ms": 1e3, "us": 1e6, "µs": 1e6, "ns": 1e9}
_SIGNS: Final = (".", ",")
_PLAIN: Final = re.compile(r"\s*[-+]?[0-9]*[.,]?[0-9]*\s*")
_EITHER_WAY: Final = re.compile(r"\s*[-+]?[0-9]{1,3}([.,])[0-9]{3}\s*")
_TIME_NAME: Final = re.compile(
    rf"(?:unix[ _]?|date[ _]?|local[ _]?|utc[ _]?)?(?:{'|'.join(TIME_COLUMNS)})"
    r"(?:[ _]*[\[(]?(?P<unit>s|sec|seconds|ms|us|µs|ns|utc|gmt|local|unix)[\])]?)?",
    re.IGNORECASE,
)


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
    """A table in memory, or in a file: text with commas or tabs, JSON, a sheet, Parquet.

    What it is, how it is written, and which columns are numbers, is told by its first rows.
    Columns that are no numbers are left out.

    Parameters
    ----------
    table
        The file, also packed by gzip; ``-`` is standard input. Or a table in memory: a frame of
        pandas or Polars, an Arrow table, a series, an array, a dictionary of columns, a list.
    time_column
        Which column is the time; found by its name, or by its dates, if omitted.

    Attributes
    ----------
    source
        What it is called, for a person.
    name
        The file's name without its ending: the table's stream.
    names
        Of all columns.
    columns
        Names of the columns of numbers that are read.
    numeric
        Names of all columns of numbers.
    time_column
        Name of the time column, or None.
    has_dates
        Whether its times are dates; else they are numbers.
    left_out
        Names of the other columns, and why they are not read.
    ignored
        Names of those that are no numbers, and why.

    Raises
    ------
    InputFileError
        If the file can't be read, or has no column of numbers.
    """

    def __init__(self, table: Any, *, time_column: str | None = None) -> None:
        self._rows: RowSource
        if isinstance(table, str | Path):
            path = Path(table)
            self.source = name_of(path)
            self.name = "stdin" if str(path) == STANDARD_INPUT else _stem(path)
            self._rows = open_rows(path)
        else:
            self.source = "the table"
            self.name = name_of_frame(table)
            self._rows = FrameRows(table, self.source)
        self._skipped = self._wrong = Skipped()
        self._assumed = list(self._rows.assumed)
        self.names = names = self._named_once(self._rows.names)
        with refusing(self.source):
            first = [row.cells for row in islice(self._rows.rows(), LOOK_ROWS)]
        if not first:
            raise InputFileError(f"{self.source}: the table has no rows")
        look = {
            name: [cell for cell in cells if not is_missing(cell)]
            for name, cells in zip(names, zip(*first, strict=True), strict=True)
        }
        if time_column is not None and time_column not in names:
            raise InputFileError(f"{self.source}: no column {time_column!r}; {_listed(names)}")
        self.ignored: dict[str, str] = {}
        self._times, self._time_reader = self._find_time(look, time_column)
        self.time_column = " ".join(self._times) or None
        self.has_dates = bool(self._times) and not all_numbers(look[self._times[0]])
        signs = {name: decimal_sign(cells) for name, cells in look.items()}
        of_table = max(_SIGNS, key=list(signs.values()).count) if any(signs.values()) else ""
        self._readers: dict[str, NumberReader] = {}
        for name, cells in look.items():
            if name in self._times or name in self.ignored:
                continue
            decimal = signs[name] or self._decimal_of(cells, of_table)
            reader = number_reader(cells, decimal) if cells else NumberReader(decimal)
            if reader is None:
                self.ignored[name] = "not numbers"
            else:
                self._readers[name] = reader
        self.numeric = list(self._readers)
        self.columns = list(self._readers)
        self.left_out = dict(self.ignored)
        if not self.columns:
            raise InputFileError(f"{self.source}: no column of numbers; {_listed(names)}")

    @property
    def remarks(self) -> list[str]:
        """What was taken for granted, and left out in the last pass to the end, for a person."""
        remarks = list(self._assumed)
        skipped = self._skipped
        if skipped.count:
            remarks.append(f"{counted(skipped.count, 'row')} skipped: {skipped.first}")
        if self._wrong.count:
            cells = counted(self._wrong.count, "cell")
            remarks.append(f"{cells} taken as empty: {self._wrong.first}")
        return remarks

    @property
    def units(self) -> dict[str, str]:
        """The unit of each column whose numbers were written with one."""
        return {name: reader.unit for name, reader in self._readers.items() if reader.unit}

    def keep(self, columns: Iterable[str], left_out: Mapping[str, str]) -> None:
        """Read these columns of numbers from now on, in this order, and no others.

        Parameters
        ----------
        columns
            Their names.
        left_out
            Name to the reason, of others.
        """
        self.columns = list(columns)
        self.left_out = {**self.ignored, **left_out}

    def rows(self) -> Iterator[Row]:
        """Read the rows, each time from the start.

        A cell that is no number, among those that are, is taken as empty and counted.

        Raises
        ------
        InputFileError
            If the file can't be read, or has more than `MAX_ROWS`.
        """
        index = {name: i for i, name in enumerate(self.names)}
        columns = [(name, index[name], self._readers[name].read) for name in self.columns]
        times = [index[name] for name in self._times]
        skipped, wrong = Skipped(), Skipped()
        for place, cells in self._cells():
            skipped = self._rows.skipped
            fields = {}
            for name, i, read in columns:
                value = read(cells[i])
                if value is None and not is_missing(cells[i]):
                    wrong.add(self._at(place, name, cells[i], "number"))
                fields[name] = value if value is not None and math.isfinite(value) else math.nan
            time = None
            if times and not is_missing(cell := _joined([cells[i] for i in times])):
                time = self._time_reader.read(cell)
                if time is None:  # such as a total, which is no row like the others
                    skipped.add(self._at(place, str(self.time_column), cell, "time"))
                    continue
            yield Row(fields, math.nan if time is None else time)
        self._skipped, self._wrong = skipped, wrong

    def _named_once(self, names: Sequence[str]) -> list[str]:
        """Return names that can be written, all of them different."""
        different: dict[str, None] = {}
        for name in map(printable, names):
            new, number = name, 1
            while new in different or (number > 1 and new in names):
                number += 1
                new = f"{name} {number}"
            if number == 2:
                self._assumed.append(f"a second column {name!r} is called {new!r}")
            different[new] = None
        return list(different)

    def _cells(self) -> Iterator[Cells]:
        with refusing(self.source):
            for number, row in enumerate(self._rows.rows()):
                if number >= MAX_ROWS:
                    raise InputFileError(f"{self.source}: more than {MAX_ROWS} rows, the limit")
                yield row

    def _at(self, place: int, name: str, cell: object, wanted: str) -> str:
        found = str(cell)[:40]
        return f"{self._rows.place_name} {place}, column {name!r}: found {found!r}, no {wanted}"

    def _find_time(
        self, look: dict[str, list[object]], wanted: str | None
    ) -> tuple[list[str], TimeReader]:
        """Return the columns that are the time, at most a date and a time of day, and a reader."""
        if wanted is not None:
            reader = self._time_reader_of(wanted, look[wanted])
            if reader is None:
                raise InputFileError(
                    f"{self.source}, column {wanted!r}: found {str(_first(look[wanted]))[:40]!r}; "
                    "seconds or a date such as 2026-01-31 12:00:00 is allowed"
                )
            self._assume(reader)
            return [wanted], reader
        named = [name for name in look if is_time_name(name)]
        dated = [name for name, cells in look.items() if name not in named and _are_dates(cells)]
        for name in (*named, *dated):
            cells = look[name]
            reader = self._time_reader_of(name, cells) if cells else None
            if reader is None:
                if cells:
                    self.ignored[name] = f"found {str(cells[0])[:40]!r}, which is no time"
                continue
            clock = self._clock_of(name, look, [*named, *dated])
            if clock is not None:
                pairs = zip(cells, look[clock], strict=False)
                joined = time_reader([_joined(pair) for pair in pairs])
                if joined is not None:
                    self._assume(joined)
                    return [name, clock], joined
            self._assume(reader)
            return [name], reader
        for name, cells in look.items():
            if len(look) > 1 and is_since_1970(cells):
                self._assumed.append(f"column {name!r} is taken for the time")
                reader = time_reader(cells)
                return [name], reader or TimeReader(float)
        return [], TimeReader(float)

    def _time_reader_of(self, name: str, cells: Sequence[object]) -> TimeReader | None:
        of_days = name.strip().lower().startswith(("date", "datum", "fecha"))
        return time_reader(cells, least_unit=_unit_of(name), of_days=of_days)

    def _clock_of(
        self, day: str, look: dict[str, list[object]], candidates: list[str]
    ) -> str | None:
        """Return the column with the time of day that belongs to a column of dates."""
        if not all(map(is_day, look[day][:10])):
            return None
        return next(
            (
                name
                for name in candidates
                if name != day and look[name] and all(map(is_clock_time, look[name][:10]))
            ),
            None,
        )

    def _decimal_of(self, cells: Sequence[object], of_table: str) -> str:
        """Return what stands before the fraction in a column that does not tell; say if need be."""
        rather_comma = self._rows.comma_is_decimal and any("," in str(cell) for cell in cells)
        decimal = of_table or ("," if rather_comma else ".")
        matches = (_EITHER_WAY.fullmatch(cell) for cell in cells if isinstance(cell, str))
        found = next((match for match in matches if match), None)
        if found is None or (found[1] == "." == decimal) or (found[1] == "," and of_table):
            return decimal
        name = "comma" if found[1] == "," else "point"
        kind = "decimal" if found[1] == decimal else "of thousands"
        line = f"numbers such as {found[0].strip()}: the {name} is read as {kind}"
        if not any(told.startswith("numbers such") for told in self._assumed):
            self._assumed.append(line)
        return decimal

    def _assume(self, reader: TimeReader) -> None:
        if reader.assumed:
            self._assumed.append(reader.assumed)


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


def _stem(path: Path) -> str:
    name = path.name.removesuffix(".gz")
    return printable_name(Path(name).stem or name)


def is_time_name(name: str) -> bool:
    """Return whether a column of this name is the time."""
    return _TIME_NAME.fullmatch(name.strip()) is not None


def _unit_of(name: str) -> float:
    """Return what the numbers of a time column are divided by, as its name says."""
    match = _TIME_NAME.fullmatch(name.strip())
    return _FRACTIONS.get((match["unit"] or "").lower(), 1.0) if match else 1.0


def _are_dates(cells: Sequence[object]) -> bool:
    """Return whether a column that is not called so is dates, or times of day."""
    some = cells[:10]
    if not some or not all(isinstance(cell, str) or hasattr(cell, "isoformat") for cell in some):
        return False
    if any(isinstance(cell, str) and _PLAIN.fullmatch(cell) for cell in some):
        return False
    return time_reader(some) is not None


def _joined(cells: Sequence[object]) -> object:
    """Return the date and the time of day of two cells as one; one cell as it is."""
    if len(cells) == 1:
        return cells[0]
    day, clock = cells
    if is_missing(day) or is_missing(clock):
        return None
    day = str(day).removesuffix(" 00:00:00")
    return f"{day.strip()} {str(clock).strip()}"


def _first(cells: Sequence[object]) -> object:
    return cells[0] if cells else ""


def _listed(names: Sequence[str]) -> str:
    return "the columns are " + ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
