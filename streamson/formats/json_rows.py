"""Objects in JSON as rows: one a line, or the items of a list."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO, Final

import ijson
import msgspec

from streamson.errors import InputFileError
from streamson.formats.lines import Lines
from streamson.formats.nested import leaves
from streamson.formats.row_source import LOOK_ROWS, MAX_COLUMNS, MAX_ROW_CHARS, Cells, Open, Skipped

MAX_NESTING: Final = 64
"""Of brackets and braces in a list's row."""

MAX_DOCUMENT_BYTES: Final = 64 << 20
"""Of a document that is not a list, which is read as a whole."""

_NAN: Final = re.compile(rb'(?<![\w"])-?(?:NaN|Infinity)(?![\w"])')
_NAN_BYTES: Final = 16

_LINE: Final = 'each line is an object such as {"re": 1.5, "im": -0.3}'


class _JsonRows(ABC):
    """Objects whose values become columns, nested ones by their path.

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
        If it has no rows.
    """

    place_name = "row"
    comma_is_decimal = False

    def __init__(self, open_bytes: Open, source: str) -> None:
        self._open = open_bytes
        self._source = source
        self.assumed: list[str] = []
        self.skipped = Skipped()
        names: dict[str, None] = {}
        first: list[Any] = [found for _, found in islice(self._objects(), LOOK_ROWS)]
        self._has_header = _is_header(first)
        for found in first:
            names |= dict.fromkeys(path for path, _ in leaves(found))
        if not names:
            raise InputFileError(f"{source}: the table has no rows")
        if len(names) > MAX_COLUMNS:
            raise InputFileError(f"{source}: {len(names)} columns; at most {MAX_COLUMNS}")
        self._paths = list(names)
        self.names = self._paths
        if self._has_header:
            self.names = [str(name) for name in first[0]]

    def rows(self) -> Iterator[Cells]:
        """Yield the rows, each time from the start.

        Raises
        ------
        InputFileError
            If something is no JSON.
        """
        self.skipped = Skipped()
        for place, found in islice(self._objects(), int(self._has_header), None):
            cells = dict(leaves(found))
            yield Cells(place, [cells.get(path) for path in self._paths])

    @abstractmethod
    def _objects(self) -> Iterator[tuple[int, object]]:
        """Yield the place of each row, and what stands there."""


class JsonLines(_JsonRows):
    """A file with an object, or a list of values, in each line; as of `RowSource`."""

    place_name = "line"

    def _objects(self) -> Iterator[tuple[int, object]]:
        decoder = msgspec.json.Decoder()
        good = 0
        with self._open() as file:
            lines = Lines(self._source, file.readline)
            for line in lines:
                lines.begin_row()
                if not line.strip(b"\0 \t\r\n\xef\xbb\xbf"):
                    continue
                try:
                    found = decoder.decode(_without_nan(line.removeprefix(b"\xef\xbb\xbf")))
                except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
                    if not good:
                        raise InputFileError(
                            f"{self._source}, line {lines.number}: {error}; {_LINE}"
                        ) from None
                    self.skipped.add(f"line {lines.number} is no JSON: {error}")
                    continue
                if isinstance(found, dict | list):
                    good += 1
                    yield lines.number, found
                else:
                    self.skipped.add(f"line {lines.number} is no object; {_LINE}")


class JsonList(_JsonRows):
    """A file with a list of objects, or of lists of values; as of `RowSource`."""

    def _objects(self) -> Iterator[tuple[int, object]]:
        number = depth = 0
        builder = ijson.ObjectBuilder()
        with self._open() as opened:
            file = _Metered(opened, self._source)
            try:
                for event, value in ijson.basic_parse(file, use_float=True):
                    begins = event in ("start_map", "start_array")
                    ends = event in ("end_map", "end_array")
                    depth += begins - ends
                    if depth > MAX_NESTING:
                        raise InputFileError(
                            f"{self._source}, row {number + 1}: nested more than {MAX_NESTING} deep"
                        )
                    if depth == 0 or (begins and depth == 1):
                        continue  # of the list itself
                    builder.event(event, value)
                    if depth == 1 and event != "map_key":
                        number += 1
                        file.begin_row()
                        found, builder = builder.value, ijson.ObjectBuilder()
                        yield number, found if isinstance(found, dict | list) else {"value": found}
            except (ijson.JSONError, ValueError, OverflowError) as error:
                raise InputFileError(f"{self._source}: {_first_line(error)}") from None


class _Metered:
    """A file of which a row may take only so many bytes, and whose NaN is null."""

    def __init__(self, file: BinaryIO, source: str) -> None:
        self._file = file
        self._source = source
        self._bytes = 0
        self._rest = b""

    def begin_row(self) -> None:
        """Begin to count anew."""
        self._bytes = 0

    def read(self, size: int) -> bytes:
        """Return what is read."""
        if self._bytes > MAX_ROW_CHARS:
            raise InputFileError(
                f"{self._source}: a row has more than {MAX_ROW_CHARS} characters, the limit"
            )
        while True:
            found = self._file.read(size)
            self._bytes += len(found)
            ready = _without_nan(self._rest + found)
            if not found:
                self._rest = b""
                return ready
            # A word at the end may go on.
            ready, self._rest = ready[:-_NAN_BYTES], ready[-_NAN_BYTES:]
            if ready:
                return ready


class JsonDocument(_JsonRows):
    """An object that holds a list of objects, or columns as lists or objects; as of `RowSource`.

    As pandas, and most services of the web, write a table.
    """

    def _objects(self) -> Iterator[tuple[int, object]]:
        with self._open() as file:
            found = _document(file, self._source)
        rows = _rows_in(found)
        if rows is None:
            raise InputFileError(
                f"{self._source}: found an object without a list of rows; a list of objects is "
                "allowed, or an object in each line"
            )
        yield from enumerate(rows, 1)


def is_document(open_bytes: Open) -> bool:
    """Return whether a file that begins with a brace is one object, not one in each line."""
    with open_bytes() as file:
        line = file.readline(1 << 20)
        rest = file.read(1 << 16)
    try:
        first = msgspec.json.decode(_without_nan(line))
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        # Of a line that is cut off nothing is known: it may be the first of many.
        return b"\n" in rest and line.rstrip().endswith((b"{", b"[", b","))
    return not rest.strip() and _rows_in(first) is not None


def _without_nan(text: bytes) -> bytes:
    """Return JSON whose NaN and Infinity, which Python and others write, are null."""
    return _NAN.sub(b"null", text) if b"N" in text or b"I" in text else text


def _is_header(first: list[Any]) -> bool:
    """Return whether the first of rows that are lists has the names."""
    return (
        len(first) > 1
        and all(isinstance(row, list) and len(row) == len(first[0]) for row in first)
        and all(isinstance(cell, str) for cell in first[0])
        and any(not isinstance(cell, str) for cell in first[1])
    )


def _document(file: BinaryIO, source: str) -> object:
    content = file.read(MAX_DOCUMENT_BYTES + 1)
    if len(content) > MAX_DOCUMENT_BYTES:
        raise InputFileError(
            f"{source}: more than {MAX_DOCUMENT_BYTES >> 20} MB in one object; an object in each "
            "line is read without a limit"
        )
    try:
        return msgspec.json.decode(_without_nan(content))
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise InputFileError(f"{source}: {error}") from None


def _rows_in(found: object) -> Iterator[object] | None:
    """Return the rows that an object holds, or None."""
    if not isinstance(found, Mapping) or not found:
        return None
    columns: list[Any] = list(found.values())
    if all(isinstance(column, list) for column in columns) and not any(
        isinstance(item, Mapping) for column in columns for item in column[:1]
    ):
        length = max(map(len, columns))
        return (
            {name: column[i] for name, column in found.items() if i < len(column)}
            for i in range(length)
        )
    for column in columns:  # beside a map of their units, as services of weather have them
        if isinstance(column, Mapping) and column and all(map(_is_list, column.values())):
            return _rows_in(column)
    if len(columns) > 1 and all(isinstance(column, Mapping) for column in columns):
        keys = dict.fromkeys(key for column in columns for key in column)
        return (
            {name: column[key] for name, column in found.items() if key in column} for key in keys
        )
    for column in columns:
        if isinstance(column, list) and column and isinstance(column[0], Mapping | list):
            return iter(column)
    inner = [rows for one in columns if (rows := _rows_in(one)) is not None]
    return inner[0] if inner else None


def _is_list(found: object) -> bool:
    return isinstance(found, list)


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else "it is no JSON"
