"""Lines of logfmt: ``level=info msg="it took long" duration=5ms``."""

import math
import re
from collections.abc import Sequence
from typing import Final

from streamson.formats.quantity import Quantity, parse_quantity
from streamson.formats.table import is_time_name
from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS
from streamson.producers.base.sample import MAX_LABELS, identifiers_last, label_text, parse_time
from streamson.producers.text.parsed_line import ParsedLine
from streamson.producers.text.times import TimeFinder

MAX_UNITS: Final = 4_096
"""Fields whose unit is remembered."""

_PAIR: Final = re.compile(r'(?<![^\s])([^\s="]{1,200})=(?:"((?:[^"\\]|\\.)*+)"|([^\s"]*))(?![^\s])')


class LogfmtParser:
    """Reads pairs of names and values, quoted where they hold blanks: numbers and labels."""

    def __init__(self) -> None:
        self._times = TimeFinder()
        self._units: dict[str, str] = {}

    def parse(self, line: str) -> Sequence[ParsedLine]:
        """Return the pairs of a line."""
        fields: dict[str, float | None] = {}
        labels: dict[str, str] = {}
        when = None
        for name, quoted, plain in _PAIR.findall(line):
            value = quoted or plain
            if when is None and is_time_name(name) and (moment := self._time(value)) is not None:
                when = moment
                continue
            quantity = parse_quantity(value)
            if quantity is not None and name.isprintable() and len(fields) < MAX_FIELDS:
                fields[name[:MAX_FIELD_CHARS]] = self._in_first_unit(name, quantity)
            elif value and len(labels) < MAX_LABELS:
                labels[name] = label_text(value)
        return (ParsedLine(identifiers_last(fields), "", when, labels),) if fields else ()

    def _time(self, value: str) -> float | None:
        found = self._times.find(value)
        return parse_time(value) if found is None or found.start else found.seconds

    def _in_first_unit(self, name: str, quantity: Quantity) -> float | None:
        if len(self._units) < MAX_UNITS:
            self._units.setdefault(name, quantity.unit)
        value = quantity.in_unit(self._units.get(name, quantity.unit))
        return value if math.isfinite(value) else None
