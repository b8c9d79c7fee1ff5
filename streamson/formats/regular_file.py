"""Reading what must have an end: files, not devices or folders, and pipes only with a deadline."""

import errno
import os
import select
import stat
import time
from pathlib import Path
from typing import BinaryIO, Final

PIPE_WAIT_S: Final = 5.0
"""How long whoever writes into a pipe may take."""

_KINDS: Final = (
    (stat.S_ISFIFO, "it is a pipe, and only a file can be read here"),
    (stat.S_ISCHR, "it is a device, and only a file can be read here"),
    (stat.S_ISBLK, "it is a device, and only a file can be read here"),
    (stat.S_ISSOCK, "it is a socket, and only a file can be read here"),
)


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading; a pipe would hang, and a device never end.

    Raises
    ------
    OSError
        It can't be opened, or is none.
    ValueError
        There is a NUL in its name.
    """
    _check(os.stat(path).st_mode, path)
    # It may be another one by now: without O_NONBLOCK a pipe would wait for somebody to write.
    file = os.fdopen(_open(path), "rb")
    try:
        _check(os.fstat(file.fileno()).st_mode, path)
    except OSError:
        file.close()
        raise
    return file


def read_regular(path: str | os.PathLike[str], limit: int) -> bytes:
    """Return what is in a file, but at most one byte more than the limit; errors as above."""
    with open_regular(path) as file:
        return file.read(limit + 1) or b""  # None: one of /proc that waits for news


def read_file_or_pipe(path: str | os.PathLike[str], limit: int) -> bytes:
    """Return what is in a file or comes through a pipe, as of a shell's ``<(...)``; else as above.

    Raises
    ------
    OSError
        Also if a pipe does not end in `PIPE_WAIT_S`.
    """
    if not stat.S_ISFIFO(os.stat(path).st_mode):
        return read_regular(path, limit)
    number = _open(path)
    try:
        return _read_pipe(number, limit)
    finally:
        os.close(number)


def _read_pipe(number: int, limit: int) -> bytes:
    content = b""
    waiting = select.poll()
    waiting.register(number, select.POLLIN)
    end = time.monotonic() + PIPE_WAIT_S
    while len(content) <= limit:
        if not waiting.poll(max(0, 1_000 * (end - time.monotonic()))):
            raise OSError(errno.ETIMEDOUT, f"a pipe that did not end within {PIPE_WAIT_S:g} s")
        read = os.read(number, limit + 1 - len(content))
        if not read:
            break
        content += read
    return content


def _open(path: str | os.PathLike[str]) -> int:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    return os.open(path, flags)


def _check(mode: int, path: str | os.PathLike[str]) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(Path(path)))
    for is_kind, what in _KINDS:
        if is_kind(mode):
            raise OSError(errno.EINVAL, what, str(Path(path)))
