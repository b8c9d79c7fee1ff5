"""The lines that ``streamson produce NAME --dry-run`` prints, read back as they were."""

import math
from datetime import datetime
from typing import Final

from streamson.model.limits import MAX_FIELDS, MAX_STREAM_CHARS
from streamson.producers.text.parsed_line import ParsedLine

STAMP_CHARS: Final = 24
"""``2026-11-27T18:54:17.250Z``"""

LEVELS: Final = frozenset(
    [
        "TRACE",
        "DEBUG",
        "INFO",
        "NOTICE",
        "WARN",
        "WARNING",
        "ERROR",
        "CRITICAL",
        "FATAL",
        "PANIC",
        "ALERT",
        "EMERG",
    ]
)
"""What logs write after a time of the same form: no streams."""


def parse_printed_point(line: str) -> ParsedLine | None:
    """Return the point that `PointPrinter` wrote as a line; None if it is no such line.

    >>> parse_printed_point("1970-01-01T00:01:00.500Z web1/cpu percent=97.5").topic
    'web1/cpu'
    """
    # A few characters tell most lines apart.
    if line[4:5] != "-" or line[STAMP_CHARS - 1 : STAMP_CHARS + 1] != "Z ":
        return None
    stamp, stream, *pairs = line.split(" ")
    if not pairs or len(pairs) > MAX_FIELDS or len(stream) > MAX_STREAM_CHARS:
        return None
    if len(stamp) != STAMP_CHARS or not stream or stream.upper() in LEVELS:
        return None
    fields: dict[str, float | None] = {}
    try:
        when = datetime.fromisoformat(stamp).timestamp()
        for pair in pairs:
            name, _, number = pair.rpartition("=")
            if not name:
                return None
            value = math.nan if number == "missing" else float(number)
            fields[name] = value if math.isfinite(value) else None
    except (ValueError, OverflowError):
        return None
    return ParsedLine(fields, stream, when)
