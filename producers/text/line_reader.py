"""Numbers in lines of text: JSON, pairs, columns, and topics with their values."""

import math
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, NamedTuple

import msgspec

from streamson.formats.nested import leaves
from streamson.formats.quantity import QUANTITY, Quantity, parse_quantity
from streamson.formats.table import is_time_name
from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS, MAX_STREAM_CHARS

MAX_LINE_BYTES: Final = 65_536
"""A longer line is left out."""

SINCE_1970_S: Final = 1e9
"""A field that is called a time is one from there on, of 2001; less is how long something took."""

MAX_UNITS: Final = 4_096
"""Fields whose unit is remembered."""

_STAMP: Final = re.compile(r"^\[?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]{5,15}\S{0,6}\s+")
_DECIMAL_COMMA: Final = re.compile(r"(?<![0-9,.])([-+]?[0-9]+),([0-9]+)(?![0-9.]|,[0-9])")
_SEPARATORS: Final = re.compile(r"[\s,;]+")
_PAIR: Final = re.compile(
    r"(?<![^\s,;=])([^\s,;=]++)=\s*([^\s,;]+(?:\s[A-Za-zµ°%/]+(?=[\s,;]|$))?)"
)
_LABELLED: Final = re.compile(rf"([A-Za-z_][\w .()/-]{{0,63}}?)\s*:\s+{QUANTITY}[\s,;.]*")
_TOPIC: Final = re.compile(r"([^\s=,;{]++)(?:\s+|=)(\S.*)")


class ParsedLine(NamedTuple):
    """The numbers of a line.

    Attributes
    ----------
    stream
        The topic that the line begins with; empty without one.
    fields
        Numbers by name.
    """

    stream: str
    fields: dict[str, float]


class LineReader:
    """Read lines of numbers.

    A line is an object in JSON, whose nested numbers are named by their path; pairs such as
    ``T=21.5C``; labels such as ``humidity: 40 %``; or columns, named by a line of words above them.
    The unit of a number is left out; where a field changes it, as from kB to MB, numbers are
    turned into the first one. A line that begins with a topic, a name
    with a slash, such as those of MQTT, belongs to that stream.

    Parameters
    ----------
    columns
        Names or numbers, from 1, of the columns wanted; None for all.
    on_remark
        Is told, once, which wanted column a line does not have, and those it has.

    Attributes
    ----------
    skipped
        Lines that held no number, or were too long.
    """

    def __init__(
        self, columns: list[str] | None = None, on_remark: Callable[[str], None] = lambda _: None
    ) -> None:
        self.skipped = 0
        self._wanted = columns
        self._on_remark = on_remark
        self._told = False
        self._names: list[str] = []
        self._units: dict[tuple[str, str], str] = {}

    def read(self, file: BinaryIO) -> Iterator[ParsedLine]:
        """Yield each line that has numbers, as soon as it comes."""
        first = True
        while line := file.readline(MAX_LINE_BYTES):
            if not line.endswith(b"\n") and len(line) == MAX_LINE_BYTES:
                _skip_line(file)
                self.skipped += 1
                continue
            text = line.decode(errors="replace").strip()
            parsed = self.parse(text)
            if parsed.fields:
                yield parsed
            elif text and not first:  # which may be names
                self.skipped += 1
            first = False

    def parse(self, line: str) -> ParsedLine:
        """Return the numbers of a line; no fields if it has none. Words name what follows."""
        topic = ""
        if (named := _TOPIC.fullmatch(line)) and _is_topic(named[1]):
            value = parse_quantity(named[2])
            if value is not None:
                return self._read(named[1], {"value": value})
            if named[2].startswith("{"):
                topic, line = named[1], named[2]
        found = _json(line)
        if not found:
            line = _with_points(line)
            found = _pairs(line) or _labels(_STAMP.sub("", line)) or self._columns(line)
        return self._read(topic, found)

    def _read(self, topic: str, found: dict[str, Quantity]) -> ParsedLine:
        """Return the numbers that are wanted, each in the unit of its field."""
        numbers = {}
        for name, quantity in found.items():
            if name.isprintable():
                numbers[name[:MAX_FIELD_CHARS]] = quantity.in_unit(
                    self._unit(topic, name, quantity)
                )
        if self._wanted is None:
            # A time that is written beside what was measured is no melody.
            measured = {n: x for n, x in numbers.items() if x < SINCE_1970_S or not is_time_name(n)}
            numbers = measured or numbers
        return ParsedLine(topic, dict(list(self._select(numbers).items())[:MAX_FIELDS]))

    def _unit(self, topic: str, name: str, quantity: Quantity) -> str:
        if len(self._units) >= MAX_UNITS:
            return self._units.get((topic, name), quantity.unit)
        return self._units.setdefault((topic, name), quantity.unit)

    def _columns(self, line: str) -> dict[str, Quantity]:
        words = [word for word in _SEPARATORS.split(line) if word]
        numbers = [parse_quantity(word) for word in words]
        if not any(number is not None for number in numbers):
            self._names = words
            return {}
        names = (
            self._names
            if len(self._names) == len(words)
            else [f"c{i + 1}" for i in range(len(words))]
        )
        return {name: x for name, x in zip(names, numbers, strict=True) if x is not None}

    def _select(self, numbers: dict[str, float]) -> dict[str, float]:
        if self._wanted is None or not numbers:
            return numbers
        names = list(numbers)
        chosen: dict[str, float] = {}
        for wanted in self._wanted:
            name = wanted.strip()
            if name.isdecimal() and name not in numbers:
                name = self._by_number(int(name), names)
            if name in numbers:
                chosen[name] = numbers[name]
            elif not self._told:
                self._told = True
                self._on_remark(f"no column {name!r} in a line; it has {', '.join(names)}")
        return chosen

    def _by_number(self, number: int, names: list[str]) -> str:
        """Return what the column of a number, from 1, is called: among all words of a line."""
        if f"c{number}" in names:
            return f"c{number}"
        every = self._names if set(names) <= set(self._names) else names
        return every[number - 1] if 0 < number <= len(every) else str(number)


def _with_points(line: str) -> str:
    """Return a line whose decimal commas are points.

    A comma is decimal between digits where something else stands between the numbers; where
    several stand in one word they part columns.
    """
    words = re.split(r"[\s;=]+", line)
    if len(words) < 2 or any(word.strip(",").count(",") > 1 for word in words):
        return line
    return _DECIMAL_COMMA.sub(r"\1.\2", line)


def _json(line: str) -> dict[str, Quantity]:
    """Return the numbers of an object, by path; empty if the line is none."""
    if not line.startswith("{"):
        return {}
    try:
        found = msgspec.json.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return {}
    if not isinstance(found, dict):
        return {}
    quantities = ((path, _quantity(leaf)) for path, leaf in leaves(found))
    return {path: quantity for path, quantity in quantities if quantity is not None}


def _quantity(found: object) -> Quantity | None:
    if isinstance(found, str):
        return parse_quantity(found)
    if isinstance(found, bool) or not isinstance(found, int | float) or abs(found) == math.inf:
        return None
    return Quantity(float(found))


def _pairs(line: str) -> dict[str, Quantity]:
    found = {}
    for name, text in _PAIR.findall(line):
        quantity = parse_quantity(text) or parse_quantity(text.split()[0])
        if quantity is not None:
            found[name] = quantity
    return found


def _labels(line: str) -> dict[str, Quantity]:
    """Return what is labelled, if that is all there is in a line."""
    found: dict[str, Quantity] = {}
    at = 0
    while at < len(line):
        match = _LABELLED.match(line, at)
        if match is None or not math.isfinite(float(match[2])):
            return {}
        found[match[1]] = Quantity(float(match[2]), match[3] or "")
        at = match.end()
    return found


def _is_topic(text: str) -> bool:
    return "/" in text and len(text) <= MAX_STREAM_CHARS and text.isprintable()


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass
