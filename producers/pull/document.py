"""Numbers in a text from outside: JSON, or lines as people and programs write them."""

from collections.abc import Iterator
from typing import Final

from streamson.errors import MessageError
from streamson.producers.base.sample import Sample, decode_json, parse_number, samples_of
from streamson.producers.text.line_reader import LineReader

MAX_LINES: Final = 10_000
"""Of a text; the last ones, as what is new is written last."""

TOPIC: Final = "topic"
"""The label of what a line begins with: ``home/hall 21.5``."""

ROW: Final = "row"
"""The label of what a row of a program's table is of: a device, a host."""


class DocumentReader:
    """Reads texts, one after the other, of the same source."""

    def __init__(self) -> None:
        self._lines = LineReader()

    def read(self, text: str) -> Iterator[Sample]:
        r"""Yield what a text says; nothing where it holds no number.

        JSON is read as such. Of lines the last one counts, as in a table; what others say by other
        names is put beside it.

        >>> list(DocumentReader().read("users=3\nload=1.5"))
        [Sample(fields={'users': 3.0, 'load': 1.5}, labels={}, time=None)]
        """
        try:
            document = decode_json(text)
        except MessageError:
            number = parse_number(text)
            if number is None:
                yield from self._read_lines(text)
            else:
                yield Sample({"value": number}, {})
        else:
            yield from samples_of(document)

    def _read_lines(self, text: str) -> Iterator[Sample]:
        found: dict[tuple[str, str], Sample] = {}
        for line in _first_and_last(text.strip().splitlines()):
            for parsed in self._lines.parse(line):
                key = parsed.topic, parsed.row
                before = found[key].fields if key in found else {}
                numbers = {name: x for name, x in parsed.fields.items() if x is not None}
                labels = {**parsed.labels, TOPIC: parsed.topic, ROW: parsed.row}
                found[key] = Sample({**before, **numbers}, labels, parsed.time)
        for sample in found.values():
            if sample.fields:
                words = {label: word for label, word in sample.labels.items() if word}
                yield sample._replace(labels=words)


def _first_and_last(lines: list[str]) -> list[str]:
    """Return as many lines as are read: the first, which may name the columns, and the last."""
    return lines if len(lines) <= MAX_LINES else [lines[0], *lines[1 - MAX_LINES :]]
