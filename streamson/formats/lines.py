"""Lines of a file, of which none is endless."""

from collections.abc import Callable
from typing import Generic, Self, TypeVar

from streamson.errors import InputFileError
from streamson.formats.row_source import MAX_ROW_CHARS

_Text = TypeVar("_Text", str, bytes)


class Lines(Generic[_Text]):
    """The lines of a file, of which a row may take only so many characters.

    Parameters
    ----------
    source, read
        The file's name, and how to read a line of so many characters at most.

    Attributes
    ----------
    number
        Of the line, from 1.
    """

    def __init__(self, source: str, read: Callable[[int], _Text]) -> None:
        self.number = 0
        self._source = source
        self._read: Callable[[int], _Text] = read
        self._chars = 0

    def begin_row(self) -> None:
        """Begin to count anew."""
        self._chars = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Text:
        line = self._read(MAX_ROW_CHARS + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._chars += len(line)
        if self._chars > MAX_ROW_CHARS:
            raise InputFileError(
                f"{self._source}, line {self.number}: the row has more than {MAX_ROW_CHARS} "
                "characters, the limit; is it a table of text?"
            )
        return line
