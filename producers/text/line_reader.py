"""Numbers in lines of text, whatever they are: the guess where nobody says how they are written."""

import math
import re
import time
from collections.abc import Callable, Sequence
from typing import Final

from streamson.formats.quantity import Quantity, parse_quantity
from streamson.formats.table import is_time_name
from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS, MAX_STREAM_CHARS
from streamson.producers.base.sample import (
    SINCE_2001_S,
    identifiers_last,
    parse_time,
)
from streamson.producers.text import access_log, ping, tcpdump
from streamson.producers.text.column_table import SEPARATORS, ColumnTable
from streamson.producers.text.json_numbers import json_quantities
from streamson.producers.text.named_numbers import (
    labels_amid,
    labels_of,
    pairs_of,
    with_decimal_points,
    without_surroundings,
    words_of_pairs,
)
from streamson.producers.text.parsed_line import A_TIME, BELONGING, ParsedLine
from streamson.producers.text.printed_point import parse_printed_point
from streamson.producers.text.syslog_line import parse_syslog_head, with_head
from streamson.producers.text.times import TimeFinder

MAX_UNITS: Final = 4_096
"""Fields whose unit is remembered."""

_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])|[\0\ufeff]")
"""Colours and the like, a byte order mark, and what stands for a time here."""

_LEVEL: Final = re.compile(r"(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]{0,100}:")
"""As Python's logging begins lines."""

_REMARK: Final = re.compile(
    r"top - |(?:Tasks|Threads): +[0-9]+ total,|%Cpu|[KMGT]iB (?:Mem|Swap) *:"
    r"|listening on \S+, link-type|[0-9]+ packets? (?:captured|received by|dropped by)"
)
"""What top writes above its table, and tcpdump of itself: not what is measured."""

_TOPIC: Final = re.compile(r"([^\s=,;{]++)(?:\s+|=)(\S.*)")


_PAIR: Final = re.compile(r"[^\s=,;]+=[^\s=]")


class LineReader:
    """Finds the numbers of lines.

    A line is an object in JSON, whose nested numbers are named by their path; pairs such as
    ``T=21.5C``; labels such as ``humidity: 40 %``; or columns, named by a line of words above them.
    The unit of a number is left out; where a field changes it, as from kB to MB, numbers are
    turned into the first one. A line that begins with a topic, a name with a slash, such as those
    of MQTT, belongs to that stream. Lines of some programs are known, and so are timestamps.

    Parameters
    ----------
    columns
        Names or numbers, from 1, of the columns wanted; None for all. With them no line is known.
    on_remark
        Is told, once, which wanted column a line does not have, and those it has.
    names
        Of the columns, until a line names them.
    is_prose
        Whether lines are messages, whose words are no names of columns.
    now
        Returns the seconds since 1970.
    """

    def __init__(
        self,
        columns: list[str] | None = None,
        on_remark: Callable[[str], None] = lambda _: None,
        *,
        names: Sequence[str] = (),
        is_prose: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._wanted = None if columns is None else [name.strip() for name in columns]
        self._by_number = columns is not None and all(map(str.isdecimal, self._wanted or ()))
        self._on_remark = on_remark
        self._told = False
        self._times = TimeFinder(now)
        self._table = ColumnTable(guess_programs=columns is None)
        self._table.set_names(names)
        self._is_prose = is_prose
        self._ping = ping.PingParser()
        self._units: dict[tuple[str, str], str] = {}

    def parse(self, line: str) -> Sequence[ParsedLine]:
        """Return what a line says; nothing if it holds no numbers. Words name what follows."""
        return self._parse(line, is_prose=self._is_prose)

    def _parse(self, line: str, *, is_prose: bool) -> Sequence[ParsedLine]:
        if "\x1b" in line or "\0" in line or "\ufeff" in line:
            line = _ESCAPES.sub("", line)
        line = line.strip()
        if not line:
            return ()
        known = parse_printed_point(line)
        if known is None and self._wanted is None:
            known = BELONGING if _REMARK.match(line) else self._ping.parse_known(line)
        if known is not None:
            return (self._chosen(known),)
        topic = ""
        if "/" in line and (named := _TOPIC.fullmatch(line)) and _is_topic(named[1]):
            value = parse_quantity(named[2])
            if value is not None:
                return self._read(ParsedLine({}, named[1]), {"value": value})
            if named[2].startswith("{"):
                topic, line = named[1], named[2]
            elif self._is_of_topic(named[1], named[2], line):
                return self._text(named[2], is_prose=True, topic=named[1])
        if line.startswith("{"):
            return self._json(line, topic)
        return self._text(line, is_prose=is_prose)

    def _is_of_topic(self, topic: str, rest: str, line: str) -> bool:
        """Return whether pairs or several numbers that follow a topic are what it says.

        Not where there are names of columns, one of which is that of the word, nor where they are
        chosen by number, nor of a date.
        """
        if self._by_number or self._table.names or topic[0].isdigit() or line[len(topic)] == "=":
            return False
        words = rest.split()
        return bool(_PAIR.match(rest)) or all(map(parse_quantity, words))

    def _text(self, line: str, *, is_prose: bool, topic: str = "") -> Sequence[ParsedLine]:
        """Return what a line of words and numbers says, without its topic."""
        found = self._times.find(line)
        when = None if found is None else found.seconds
        if found is not None and self._wanted is None:
            known = access_log.parse_known(line, when) or tcpdump.parse_known(line, found)
            if known is not None:
                return (known,)
        head = None if self._wanted is not None else parse_syslog_head(line, found)
        if head is not None:
            return with_head(self._parse(line[head.end :], is_prose=True), head, when)
        stamp = ""
        if found is not None:
            stamp = line[found.start : found.end]
            line = line[: found.start] + A_TIME + line[found.end :]
        said = ParsedLine({}, topic, when)
        if self._by_number and (parsed := self._by_columns(said, line, stamp)):
            return parsed
        pointed = with_decimal_points(line)
        if ":" in pointed:
            pointed = _LEVEL.sub("", pointed, count=1) if _LEVEL.match(pointed) else pointed
        if "=" in line and (pairs := pairs_of(pointed)):
            labels = words_of_pairs(pointed, pairs)
            return self._read(said._replace(labels=labels), identifiers_last(pairs))
        if ":" in line:
            labelled = labels_of(without_surroundings(pointed)) or labels_amid(pointed)
            if labelled:
                return self._read(said, labelled)
        # Only tables of a program have a time of day before their names; with a date it is a log.
        names = not is_prose and (found is None or found.kind == "clock")
        return self._columns(said, line, pointed, stamp, may_be_names=names)

    def _json(self, line: str, topic: str) -> Sequence[ParsedLine]:
        found, labels, when = json_quantities(line)
        return self._read(ParsedLine({}, topic, when, labels), identifiers_last(found))

    def _columns(
        self, said: ParsedLine, line: str, pointed: str, stamp: str, *, may_be_names: bool
    ) -> Sequence[ParsedLine]:
        named = self._table.parse(line, pointed, stamp.split(), may_be_names=may_be_names)
        if named is None:
            return ()
        if not named.fields:
            return (ParsedLine({}, program=named.program, event=named.event),)
        if named.program:
            said = said._replace(program=named.program)
        return self._read(
            said._replace(
                row=named.row if self._wanted is None else "", under_names=named.under_names
            ),
            named.fields,
        )

    def _by_columns(self, said: ParsedLine, line: str, stamp: str) -> Sequence[ParsedLine]:
        """Return what the columns of some numbers hold, counted among all words of a line."""
        words: list[str] = []
        for word in SEPARATORS.split(with_decimal_points(line)):
            if word == A_TIME:
                words += stamp.split()
            elif word:
                words.append(word)
        wanted = [int(one) for one in self._wanted or ()]
        names = self._table.names_of(len(words)) or [f"c{n}" for n in range(1, len(words) + 1)]
        found = {
            names[number - 1]: quantity
            for number in wanted
            if 0 < number <= len(words)
            and (quantity := parse_quantity(words[number - 1])) is not None
        }
        if len(found) < len(wanted) or set(self._wanted or ()) & set(names):
            return ()
        return self._read(said, found, choose=False)

    def _read(
        self, said: ParsedLine, found: dict[str, Quantity], *, choose: bool = True
    ) -> Sequence[ParsedLine]:
        """Return the numbers that are wanted, each in the unit of its field."""
        if not found:
            return ()
        numbers: dict[str, float] = {}
        topic, units = said.topic, self._units
        for name, quantity in found.items():
            if name.isprintable():
                short, (value, unit) = name[:MAX_FIELD_CHARS], quantity
                first = units.get((topic, short))
                if first is None:
                    first = unit
                    if len(units) < MAX_UNITS:
                        units[topic, short] = unit
                if unit and unit != first:
                    value = quantity.in_unit(first)
                if abs(value) < math.inf:
                    numbers[short] = value
        when = said.time
        if self._wanted is None:
            # A time that is written beside what was measured is no melody.
            times = {n: x for n, x in numbers.items() if x >= SINCE_2001_S and is_time_name(n)}
            if times and len(times) < len(numbers):
                when = parse_time(next(iter(times.values()))) if when is None else when
                numbers = {name: x for name, x in numbers.items() if name not in times}
        if choose:
            numbers = self._select(numbers)
        if len(numbers) > MAX_FIELDS:
            numbers = dict(list(numbers.items())[:MAX_FIELDS])
        return (said._replace(fields=numbers, time=when),) if numbers else ()

    def _chosen(self, known: ParsedLine) -> ParsedLine:
        if self._wanted is None or not known.fields:
            return known
        numbers = {name: x for name, x in known.fields.items() if x is not None}
        return known._replace(fields=self._select(numbers))

    def _select(self, numbers: dict[str, float]) -> dict[str, float]:
        if self._wanted is None or not numbers:
            return numbers
        names = list(numbers)
        chosen: dict[str, float] = {}
        for wanted in self._wanted:
            name = wanted
            if name.isdecimal() and name not in numbers:
                name = self._name_of(int(name), names)
            if name in numbers:
                chosen[name] = numbers[name]
            elif not self._told:
                self._told = True
                self._on_remark(f"no column {name!r} in a line; it has {', '.join(names)}")
        return chosen

    def _name_of(self, number: int, names: list[str]) -> str:
        """Return what the column of a number, from 1, is called: among all words of a line."""
        if f"c{number}" in names:
            return f"c{number}"
        every = self._table.names if set(names) <= set(self._table.names) else names
        return every[number - 1] if 0 < number <= len(every) else str(number)


def _is_topic(text: str) -> bool:
    return "/" in text and len(text) <= MAX_STREAM_CHARS and text.isprintable()
