"""Files that are always whole, whenever the process dies or the power goes."""

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO, Final

_NAME_CHARS: Final = 40
"""A name beside another begins with so much of it, and stays below the 255 bytes of a name."""


def name_beside(path: Path) -> Path:
    """Return a hidden name in the same folder that nobody has, and nobody can foretell."""
    return path.with_name(f".{path.stem[:_NAME_CHARS]}-{secrets.token_hex(8)}{path.suffix[:16]}")


def open_new(path: Path) -> BinaryIO:
    """Open a file that isn't there yet, to write and read.

    Exclusive creation follows no link: one that somebody else planted there, in a folder that is
    shared, leads to nothing (open(2), O_EXCL).

    Raises
    ------
    FileExistsError
        Something is there, be it a link to nowhere.
    OSError
        It can't be made.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return path.open("xb+", buffering=0)


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write a file: what was there before stays until all of the new content is on the disk.

    Parameters
    ----------
    path
        Where it is to be.
    content
        All of it.
    mode
        Its permissions. None: a file that was there passes its own on.

    Raises
    ------
    OSError
        It can't be written.
    """
    part = name_beside(path)
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            if mode is None:
                _keep_mode(path, file.fileno())
            else:
                os.chmod(part, mode)
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _keep_mode(path: Path, descriptor: int) -> None:
    try:
        before = path.lstat()
    except OSError:
        return
    if stat.S_ISREG(before.st_mode):
        os.chmod(descriptor, stat.S_IMODE(before.st_mode))
