"""Rows of a Parquet file, read so that memory stays small whatever the file unpacks to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from streamson._optional import import_optional
from streamson.errors import InputFileError
from streamson.formats.row_source import MAX_COLUMNS, MAX_ROWS, Cells, Skipped

BATCH_ROWS: Final = 4_096
MAX_GROUP_BYTES: Final = 1 << 28
"""A group of rows may be one page, which is unpacked as a whole. Writers make groups of a million
rows or fewer by default: so 32 columns of numbers have room."""

MAX_CELL_CHARS: Final = 400
"""A longer text is no number: it is cut. One that stands in every row is held once."""


class ParquetRows:
    """The rows of a Parquet file.

    Parameters
    ----------
    path
        The file.
    source
        What it is called, for a person.

    Attributes
    ----------
    names, place_name, assumed, comma_is_decimal, skipped
        As of `RowSource`.

    Raises
    ------
    InputFileError
        If it is none, or unpacks to more than the limits.
    """

    place_name: Final = "row"
    comma_is_decimal: Final = False

    def __init__(self, path: Path, source: str) -> None:
        self.assumed: list[str] = []
        self.skipped = Skipped()
        self._path = path
        self._source = source
        self._parquet = import_optional("pyarrow.parquet", "parquet", "a Parquet file")
        self._pyarrow = import_optional("pyarrow", "parquet", "a Parquet file")
        import_optional("pyarrow.compute", "parquet", "a Parquet file")
        with self._refusing(), self._parquet.ParquetFile(path) as file:
            self.names = [field.name for field in file.schema_arrow]
            doubled = next((name for name in self.names if self.names.count(name) > 1), None)
            if doubled is not None:
                raise InputFileError(f"{source}: column {doubled!r} is named twice")
            texts, numbers = _columns(self._pyarrow, file.schema_arrow)
            _check(source, file, {*texts, *numbers})

    def rows(self) -> Iterator[Cells]:
        """Yield the rows.

        Raises
        ------
        InputFileError
            If something can't be read.
        """
        number = 0
        with self._refusing():
            with self._parquet.ParquetFile(self._path) as file:
                texts, numbers = _columns(self._pyarrow, file.schema_arrow)
            # A text that stands in every row is unpacked once, not once a row.
            with self._parquet.ParquetFile(self._path, read_dictionary=texts) as file:
                schema = file.schema_arrow
                for batch in file.iter_batches(BATCH_ROWS, columns=[*texts, *numbers]):
                    for row in _rows(self._pyarrow, batch, schema):
                        number += 1
                        yield Cells(number, row)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Say in a line what is wrong with a file."""
        try:
            yield
        except MemoryError:
            raise InputFileError(
                f"{self._source}: it unpacks to more than there is memory"
            ) from None
        except self._pyarrow.ArrowException as error:
            raise InputFileError(f"{self._source}: {str(error).splitlines()[0]}") from None
        except (ValueError, OverflowError) as error:  # a time that Python has no name for
            raise InputFileError(
                f"{self._source}: found a value that can't be read: {error}"
            ) from None


def _columns(pyarrow: Any, schema: Any) -> tuple[list[str], list[str]]:
    """Return the columns of texts, and those of numbers and times; others hold neither."""
    kinds = pyarrow.types
    texts, numbers = [], []
    for field in schema:
        kind = field.type.value_type if kinds.is_dictionary(field.type) else field.type
        if kinds.is_string(kind) or kinds.is_large_string(kind):
            texts.append(field.name)
        elif any(
            is_kind(kind)
            for is_kind in (
                *(kinds.is_integer, kinds.is_floating, kinds.is_decimal),
                *(kinds.is_timestamp, kinds.is_date, kinds.is_null),
            )
        ):
            numbers.append(field.name)
    return texts, numbers


def _check(source: str, file: Any, wanted: set[str]) -> None:
    """Raise `InputFileError` if a file says itself that it is too large."""
    metadata = file.metadata
    if len(file.schema_arrow) > MAX_COLUMNS:
        raise InputFileError(f"{source}: {len(file.schema_arrow)} columns; at most {MAX_COLUMNS}")
    if metadata.num_rows > MAX_ROWS:
        raise InputFileError(f"{source}: {metadata.num_rows} rows; at most {MAX_ROWS}")
    leaves = [
        i
        for i in range(metadata.num_columns)
        if metadata.schema.column(i).path.split(".")[0] in wanted
    ] or range(metadata.num_columns)
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        size = sum(group.column(leaf).total_uncompressed_size for leaf in leaves)
        if size > MAX_GROUP_BYTES:
            raise InputFileError(
                f"{source}: row group {number + 1} unpacks to {size >> 20} MB; at most "
                f"{MAX_GROUP_BYTES >> 20} MB are allowed: write it with smaller row groups"
            )


def _rows(pyarrow: Any, batch: Any, schema: Any) -> Iterator[tuple[object, ...]]:
    cells = [
        _cells(pyarrow, batch.column(field.name))
        if field.name in batch.schema.names
        else [f"a value of type {field.type}"] * batch.num_rows
        for field in schema
    ]
    return zip(*cells, strict=True)


def _cells(pyarrow: Any, column: Any) -> list[Any]:
    """Return a column whose times are microseconds, and whose numbers Python knows."""
    kinds = pyarrow.types
    if kinds.is_dictionary(column.type):
        values = _cells(pyarrow, column.dictionary)
        return [None if i is None else values[i] for i in column.indices.to_pylist()]
    kind = column.type
    if kinds.is_string(kind) or kinds.is_large_string(kind):
        cut = pyarrow.compute.utf8_slice_codeunits(column, 0, MAX_CELL_CHARS + 1).to_pylist()
        return [f"{text} …" if text and len(text) > MAX_CELL_CHARS else text for text in cut]
    if kinds.is_timestamp(kind):
        column = column.cast(pyarrow.timestamp("us", kind.tz), safe=False)
    elif kinds.is_decimal(kind) or kinds.is_floating(kind):
        column = column.cast(pyarrow.float64(), safe=False)
    cells: list[Any] = column.to_pylist()
    return cells
