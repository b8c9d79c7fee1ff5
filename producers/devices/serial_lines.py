"""Lines out of the bytes of a serial port: the first may be half a line, and some are noise."""

from collections.abc import Iterator
from typing import Final

from streamson.producers.base.unusable import Unusable

MAX_LINE_BYTES: Final = 4_096
"""A longer line is left out: what never ends a line speaks at another speed, or no text."""

_LATIN_1: Final = b"\xb0\xb5"
"""The signs for degrees and micro, which many boards print as one byte."""


class SerialLines:
    """Parts bytes into lines, which end with CR, LF or both.

    Parameters
    ----------
    unusable
        Counts what is left out.
    is_amid_line
        Whether what comes first may be the rest of a line: it is left out.
    """

    def __init__(self, unusable: Unusable, *, is_amid_line: bool) -> None:
        self._unusable = unusable
        self._skips = is_amid_line
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Take what came, and yield the lines that are complete; none is empty."""
        *ended, rest = chunk.replace(b"\r", b"\n").split(b"\n")
        for part in ended:
            self._buffer += part
            line = self._take()
            if line:
                yield line
        self._buffer += rest
        if len(self._buffer) > MAX_LINE_BYTES:
            if not self._skips:
                self._unusable.add(f"of more than {MAX_LINE_BYTES} bytes", bytes(self._buffer[:80]))
            self._skips = True
            self._buffer.clear()

    def _take(self) -> str:
        line = bytes(self._buffer)
        self._buffer.clear()
        if self._skips:
            self._skips = False
            return ""
        if len(line) > MAX_LINE_BYTES:
            self._unusable.add(f"of more than {MAX_LINE_BYTES} bytes", line[:80])
            return ""
        try:
            return line.decode("latin-1" if _is_latin_1(line) else "utf-8").strip("\0 \t")
        except UnicodeDecodeError:
            self._unusable.add("that is no text (is --baud right?)", line)
            return ""


def _is_latin_1(line: bytes) -> bool:
    """Return whether a line is ASCII but for signs that boards print as one byte."""
    return not line.isascii() and line.translate(None, _LATIN_1).isascii()
