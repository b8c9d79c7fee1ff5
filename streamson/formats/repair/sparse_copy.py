"""Copies of files that take little room: shared blocks where the disk can, holes as they are."""

import errno
import os
from pathlib import Path
from typing import Final

from streamson.errors import OutputFileError

_FICLONE: Final = 0x4004_9409
"""ioctl_ficlone(2): both files share their blocks until one of them changes (Btrfs, XFS)."""

_BLOCK_BYTES: Final = 1 << 20


def copy_file(source: int, target: int, name: Path) -> None:
    """Copy one open file into another, which is empty.

    Raises
    ------
    OutputFileError
        There is no room for it; the message names the file.
    OSError
        It can't be read or written.
    """
    if _clone(source, target):
        return
    size = os.fstat(source).st_size
    _check_room(source, target, name)
    os.truncate(target, size)
    at = 0
    while at < size:
        start, end = _next_data(source, at, size)
        _copy_range(source, target, start, end)
        at = end


def _clone(source: int, target: int) -> bool:
    try:
        from fcntl import ioctl
    except ImportError:  # Windows
        return False
    try:
        ioctl(target, _FICLONE, source)
    except OSError:  # a file system without
        return False
    return True


def _check_room(source: int, target: int, name: Path) -> None:
    if not hasattr(os, "fstatvfs"):
        return
    disk, needed = os.fstatvfs(target), os.fstat(source).st_blocks * 512
    free = disk.f_bavail * disk.f_frsize
    if free < needed:
        raise OutputFileError(
            f"can't mend {name}: the copy beside it needs {needed / 1e6:,.1f} MB, and "
            f"{free / 1e6:,.1f} MB are free"
        )


def _next_data(source: int, at: int, size: int) -> tuple[int, int]:
    """Return where the next bytes begin that are on the disk, and where they end."""
    if not hasattr(os, "SEEK_DATA"):
        return at, size
    try:
        start = os.lseek(source, at, os.SEEK_DATA)
        return start, os.lseek(source, start, os.SEEK_HOLE)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nothing but a hole up to the end
            return size, size
        return at, size


def _copy_range(source: int, target: int, start: int, end: int) -> None:
    os.lseek(source, start, os.SEEK_SET)
    os.lseek(target, start, os.SEEK_SET)
    while start < end:
        block = os.read(source, min(_BLOCK_BYTES, end - start))
        if not block:  # it became shorter meanwhile
            return
        start += len(block)
        while block:
            block = block[os.write(target, block) :]
