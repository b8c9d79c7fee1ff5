"""The tail producer: numbers from standard input, line by line."""

import math
import re
import sys
from collections.abc import Iterator
from typing import BinaryIO, Final

import click

from streamson.cli import run
from streamson.producers import options
from streamson.producers.publishing import Sample, publish
from streamson.wire.limits import MAX_FIELD_CHARS, MAX_FIELDS

MAX_LINE_BYTES: Final = 65_536
"""A longer line is left out."""

_SEPARATORS: Final = re.compile(r"[\s,;]+")
_PAIR: Final = re.compile(r"([^\s,;=]+)=([^\s,;]+)")


@click.command()
@options.stream("stdin")
@click.option(
    "--columns",
    metavar="A,B",
    help="Which columns, by name or number from 1, the pitch first.  [default: all]",
)
@options.endpoint
def command(*, stream: str, columns: str | None, endpoint: str) -> int:
    """Publish the numbers of each line of standard input.

    Lines are columns, named by a line of words above them, or pairs such as cpu=3.5:

    \b
    vmstat 1 | streamson produce tail
    vmstat 1 | streamson produce tail --columns us,free
    """  # noqa: D301
    if sys.stdin.isatty():
        click.echo("tail: type numbers, a line each; Ctrl-D ends", err=True)
    reader = LineReader(columns.split(",") if columns else None)
    samples = (Sample(stream, fields) for fields in reader.read(sys.stdin.buffer))
    code = publish("tail", samples, endpoint=endpoint, keep=False)
    if reader.skipped:
        click.echo(f"tail: {reader.skipped} lines without numbers were left out", err=True)
    return code


class LineReader:
    """Read lines of numbers.

    Parameters
    ----------
    columns
        Names or numbers, from 1, of the columns wanted; None for all.

    Attributes
    ----------
    skipped
        Lines that held no number, or were too long.
    """

    def __init__(self, columns: list[str] | None = None) -> None:
        self.skipped = 0
        self._wanted = columns
        self._names: list[str] = []

    def read(self, file: BinaryIO) -> Iterator[dict[str, float | None]]:
        """Yield the fields of each line that has numbers, as soon as it comes."""
        while line := file.readline(MAX_LINE_BYTES):
            if not line.endswith(b"\n") and len(line) == MAX_LINE_BYTES:
                _skip_line(file)
                self.skipped += 1
                continue
            fields = self.fields(line.decode(errors="replace").strip())
            if fields:
                yield fields
            elif line.strip():
                self.skipped += 1

    def fields(self, line: str) -> dict[str, float | None]:
        """Return the numbers of a line by field; empty if it has none. Words name what follows."""
        pairs = {name: _number(text) for name, text in _PAIR.findall(line)}
        found = pairs or self._columns([word for word in _SEPARATORS.split(line) if word])
        numbers = {name[:MAX_FIELD_CHARS]: x for name, x in found.items() if x is not None}
        return dict(list(self._select(numbers).items())[:MAX_FIELDS])

    def _columns(self, words: list[str]) -> dict[str, float | None]:
        numbers = [_number(word) for word in words]
        if not any(number is not None for number in numbers):
            self._names = words
            return {}
        names = (
            self._names
            if len(self._names) == len(words)
            else [f"c{i + 1}" for i in range(len(words))]
        )
        return dict(zip(names, numbers, strict=True))

    def _select(self, numbers: dict[str, float]) -> dict[str, float | None]:
        if self._wanted is None:
            return dict(numbers)
        names = list(numbers)
        chosen: dict[str, float | None] = {}
        for wanted in self._wanted:
            name = wanted.strip()
            if name.isdecimal() and 0 < int(name) <= len(names):
                name = names[int(name) - 1]
            if name in numbers:
                chosen[name] = numbers[name]
        return chosen


def _number(word: str) -> float | None:
    try:
        value = float(word.removesuffix("%"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


if __name__ == "__main__":
    run(command)
