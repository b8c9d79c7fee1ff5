"""What the streams of a source's lines are called."""

from collections.abc import Collection, Mapping
from typing import Final

from streamson.producers.base.first_fields import PartedStreams
from streamson.producers.base.stream_template import StreamTemplate, clean_name
from streamson.producers.text.parsed_line import ParsedLine

MAX_ROWS: Final = 64
"""Streams for the things that the rows of a source are about; a table with more of them, such as
one of processes, is one stream."""

STDIN: Final = "stdin"


class StreamNames:
    """Names the streams of a source: a file, a unit, standard input.

    Parameters
    ----------
    source
        What the source is called.
    template
        Of the names; None for ``{file}/{row}`` and ``{file}/{count}``.
    one_count
        Whether there is nothing but one count, which needs no name of its own.

    Attributes
    ----------
    program
        The one that writes the lines; empty where that is not known.
    """

    def __init__(self, source: str, template: StreamTemplate | None, *, one_count: bool) -> None:
        self.program = ""
        self._source = source
        self._template = template
        self._one_count = one_count
        self._rows: set[str] = set()
        self._parted = PartedStreams("--stream '{file}'")

    def of_point(self, said: ParsedLine, fields: Collection[str], labels: Mapping[str, str]) -> str:
        """Return the stream of what a line said.

        Parameters
        ----------
        said
            What it said.
        fields
            Those that are wanted, in their order.
        labels
            What the source told besides.
        """
        template = self._template
        if said.topic and (template is None or "topic" not in template.labels):
            return clean_name(said.topic)
        row = said.row
        if row and row not in self._rows:
            if len(self._rows) < MAX_ROWS:
                self._rows.add(row)
            else:
                row = ""
        if template is None:
            name = clean_name(f"{self._file}/{row}" if row else self._file)
            return self._parted.name(name, fields)
        known = {**labels, **said.labels, "file": self._file, "row": row, "topic": said.topic}
        return template.fill(known)

    def of_count(self, kind: str) -> str:
        """Return the stream that tells how many of a kind there are."""
        if self._template is None:
            return clean_name(f"{self._file}/{kind}")
        filled = self._template.fill({"file": self._file, "count": kind})
        is_known = "count" in self._template.labels or self._one_count
        return filled if is_known else clean_name(f"{filled}/{kind}")

    @property
    def _file(self) -> str:
        """What the source is called: standard input by the program that writes to it."""
        return self.program if self._source == STDIN and self.program else self._source
