"""Numbers by a regular expression that somebody gave, within bounds of time."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from streamson.errors import UsageError
from streamson.formats.quantity import Quantity, parse_quantity
from streamson.formats.table import is_time_name
from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS
from streamson.producers.base.sample import label_text, parse_time
from streamson.producers.text.parsed_line import ParsedLine
from streamson.producers.text.times import TimeFinder

MAX_PATTERN_CHARS: Final = 4_096

TIMEOUT_S: Final = 0.1
"""For one line. A pattern such as ``(a|aa)+$`` takes ages for 40 characters: its length is no
bound. Python's re can't be stopped by a clock on all systems, so the patterns are those of the
package regex, which means the same; with its clock a line takes 1.7 µs where re takes 0.3."""

OnTimeout = Callable[[], None]


class BoundedPattern:
    """A regular expression that gives up on a line after `TIMEOUT_S`.

    Parameters
    ----------
    pattern
        As Python writes it.
    option
        By which it was given, for messages.
    on_timeout
        Is called where a line is given up.

    Raises
    ------
    UsageError
        If it is no regular expression.
    """

    def __init__(self, pattern: str, option: str, on_timeout: OnTimeout = lambda: None) -> None:
        import regex  # type: ignore[import-untyped]

        if len(pattern) > MAX_PATTERN_CHARS:
            raise UsageError(
                f"{option}: found {len(pattern)} characters; up to {MAX_PATTERN_CHARS} are allowed"
            )
        try:
            self._pattern = regex.compile(pattern)
        except (regex.error, RecursionError, OverflowError, ValueError) as error:
            raise UsageError(
                f"{option}: found {pattern!r}; a regular expression is allowed: {error}"
            ) from None
        self._on_timeout = on_timeout
        self.names: tuple[str, ...] = tuple(self._pattern.groupindex)

    def search(self, line: str) -> Any:
        """Return the first match of a line; None without one, or where it took too long."""
        try:
            return self._pattern.search(line, timeout=TIMEOUT_S)
        except TimeoutError:
            self._on_timeout()
            return None


class PatternParser:
    """Finds what the named groups of a pattern match: numbers are fields, and all are labels.

    Parameters
    ----------
    pattern
        The pattern.

    Raises
    ------
    UsageError
        If it has no named groups.

    Examples
    --------
    >>> pattern = BoundedPattern(r"took (?P<ms>[0-9]+) ms", "--pattern")
    >>> dict(PatternParser(pattern).parse("GET /x took 53 ms")[0].fields)
    {'ms': 53.0}
    """

    def __init__(self, pattern: BoundedPattern) -> None:
        if not pattern.names:
            raise UsageError(
                "--pattern: found no named group; what becomes a field needs a name: "
                r"'took (?P<ms>\d+) ms'"
            )
        self._pattern = pattern
        self._times = TimeFinder()
        self._units: dict[str, str] = {}

    def parse(self, line: str) -> Sequence[ParsedLine]:
        """Return what the groups match in a line, without fields if no number; else nothing."""
        match = self._pattern.search(line)
        if match is None:
            return ()
        fields: dict[str, float | None] = {}
        labels: dict[str, str] = {}
        when = None
        for name, text in match.groupdict().items():
            if text is None:
                continue
            word = text.strip()
            if is_time_name(name) and (moment := self._time(word)) is not None:
                when = moment
                continue
            quantity = _quantity(word)
            if quantity is not None and len(fields) < MAX_FIELDS:
                unit = self._units.setdefault(name, quantity.unit)  # as many as there are groups
                value = quantity.in_unit(unit)
                fields[name[:MAX_FIELD_CHARS]] = value if math.isfinite(value) else None
            labels[name] = label_text(word)
        if when is None and (found := self._times.find(line)) is not None:
            when = found.seconds
        return (ParsedLine(fields, "", when, labels),)

    def _time(self, word: str) -> float | None:
        found = self._times.find(word)
        return parse_time(word) if found is None or found.start else found.seconds


def _quantity(word: str) -> Quantity | None:
    quantity = parse_quantity(word)
    if quantity is None and word.count(",") == 1:
        quantity = parse_quantity(word.replace(",", "."))
    return quantity
