"""Readings of lines: points of what they say, events, and how many there are a second."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from streamson._printable import counted, printable
from streamson.producers.base.reading import Reading
from streamson.producers.base.sample import choose_fields
from streamson.producers.base.stream_limit import StreamLimit
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.text.event_counts import RATE, EventCounter, NamedPattern
from streamson.producers.text.line_sources import SourceLine
from streamson.producers.text.parsed_line import LineParser, ParsedLine
from streamson.producers.text.pattern import BoundedPattern
from streamson.producers.text.stream_names import StreamNames

WORDLESS: Final = "without wanted numbers"
LINES: Final = "lines"
"""What lines without numbers are called that are counted."""

FEW_LINES: Final = 4
"""So many lines without numbers in a row are counted from then on. Fewer may be the names of
columns, which often are two lines, or three with an empty one."""

MAX_SOURCES: Final = 1_024
"""Of which is remembered what their columns are; those that came first are forgotten first."""

MAX_STREAMS: Final = 4_096
HINT_LINES: Final = 100
HINT_S: Final = 3.0
"""After so many lines, or so long after the first one, of which a pattern matched none, that is
told."""

NUMBERLESS: Final = "in which --pattern matches no number"
MAX_SHOWN_CHARS: Final = 80

Misses = Literal["count", "names", "tell", "hush"]
"""What becomes of lines without numbers. Where nobody said how lines are written, they may be names
of columns, and are counted where several follow each other; with chosen columns they may be names.
Otherwise they are told, or, with a pattern that says which lines are wanted, they are not.
"""

_log = logging.getLogger(__name__)


class LineSettings(NamedTuple):
    """What somebody wants of lines.

    Attributes
    ----------
    parser
        Makes what finds the numbers of a source's lines; None if none are wanted.
    event
        Which lines are a point each; None for none.
    counts
        What is counted.
    misses
        What becomes of lines without numbers.
    template
        For the streams' names; None for the default.
    fields
        Shell patterns of those wanted; empty for all.
    """

    parser: Callable[[], LineParser] | None
    event: BoundedPattern | None
    counts: Sequence[NamedPattern]
    misses: Misses
    template: StreamTemplate | None
    fields: Sequence[str]


class _Source:
    """What is remembered of a source."""

    def __init__(self, parser: LineParser | None, names: StreamNames) -> None:
        self.parser = parser
        self.names = names
        self.unread: list[str] = []
        """Lines without numbers, as long as they may be names of columns."""
        self.counts_lines = False
        self.counts: dict[str, str] = {}
        """The streams of what is counted, by name."""


class LineReadings:
    """Turns lines into readings.

    Parameters
    ----------
    settings
        What is wanted.
    counter
        Counts events.
    unusable
        Counts what is left out.
    """

    def __init__(self, settings: LineSettings, counter: EventCounter, unusable: Unusable) -> None:
        self._settings = settings
        self._counter = counter
        self._unusable = unusable
        self._sources: dict[str, _Source] = {}
        self._streams = StreamLimit(MAX_STREAMS)
        self._missed = 0
        self._missed_at = 0.0
        self._first_missed = ""
        self._matched = False
        self._hinted = False
        alone = settings.parser is None and settings.event is None
        self._is_one_count = alone and len(settings.counts) == 1

    def begin(self, source: str) -> None:
        """Count what is to be counted of a source, none so far."""
        self._source(source)

    def prime(self, line: SourceLine) -> None:
        """Take in a line that was there before: it may name the columns."""
        parser = self._source(line.source).parser
        if parser is not None:
            parser.parse(line.text)

    def read(self, lines: Iterator[SourceLine | None]) -> Iterator[Reading]:
        """Yield readings as lines come; None among them says that time passes."""
        self._counter.start()
        for line in lines:
            if line is not None:
                yield from self._line(line)
            elif self._missed and time.monotonic() > self._missed_at + HINT_S:
                self._hint()
            for stream, rate in self._counter.due():
                yield Reading(stream, {RATE: rate})
        for stream, rate in self._counter.rest():
            yield Reading(stream, {RATE: rate})

    def tell(self) -> None:
        """Log what was left out; for the end."""
        for source in self._sources.values():
            self._leave_out(source)
        self._unusable.tell()
        if self._missed:
            _log.info("%s did not match", counted(self._missed, "line"))

    def _source(self, name: str) -> _Source:
        source = self._sources.get(name)
        if source is None:
            if len(self._sources) >= MAX_SOURCES:
                self._sources.pop(next(iter(self._sources)))
            parser = self._settings.parser
            source = self._sources[name] = _Source(
                None if parser is None else parser(),
                StreamNames(name, self._settings.template, one_count=self._is_one_count),
            )
            for count in self._settings.counts:
                source.counts[count.name] = source.names.of_count(count.name)
                self._counter.watch(source.counts[count.name])
        return source

    def _line(self, line: SourceLine) -> Iterator[Reading]:
        source = self._source(line.source)
        for count in self._settings.counts:
            if count.pattern.search(line.text) is not None:
                self._counter.add(source.counts[count.name])
        if self._settings.event is not None:
            yield from self._event(line, source, self._settings.event)
        if source.parser is not None:
            yield from self._numbers(line, source, source.parser)

    def _event(
        self, line: SourceLine, source: _Source, pattern: BoundedPattern
    ) -> Iterator[Reading]:
        match = pattern.search(line.text)
        if match is not None:
            groups = {name: word for name, word in match.groupdict().items() if word}
            said = ParsedLine({"value": 1.0}, labels=groups)
            yield from self._reading(line, source, said, said.fields)

    def _numbers(self, line: SourceLine, source: _Source, parser: LineParser) -> Iterator[Reading]:
        parsed = parser.parse(line.text)
        if parsed and parsed[0].program:
            source.names.program = parsed[0].program
        if parsed and not parsed[0].fields:
            if self._settings.misses == "hush":
                self._numberless(line)
            elif parsed[0].event and self._settings.misses == "count":
                self._count_line(source, parsed[0].event)
        elif parsed:
            self._matched = True
            self._named(source, under_names=parsed[0].under_names)
            for said in parsed:
                yield from self._said(line, source, said)
        elif line.severity is not None and self._settings.misses == "count":
            yield from self._said(line, source, ParsedLine({}))
        elif line.text.strip():
            self._wordless(line, source)
        if source.counts_lines:
            self._count_line(source, LINES)

    def _said(self, line: SourceLine, source: _Source, said: ParsedLine) -> Iterator[Reading]:
        fields = said.fields
        if line.severity is not None:
            fields = {**fields, "severity": float(line.severity)}
        yield from self._reading(line, source, said, fields)

    def _reading(
        self,
        line: SourceLine,
        source: _Source,
        said: ParsedLine,
        fields: Mapping[str, float | None],
    ) -> Iterator[Reading]:
        if self._settings.fields:
            fields = choose_fields(fields, self._settings.fields)
            if not fields:
                self._unusable.add("without wanted fields", line.text)
                return
        stream = source.names.of_point(said, fields, line.labels)
        if self._streams.admits(stream):
            yield Reading(stream, fields, time=said.time if line.time is None else line.time)
        else:
            self._unusable.add(self._streams.reason, line.text)

    def _count_line(self, source: _Source, kind: str) -> None:
        stream = source.names.of_count(kind)
        self._counter.watch(stream)
        self._counter.add(stream)

    def _wordless(self, line: SourceLine, source: _Source) -> None:
        """Keep a line without numbers, or count such lines from now on."""
        misses = self._settings.misses
        if misses == "hush":
            self._miss(line.text)
        elif misses == "tell":
            self._unusable.add("of another format", line.text)
        elif not source.counts_lines:
            source.unread.append(line.text)
            if len(source.unread) >= FEW_LINES:
                if misses == "count":
                    self._count_lines(source)
                else:
                    self._leave_out(source)

    def _miss(self, text: str) -> None:
        """Count a line that a pattern does not match, and tell where it matched none so far."""
        self._missed += 1
        if self._missed == 1:
            self._missed_at = time.monotonic()
            self._first_missed = printable(text[:MAX_SHOWN_CHARS])
        if self._missed == HINT_LINES:
            self._hint()

    def _hint(self) -> None:
        if not self._matched and not self._hinted:
            _log.info(
                "--pattern matches none of %s so far, such as: %s",
                counted(self._missed, "line"),
                self._first_missed,
            )
        self._hinted = True

    def _numberless(self, line: SourceLine) -> None:
        if not self._matched:
            self._matched = True
            _log.info(
                "--pattern matches, but none of its groups is a number: --event or --count "
                "NAME=REGEX counts lines"
            )
        self._unusable.add(NUMBERLESS, line.text)

    def _count_lines(self, source: _Source) -> None:
        """Count lines from now on; the one at hand as well, but later."""
        source.counts_lines = True
        stream = source.names.of_count(LINES)
        _log.info(
            "lines without numbers: from now on %s tells how many lines come a second; choose with "
            "--count, --event or --pattern",
            stream,
        )
        self._counter.watch(stream)
        self._counter.add(stream, len(source.unread) - 1)
        source.unread.clear()

    def _named(self, source: _Source, *, under_names: bool) -> None:
        """Take in that a line has numbers: the one before it may have named them."""
        if source.unread:
            if under_names:
                source.unread.pop()
            self._leave_out(source)

    def _leave_out(self, source: _Source) -> None:
        for text in source.unread:
            self._unusable.add(WORDLESS, text)
        source.unread.clear()
