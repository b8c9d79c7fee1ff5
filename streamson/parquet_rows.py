"""Rows of a Parquet file, read so that memory stays small whatever the file unpacks to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from streamson.errors import InputFileError
from streamson.extras import need
from streamson.regular_file import open_regular

BATCH_ROWS: Final = 4_096
MAX_COLUMNS: Final = 1_024
MAX_ROWS: Final = 100_000_000
"""At ten notes a second the sound of so many rows lasts four months."""

MAX_GROUP_BYTES: Final = 1 << 28
"""A group of rows may be one page, which is unpacked as a whole. Writers make groups of a million
rows or fewer by default: so 32 columns of numbers have room."""

MAX_CELL_CHARS: Final = 400
"""A longer text is no number: it is cut. One that stands in every row is held once."""


def read_parquet(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the number of each row, from 1, and its cells.

    Raises
    ------
    InputFileError
        If it is none, or unpacks to more than the limits.
    """
    parquet = need("pyarrow.parquet", "parquet", "a Parquet file")
    pyarrow = need("pyarrow", "parquet", "a Parquet file")
    need("pyarrow.compute", "parquet", "a Parquet file")
    open_regular(path).close()
    try:
        with parquet.ParquetFile(path) as file:
            texts, numbers = _columns(pyarrow, file.schema_arrow)
            _check(path, file, {*texts, *numbers})
        number = 0
        # A text that stands in every row is unpacked once, not once a row.
        with parquet.ParquetFile(path, read_dictionary=texts) as file:
            schema = file.schema_arrow
            for batch in file.iter_batches(BATCH_ROWS, columns=[*texts, *numbers]):
                for row in _rows(pyarrow, batch, schema):
                    number += 1
                    yield number, row
    except MemoryError:
        raise InputFileError(f"{path}: it unpacks to more than there is memory") from None
    except pyarrow.ArrowException as error:
        raise InputFileError(f"{path}: {str(error).splitlines()[0]}") from None
    except (ValueError, OverflowError) as error:  # a time that Python has no name for
        raise InputFileError(f"{path}: found a value that can't be read: {error}") from None


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


def _check(path: Path, file: Any, wanted: set[str]) -> None:
    """Raise `InputFileError` if a file says itself that it is too large."""
    told = file.metadata
    if len(file.schema_arrow) > MAX_COLUMNS:
        raise InputFileError(f"{path}: {len(file.schema_arrow)} columns; at most {MAX_COLUMNS}")
    if told.num_rows > MAX_ROWS:
        raise InputFileError(f"{path}: {told.num_rows} rows; at most {MAX_ROWS}")
    leaves = [
        i for i in range(told.num_columns) if told.schema.column(i).path.split(".")[0] in wanted
    ] or range(told.num_columns)
    for number in range(told.num_row_groups):
        group = told.row_group(number)
        size = sum(group.column(leaf).total_uncompressed_size for leaf in leaves)
        if size > MAX_GROUP_BYTES:
            raise InputFileError(
                f"{path}: row group {number + 1} unpacks to {size >> 20} MB; at most "
                f"{MAX_GROUP_BYTES >> 20} MB are allowed: write it with smaller row groups"
            )


def _rows(pyarrow: Any, batch: Any, schema: Any) -> Iterator[dict[str, object]]:
    names = [field.name for field in schema]
    cells = [
        _cells(pyarrow, batch.column(name))
        if name in batch.schema.names
        else [f"a value of type {field.type}"] * batch.num_rows
        for name, field in zip(names, schema, strict=True)
    ]
    for row in zip(*cells, strict=True):
        yield dict(zip(names, row, strict=True))


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
