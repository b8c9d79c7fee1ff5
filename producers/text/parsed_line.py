"""What a line of text says."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

A_TIME: Final = "\0"
"""Stands in a line where its timestamp was: a word without a number."""

NO_LABELS: Final[Mapping[str, str]] = {}


class ParsedLine(NamedTuple):
    """What a line says: numbers, and what names them.

    Attributes
    ----------
    fields
        Numbers by name; None is a missing one. Empty for what only belongs to an output, such as
        the lines above a table.
    topic
        The stream that the line says it belongs to; empty if it says none.
    time
        Its timestamp, in seconds since 1970; None without one.
    labels
        Words by name.
    program
        Which program wrote it, where that can be told.
    row
        Which of the things that the program tells about it is of: a device, a host.
    event
        What it is one of, where it is to be counted: ``events``.
    under_names
        Whether a line above it named its columns.
    """

    fields: Mapping[str, float | None]
    topic: str = ""
    time: float | None = None
    labels: Mapping[str, str] = NO_LABELS
    program: str = ""
    row: str = ""
    event: str = ""
    under_names: bool = False


BELONGING: Final = ParsedLine({})
"""A line that holds no numbers and is not missed."""


class LineParser(Protocol):
    """What finds the numbers of lines."""

    def parse(self, line: str) -> Sequence[ParsedLine]:
        """Return what a line says; nothing if it holds no numbers that this one knows of."""
