"""Lines of bytes that come in pieces."""

from typing import Final

MAX_LINE_BYTES: Final = 65_536
"""A longer line is left out."""


class LineSplitter:
    r"""Parts bytes into lines, however they are cut.

    Attributes
    ----------
    too_long
        Lines left out.

    Examples
    --------
    >>> splitter = LineSplitter()
    >>> splitter.feed(b"a=1\nb="), splitter.feed(b"2\n"), splitter.end()
    (['a=1'], ['b=2'], [])
    """

    def __init__(self) -> None:
        self.too_long = 0
        self._rest = bytearray()
        self._skipping = False
        self._after_return = False

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that end within some bytes, without their ends.

        A line ends as well where a program goes back to its beginning, as for a progress bar.
        """
        if self._after_return and data.startswith(b"\n"):
            data, self._after_return = data[1:], False
        if not data:
            return []
        self._after_return = data.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, newline, after = data.partition(b"\n")
        if not newline:
            self._keep(first)
            return []
        self._keep(first)
        lines = self._take()
        *whole, rest = after.split(b"\n")
        for line in whole:
            if len(line) > MAX_LINE_BYTES:
                self.too_long += 1
            else:
                lines.append(line.decode(errors="replace"))
        self._keep(rest)
        return lines

    def end(self) -> list[str]:
        """Return the last line, which has no end; none if there is none, or it is too long."""
        return self._take() if self._rest else []

    def skip(self) -> None:
        """Leave out what comes up to the end of the line: its beginning was not seen."""
        self._skipping = True

    def forget(self) -> None:
        """Forget the beginning of a line that will not end."""
        self._rest, self._skipping, self._after_return = bytearray(), False, False

    def _keep(self, data: bytes) -> None:
        if self._skipping:
            return
        self._rest += data
        if len(self._rest) > MAX_LINE_BYTES:
            self.too_long += 1
            self._rest, self._skipping = bytearray(), True

    def _take(self) -> list[str]:
        line, self._rest = bytes(self._rest), bytearray()
        if self._skipping:
            self._skipping = False
            return []
        return [line.decode(errors="replace")]
