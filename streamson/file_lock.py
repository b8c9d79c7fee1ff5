"""Locks on files and folders that end with the process, however it ends.

They are advisory (flock(2)) and hold on one machine. Where a file system has none, there is none.
"""

import errno
import os
from pathlib import Path
from typing import Final, Self

from streamson.errors import OutputFileError

_LOCKS: Final = Path("/proc/locks")
_TAKEN: Final = (errno.EWOULDBLOCK, errno.EACCES)
_TRIES: Final = 100
"""A lock file that is removed by its last owner just then is made again so many times."""


def lock(descriptor: int) -> str | None:
    """Lock an open file or folder until it is closed.

    Returns
    -------
    str or None
        None if it is locked now; else who has it, such as ``"process 4711"``.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Others: a file system without locks.
        return _holder(descriptor) if error.errno in _TAKEN else None
    return None


def _holder(descriptor: int) -> str:
    """Return who has the lock, as far as the system tells."""
    found = os.fstat(descriptor)
    device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    try:
        rows = [line.split() for line in _LOCKS.read_text().splitlines()]
    except OSError:  # not Linux
        return "another process"
    for row in rows:
        if len(row) > 5 and row[1] == "FLOCK" and row[5] == device and int(row[4]) > 0:
            return f"process {row[4]}"
    return "another process"


class NameLock:
    """Lets one process at a time record under a name, whatever files it makes of it.

    A hidden file beside it is locked; it is removed at the end. One that a killed process left
    locks nothing.

    Parameters
    ----------
    path
        The recording.

    Raises
    ------
    OutputFileError
        Another process has it; or its folder can't be written to.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.with_name(f".{path.name}.lock")
        try:
            self._descriptor = self._take(path)
        except OSError as error:
            raise OutputFileError(f"can't write {path}: {error.strerror}") from None

    def _take(self, path: Path) -> int:
        for _ in range(_TRIES):
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(self._file, flags, 0o666)
            holder = lock(descriptor)
            if holder is not None:
                os.close(descriptor)
                raise OutputFileError(f"can't record to {path}: {holder} does; use another name")
            if is_at(descriptor, self._file):
                return descriptor
            os.close(descriptor)  # removed between opening and locking
        raise OutputFileError(f"can't record to {path}: {self._file} goes as soon as it comes")

    def release(self) -> None:
        """Let others have it."""
        if is_at(self._descriptor, self._file):
            self._file.unlink(missing_ok=True)
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file or folder is still the one of that name."""
    try:
        there, here = path.stat(), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
