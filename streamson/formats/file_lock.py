"""Locks on files and folders that end with the process, however it ends.

They are advisory (flock(2)) and hold on one machine. Where a file system has none, there is none.
"""

import errno
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final, Self

from streamson.errors import OutputFileError

_LOCKS: Final = Path("/proc/locks")
_TAKEN: Final = (errno.EWOULDBLOCK, errno.EACCES)
_LOCKS_FOLDERS: Final = hasattr(os, "O_DIRECTORY")  # Windows opens none
_NAME_CHARS: Final = 200
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


class RecordingLock(ABC):
    """Lets one process at a time record to a place.

    Parameters
    ----------
    path
        The recording.

    Raises
    ------
    OutputFileError
        Another process has it; or it can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = self._take()

    @property
    @abstractmethod
    def is_there(self) -> bool:
        """Whether what is locked was neither deleted nor moved."""

    @abstractmethod
    def _take(self) -> int: ...

    def renew(self) -> None:
        """Lock again what came in the place of what was locked.

        Raises
        ------
        OutputFileError
            Another process has it; or it can't be opened.
        """
        if not self.is_there:
            descriptor = self._take()
            os.close(self._descriptor)
            self._descriptor = descriptor

    def release(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _opened(self, path: Path, flags: int) -> int:
        """Open and lock."""
        try:
            descriptor = os.open(path, flags, 0o666)
        except OSError as error:
            raise OutputFileError(f"can't write {self._path}: {error.strerror}") from None
        holder = lock(descriptor)
        if holder is None:
            return descriptor
        os.close(descriptor)
        raise OutputFileError(f"can't record to {self._path}: {holder} does; use another name")


class FolderLock(RecordingLock):
    """Lets one process at a time record to a folder, which is there already."""

    @property
    def is_there(self) -> bool:
        """Whether the folder was neither deleted nor moved."""
        return not _LOCKS_FOLDERS or is_at(self._descriptor, self._path)

    def _take(self) -> int:
        if _LOCKS_FOLDERS:
            return self._opened(self._path, os.O_RDONLY | os.O_DIRECTORY)
        return os.open(os.devnull, os.O_RDONLY)


class NameLock(RecordingLock):
    """Lets one process at a time record under a name, whatever files it makes of it.

    A hidden file beside it is locked; it is removed at the end. One that a killed process left
    locks nothing.
    """

    @property
    def is_there(self) -> bool:
        """Whether the hidden file was neither deleted nor moved."""
        return is_at(self._descriptor, self._file)

    @property
    def _file(self) -> Path:
        return self._path.with_name(f".{self._path.name[:_NAME_CHARS]}.lock")

    def _take(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        for _ in range(_TRIES):
            descriptor = self._opened(self._file, flags)
            if is_at(descriptor, self._file):
                return descriptor
            os.close(descriptor)  # removed between opening and locking
        raise OutputFileError(f"can't record to {self._path}: {self._file} goes as it comes")

    def release(self) -> None:
        """Let others have it."""
        if self.is_there:
            self._file.unlink(missing_ok=True)
        super().release()


def is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file or folder is still the one of that name."""
    try:
        there, here = path.stat(), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
