"""A file that grows, is renamed and made anew, emptied, deleted and comes back."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from streamson.errors import InputFileError
from streamson.formats.untrusted import open_file
from streamson.producers.base.backoff import Backoff
from streamson.producers.text.line_splitter import LineSplitter

CHUNK_BYTES: Final = 65_536
HEAD_BYTES: Final = 4_096
"""Of the beginning of a file, where the names of columns are."""

KNOWN_BYTES: Final = 1_024
"""Of what was read last: are they no longer there, the file was emptied and written anew. So many,
since the ends of lines are often alike, while some lines have different times."""

GONE_S: Final = 1.0
"""So long a name may be without a file, as while logs rotate, before it is said."""

HOLD_S: Final = 60.0
"""So long a renamed or deleted file is read on at most, for programs that notice late."""


class FollowedFile:
    """Yields the lines of a file as they come.

    Renamed, it is read to its end, and on until the new file of its name holds something: programs
    write into the old one until they are told. Emptied, it is read from its beginning again: it is
    shorter, or what was read last is no longer there.

    Parameters
    ----------
    path
        The file. It need not be there yet; then all of it is new.
    name
        What it is called.
    from_start
        Read what it holds already; else only what is added.

    Attributes
    ----------
    name
        What it is called.

    Raises
    ------
    InputFileError
        If it is there and can't be read.
    """

    def __init__(self, path: Path, name: str, *, from_start: bool = False) -> None:
        self.name = name
        self._path = path
        self._backoff = Backoff(str(path))
        self._file: BinaryIO | None = None
        self._splitter = LineSplitter()
        self._known = b""
        self._written = 0
        self._gone_since: float | None = None
        self._old_since: float | None = None
        try:
            self._file = open_file(path)
        except InputFileError:
            if path.exists():
                raise
            self._backoff.failed("there is no such file")
        if self._file is not None and not from_start:
            self._to_end(self._file)

    @property
    def too_long(self) -> int:
        """Lines left out for their length."""
        return self._splitter.too_long

    def head(self) -> list[str]:
        """Return the first lines, which may name the columns."""
        if self._file is None:
            return []
        with suppress(OSError):
            at = self._file.tell()
            self._file.seek(0)
            head = self._file.read(HEAD_BYTES)
            self._file.seek(at)
            return head.decode(errors="replace").split("\n")[:-1]
        return []

    def read(self) -> Iterator[str]:
        """Yield the lines that are new, a chunk of the file at most."""
        data = self._read()
        if data:
            yield from self._splitter.feed(data)
            return
        if self._is_over():
            yield from self._splitter.end()
            self._take_next()

    def close(self) -> None:
        """Close it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _to_end(self, file: BinaryIO) -> None:
        end = file.seek(0, os.SEEK_END)
        if not end:
            return
        file.seek(max(0, end - KNOWN_BYTES))
        self._known = file.read(KNOWN_BYTES)
        if not self._known.endswith((b"\n", b"\r")):
            self._splitter.skip()

    def _read(self) -> bytes:
        if self._file is None:
            return b""
        try:
            at = self._file.tell()
            told = os.fstat(self._file.fileno())
            size, written, self._written = told.st_size, self._written, told.st_mtime_ns
            changed = size > at or self._written != written
            if size < at or (changed and not self._is_known(at)):
                at = self._file.seek(0)
                self._known = b""
                self._splitter.forget()
            if size == at:
                return b""
            data = self._file.read(CHUNK_BYTES)
        except OSError as error:
            self._backoff.failed(error.strerror)
            return b""
        self._known = (self._known + data)[-KNOWN_BYTES:]
        return data

    def _is_known(self, at: int) -> bool:
        if self._file is None or not self._known:
            return True
        self._file.seek(at - len(self._known))
        same = self._file.read(len(self._known)) == self._known
        self._file.seek(at)
        return same

    def _is_over(self) -> bool:
        """Return whether another file has this one's name, and holds something."""
        now = time.monotonic()
        try:
            there = self._path.stat()
        except OSError as error:
            return self._note_gone(error, now)
        if self._file is None:
            return True
        mine = os.fstat(self._file.fileno())
        if (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino):
            self._old_since = None
            self._back()
            return False
        if self._old_since is None:
            self._old_since = now
        return there.st_size > 0 or now - self._old_since > HOLD_S

    def _note_gone(self, error: OSError, now: float) -> bool:
        if self._gone_since is None:
            self._gone_since = now
        gone_s = now - self._gone_since
        if gone_s > GONE_S and not self._backoff.is_waiting:
            self._backoff.failed(error.strerror)
        return self._file is not None and gone_s > HOLD_S

    def _back(self) -> None:
        self._gone_since = None
        self._backoff.connected()

    def _take_next(self) -> None:
        """Close this file, and open the one that has its name now, if one has."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._known = b""
        self._old_since = None
        try:
            self._file = open_file(self._path)
        except InputFileError as error:
            if not self._backoff.is_waiting and self._path.exists():
                self._backoff.failed(error)
            return
        self._back()
