"""Where a message of syslog ends in a connection, by RFC 6587: counted octets, or line ends."""

import re
from collections.abc import Callable, Iterator
from typing import Final

MAX_MESSAGE_BYTES: Final = 16_384
"""A longer message is left out. RFC 5424 wants 2,048 at least; rsyslog sends up to 8,192."""

_COUNT: Final = re.compile(rb"([1-9]\d{0,6}) ")
_MAYBE_COUNT: Final = re.compile(rb"[1-9]\d{0,6}\Z")
_LINE_END: Final = re.compile(rb"[\n\0]")


class SyslogFraming:
    """Parts what comes through a connection into messages; each is framed in its own way.

    Parameters
    ----------
    on_too_long
        Is told of each message that is longer than `MAX_MESSAGE_BYTES`, which is left out.

    Examples
    --------
    >>> list(SyslogFraming(print).feed(b"7 <14>a: 1<14>b: 2"))
    [b'<14>a: ']
    """

    def __init__(self, on_too_long: Callable[[], None]) -> None:
        self._on_too_long = on_too_long
        self._buffer = bytearray()
        self._searched = 0
        self._skip = 0
        self._skip_line = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take what came, and yield the messages that are complete."""
        self._buffer += chunk
        while self._buffer:
            frame = self._next()
            if frame is None:
                return
            if frame:
                yield frame

    def close(self) -> bytes:
        """Return the last message, if its line did not end."""
        is_line = self._buffer.startswith(b"<") and not self._skip
        return bytes(self._buffer) if is_line else b""

    def _next(self) -> bytes | None:
        """Return the next message, empty for what is none, or None if more has to come."""
        if self._skip:
            skipped = min(self._skip, len(self._buffer))
            self._skip -= skipped
            self._take(skipped)
            return b""
        if not self._skip_line:
            if count := _COUNT.match(self._buffer):
                return self._counted(count)
            if _MAYBE_COUNT.match(self._buffer):
                return None
        return self._line()

    def _counted(self, count: re.Match[bytes]) -> bytes | None:
        size, start = int(count[1]), count.end()
        del count  # which holds the buffer
        if size > MAX_MESSAGE_BYTES:
            self._on_too_long()
            self._take(start)
            self._skip = size
            return b""
        if len(self._buffer) < start + size:
            return None
        return self._take(start + size)[start:]

    def _line(self) -> bytes | None:
        end = _LINE_END.search(self._buffer, self._searched)
        if end is None:
            self._searched = len(self._buffer)
            if self._searched > MAX_MESSAGE_BYTES:
                if not self._skip_line:
                    self._on_too_long()
                self._skip_line = True
            if self._skip_line:
                self._take(len(self._buffer))
            return None
        size = end.end()
        del end
        line, skipped = self._take(size), self._skip_line
        self._skip_line = False
        return b"" if skipped else line.strip(b"\r\n\0 ")

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._searched = 0
        return taken
