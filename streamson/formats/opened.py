"""Which kind of table a file is, by what is in it: its ending is only a name."""

import atexit
import codecs
import gzip
import os
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from streamson._printable import printable
from streamson.errors import InputFileError
from streamson.formats.regular_file import open_regular
from streamson.formats.row_source import Open, RowSource

STANDARD_INPUT: Final = "-"

MAX_INPUT_BYTES: Final = 4 << 30
"""Of a table that comes through a pipe: it is kept in a file, because it is read several times."""

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PARQUET: Final = b"PAR1"


def open_rows(path: Path) -> RowSource:
    """Return the rows of a file.

    Parameters
    ----------
    path
        The file; ``-`` is what comes through standard input.

    Raises
    ------
    InputFileError
        If it can't be read, or is no table.
    """
    source = name_of(path)
    with refusing(source):
        if str(path) == STANDARD_INPUT:
            path = _spooled(sys.stdin.buffer)

        def open_bytes() -> BinaryIO:
            file = open_regular(path)
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            return cast(BinaryIO, _Unpacked(file)) if packed else file

        with open_bytes() as file:
            begin = file.read(1 << 12)
        words = begin.removeprefix(codecs.BOM_UTF8).lstrip()
        if begin.startswith(_PARQUET):
            from streamson.formats.parquet_rows import ParquetRows

            return ParquetRows(path, source)
        if begin.startswith(_OLD_EXCEL):
            raise InputFileError(
                f"{source}: it is a sheet of an old Excel, or has a password; save it as .xlsx or "
                ".csv"
            )
        if begin.startswith(_ZIP):
            from streamson.formats.sheet_rows import SheetRows

            return SheetRows(open_bytes, source)
        if words.startswith((b"{", b"[")):
            return _open_json(open_bytes, source, words)
        from streamson.formats.delimited import DelimitedRows

        return DelimitedRows(open_bytes, source)


def name_of(path: Path) -> str:
    """Return what a table is called in messages."""
    return "standard input" if str(path) == STANDARD_INPUT else printable_name(str(path))


def printable_name(name: str) -> str:
    """Return a file's name as text that can be written: what is not UTF-8 becomes a sign for it."""
    return printable(os.fsencode(name).decode("utf-8", "replace"))


@contextmanager
def refusing(source: str) -> Iterator[None]:
    """Turn what goes wrong while a file is read into a line.

    Raises
    ------
    InputFileError
        Instead.
    """
    try:
        yield
    except (EOFError, zlib.error) as error:
        raise InputFileError(f"{source}: it is packed, and broken: {error}") from None
    except OSError as error:
        raise InputFileError(f"{source}: can't be read: {error.strerror or error}") from None
    except ValueError as error:  # a NUL in its name
        raise InputFileError(f"{source}: can't be read: {error}") from None


class _Unpacked(gzip.GzipFile):
    """A packed file that closes what it reads from."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(fileobj=file, mode="rb")
        self._packed = file

    def close(self) -> None:
        super().close()
        self._packed.close()


def _open_json(open_bytes: Open, source: str, begin: bytes) -> RowSource:
    from streamson.formats.json_rows import JsonDocument, JsonLines, JsonList, is_document

    def unmarked() -> BinaryIO:
        file = open_bytes()
        if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            file.seek(0)
        return file

    if begin.startswith(b"[") and not _is_list_a_line(begin):
        return JsonList(unmarked, source)
    if begin.startswith(b"{") and is_document(unmarked):
        return JsonDocument(unmarked, source)
    return JsonLines(unmarked, source)


def _is_list_a_line(begin: bytes) -> bool:
    """Return whether a text that begins with a bracket has a list in each line."""
    first, _, rest = begin.partition(b"\n")
    return first.rstrip().endswith(b"]") and rest.lstrip().startswith(b"[")


def _spooled(stream: BinaryIO) -> Path:
    """Keep what comes in a file that is gone when the process is."""
    file = tempfile.NamedTemporaryFile(prefix="streamson-")  # noqa: SIM115  # it lasts
    atexit.register(file.close)
    size = 0
    while chunk := stream.read(1 << 20):
        size += len(chunk)
        if size > MAX_INPUT_BYTES:
            raise InputFileError(
                f"standard input: more than {MAX_INPUT_BYTES >> 30} GB; a file has no such limit"
            )
        file.write(chunk)
    file.flush()
    return Path(file.name)
