"""Files of lines that hold whole lines only, even on a disk that is full."""

import os
from pathlib import Path

from streamson.errors import OutputFileError
from streamson.formats.atomic import open_new
from streamson.formats.file_lock import is_at


class LineFile:
    """A file that grows by lines.

    Parameters
    ----------
    path
        It isn't there yet.

    Attributes
    ----------
    path
        Where it is.
    size
        Bytes of whole lines.

    Raises
    ------
    OutputFileError
        It can't be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        try:
            self._file = open_new(path)
        except OSError as error:
            raise OutputFileError(f"can't write {path}: {error.strerror}") from None

    def append(self, lines: bytes) -> None:
        """Append lines: all of them or, on a full disk, none.

        Raises
        ------
        OutputFileError
            They can't be written.
        """
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[os.write(self._file.fileno(), rest) :]
        except OSError as error:
            os.ftruncate(self._file.fileno(), self.size)
            os.lseek(self._file.fileno(), self.size, os.SEEK_SET)
            raise OutputFileError(f"can't write {self.path}: {error.strerror}") from None
        self.size += len(lines)

    @property
    def is_there(self) -> bool:
        """Whether it was neither deleted nor moved."""
        return is_at(self._file.fileno(), self.path)

    def sync(self) -> None:
        """Let what was written survive a loss of power.

        Raises
        ------
        OutputFileError
            The disk is gone.
        """
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise OutputFileError(f"can't write {self.path}: {error.strerror}") from None

    def close(self) -> None:
        """Close it; can be called again.

        Raises
        ------
        OutputFileError
            The disk is gone.
        """
        if self._file.closed:
            return
        try:
            self.sync()
        finally:
            self._file.close()
