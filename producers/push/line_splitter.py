"""Where lines of line protocol end: a text in quotes may hold ends of lines."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from streamson.producers.push.line_protocol import ends_in_text, is_line

MAX_LINE_BYTES: Final = 65_536
"""With the texts in it; a longer line is rejected."""

_SPACE: Final = b" \t\0"
"""What InfluxDB leaves out before a line."""


class LineSplitter:
    """Splits a body that comes in pieces into lines, in memory for one line.

    A text that does not end costs the line that it begins in, and no line after it.

    Parameters
    ----------
    reject
        Is told the number of a line, from 1, and why it is none.
    """

    def __init__(self, reject: Callable[[int, str], None]) -> None:
        self._reject = reject
        self._rest = b""
        self._number = 0
        self._skipping = False
        self._open: list[tuple[int, bytes]] = []
        self._open_bytes = 0

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the number and the content of each line that is complete; comments are left out."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if self._open or self._skipping or b'"' in line or len(line) >= MAX_LINE_BYTES:
                yield from self._take(line + b"\n")
                continue
            self._number += 1
            content = _content(line)
            if content:
                yield self._number, content
        if len(self._rest) > MAX_LINE_BYTES and not self._skipping:
            self._reject_long(self._number + 1)
            self._skipping = True
        if self._skipping:
            self._rest = b""

    def close(self) -> Iterator[tuple[int, bytes]]:
        """Yield what is left at the end, where the last line may lack its end."""
        if self._rest:
            yield from self._take(self._rest)
        while self._open:
            yield from self._judge(deque(self._begin_anew()))

    def _take(self, line: bytes) -> Iterator[tuple[int, bytes]]:
        self._number += 1
        if self._skipping:
            self._skipping = False
        elif len(line) > MAX_LINE_BYTES:
            self._reject_long(self._number)
        else:
            yield from self._judge(deque([(self._number, line)]))

    def _judge(self, waiting: deque[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """Yield of lines, and of the text that is open before them, what is complete."""
        while waiting:
            number, line = waiting.popleft()
            if not self._open:
                line = line.lstrip(_SPACE)
            is_open = not line.startswith(b"#") or bool(self._open)
            is_open = is_open and ends_in_text(line, began_in_text=bool(self._open))
            if not is_open and not self._open:
                if content := _content(line):
                    yield number, content
                continue
            self._open.append((number, line))
            self._open_bytes += len(line)
            if is_open and self._open_bytes <= MAX_LINE_BYTES:
                continue
            whole = b"".join(line for _, line in self._open).rstrip(b"\r\n")
            if is_open or not is_line(whole):
                waiting.extendleft(reversed(self._begin_anew()))
                continue
            yield self._open[0][0], whole
            self._open, self._open_bytes = [], 0

    def _begin_anew(self) -> list[tuple[int, bytes]]:
        """Reject the line in which a text is open; return those after it."""
        (number, _), *after = self._open
        self._reject(number, "a text in quotes does not end")
        self._open, self._open_bytes = [], 0
        return after

    def _reject_long(self, number: int) -> None:
        self._reject(number, f"more than {MAX_LINE_BYTES} bytes, which are allowed")


def _content(line: bytes) -> bytes:
    """Return a line without what is around it; nothing of a comment."""
    line = line.lstrip(_SPACE).rstrip(b"\r\n")
    return b"" if line.startswith(b"#") else line
