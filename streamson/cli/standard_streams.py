"""Standard streams that a command can rely on, whoever closed or filled them."""

import errno
import io
import os
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final

from streamson._printable import counted
from streamson.cli.ending import READER_GONE
from streamson.errors import StreamsonError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FULL_WAIT_S: Final = 0.2
"""How long a line for a person waits for room in a full pipe before it is dropped."""

ATOMIC_BYTES: Final = 512
"""POSIX's PIPE_BUF: where a pipe has room at all, so much of it is written without waiting."""


class ResultsError(StreamsonError):
    """Standard output can't be written."""


class ReaderGoneError(ResultsError):
    """Nobody reads standard output any more."""

    exit_code: ClassVar[int] = READER_GONE


class _Results(io.FileIO):
    """Standard output: where it fails the command does, once."""

    _failed = False

    def write(self, data: "ReadableBuffer", /) -> int:
        whole = rest = memoryview(data).cast("B")
        try:
            while rest and not self._failed:  # else it is what is left over, when Python exits
                written = super().write(rest)
                if written is None:  # a pipe that does not wait, and is full
                    select.select((), (self,), ())
                rest = rest[written or 0 :]
        except OSError as error:
            self._failed = True
            if error.errno in (errno.EPIPE, errno.EIO):  # its reader, or its terminal, has gone
                raise ReaderGoneError from None
            raise ResultsError(f"can't write to standard output: {error.strerror}") from None
        return whole.nbytes


class Messages(io.FileIO):
    """Standard error: where a message can't be told, that is no reason to fail.

    Attributes
    ----------
    waits
        Whether to wait as long as it takes while a pipe is full. Else what has no room is dropped,
        and how much is told as soon as there is room again.
    """

    waits = True
    _dropped = 0

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write, if that is possible; say that all was written."""
        whole = bytes(data)
        with suppress(OSError):  # closed terminal, broken pipe, full disk
            self._tell(whole)
        return len(whole)

    def _tell(self, whole: bytes) -> None:
        if not self.waits:
            if self._is_full():
                self._dropped += 1
                return
            if self._dropped:
                text = f"streamson: {counted(self._dropped, 'message')} dropped: nobody read them\n"
                self._dropped = 0
                whole = text.encode() + whole
        while whole:
            piece = whole if self.waits else whole[:ATOMIC_BYTES]
            if not self.waits and self._is_full():
                self._dropped += 1
                return
            whole = whole[super().write(piece) or 0 :]

    def _is_full(self) -> bool:
        if not hasattr(select, "poll"):
            return False
        room = select.poll()
        room.register(self.fileno(), select.POLLOUT)
        # Who has been late once is not waited for again.
        return not room.poll(0 if self._dropped else 1_000 * FULL_WAIT_S)


def secure() -> None:
    """Give this process all three standard streams, of which none raises anything unforeseen.

    A descriptor that was closed is opened as the null device: else the next file that is opened
    takes its place, and gets what libraries print.
    """
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(opened, True)
    os.close(opened)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = _text(_Results(1, "w", closefd=False), sys.stdout)
    sys.stderr = _text(Messages(2, "w", closefd=False), sys.stderr, errors="backslashreplace")


def never_wait() -> None:
    """Drop messages that nobody reads from now on: what goes on must not wait for a reader."""
    raw = getattr(sys.stderr, "buffer", None)
    if isinstance(raw, Messages):
        raw.waits = False


def settle() -> None:
    """Write what is left of the results; what fails does so now, not while Python exits."""
    with suppress(ResultsError):
        sys.stdout.flush()


def _text(raw: io.FileIO, before: Any, *, errors: str | None = None) -> io.TextIOWrapper:
    # Not by way of a BufferedWriter: one whose write is cut short by Ctrl-C writes the same again.
    return io.TextIOWrapper(
        raw,
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors=errors or getattr(before, "errors", None),
        line_buffering=True,
    )
