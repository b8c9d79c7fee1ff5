"""Reading files of our own kinds that anybody may have changed or damaged."""

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from streamson.errors import InputFileError

MAX_LINE_BYTES: Final = 1 << 26
"""A batch with all fields that the wire allows takes less."""

MAX_ERROR_CHARS: Final = 200
BROKEN: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises where a file is damaged."""


def explained(error: Exception) -> str:
    """Return what a decoder found, for a person."""
    if isinstance(error, RecursionError):
        return "found lists or maps nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "found a byte that isn't UTF-8"
    return str(error)[:MAX_ERROR_CHARS]


def open_file(path: Path, what: str = "") -> BinaryIO:
    """Open a file to read; what is none, such as a pipe that never ends, is refused.

    Parameters
    ----------
    path
        The file.
    what
        What is in it, for messages; with a blank at its end.

    Raises
    ------
    InputFileError
        It can't be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        file = os.fdopen(descriptor, "rb")
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return file
        file.close()
    except OSError as error:
        raise InputFileError(f"can't read {what}{path}: {error.strerror}") from None
    raise InputFileError(f"can't read {what}{path}: it is no file")


def is_file_name(name: str) -> bool:
    """Return whether a name is that of a file in the same folder, and not a path."""
    return (
        name not in ("", ".", "..")
        and name.isprintable()  # no NUL, and nothing that can't be encoded
        and not set(name) & {"/", "\\"}
    )
