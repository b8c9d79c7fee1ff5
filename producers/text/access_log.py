"""Access logs of nginx, Apache and others: common and combined format, with what follows them.

The default streams are one for each class of status: 2xx, 3xx, 4xx, 5xx. So an error is heard as
another instrument; as a field it would be a pitch among others. Paths and addresses are labels for
those who ask for them: of a stream for each there would soon be thousands.
"""

import re
from collections.abc import Sequence
from typing import Final

from streamson.formats.quantity import parse_quantity
from streamson.producers.base.sample import label_text
from streamson.producers.text.parsed_line import ParsedLine
from streamson.producers.text.times import TimeFinder

METHODS: Final = frozenset(
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
)

_QUOTED: Final = r'"((?:[^"\\]|\\.)*+)"'
_ENTRY: Final = re.compile(
    r"(?:(?P<site>[\w.-]+:[0-9]+) )?(?P<host>\S+) \S+ [^\[\]\"]{1,200}? \[[^\]]{1,40}\] "
    rf"{_QUOTED} (?P<status>[1-9][0-9]{{2}}) (?P<bytes>[0-9]{{1,18}}|-)(?![^\s])(?P<rest>.*)",
    re.DOTALL,
)
_REQUEST: Final = 3
_AGENTS: Final = re.compile(rf"\s+{_QUOTED}(?:\s+{_QUOTED})?")
_NAMED_TIME: Final = re.compile(
    r"(?<![\w])(?:rt|request_time|req_time|duration|took|time|rtime|D|T)[=:]\"?([0-9.]{1,20}[mµu]?s?)"
)
_TIMED: Final = re.compile(r"\s+\"?([0-9]{1,15}(?:\.[0-9]{1,9})?)\"?(?=\s|$)")


class AccessLogParser:
    """Reads a log of requests.

    Attributes of a line are bytes, status, and ``request_time_s`` where the log has it: after the
    browser's name, as nginx's ``$request_time`` or Apache's ``%D``, or named, as ``rt=0.005``.
    """

    def __init__(self) -> None:
        self._times = TimeFinder()

    def parse(self, line: str) -> Sequence[ParsedLine]:
        """Return the request of a line."""
        line = line.strip()
        found = self._times.find(line)
        known = parse_known(line, None if found is None else found.seconds)
        return () if known is None else (known,)


def parse_known(line: str, when: float | None) -> ParsedLine | None:
    """Return the request of a line whose timestamp was found; None if it is none."""
    if '] "' not in line:
        return None
    match = _ENTRY.match(line)
    if match is None:
        return None
    status = match["status"]
    fields: dict[str, float | None] = {}
    request_time_s = _request_time_s(match["rest"])
    if request_time_s is not None:
        fields["request_time_s"] = request_time_s
    fields["bytes"] = 0.0 if match["bytes"] == "-" else float(match["bytes"])
    fields["status"] = float(status)
    method, _, target = match[_REQUEST].partition(" ")
    labels = {
        "host": match["host"],
        "status": status,
        "class": f"{status[0]}xx",
        "method": method if method in METHODS else "OTHER",
        "path": label_text(target.partition(" ")[0].partition("?")[0]),
    }
    if match["site"]:
        labels["site"] = match["site"]
    return ParsedLine(fields, "", when, labels, program="access", row=labels["class"])


def _request_time_s(rest: str) -> float | None:
    if not rest:
        return None
    agents = _AGENTS.match(rest)
    after = rest[agents.end() :] if agents else rest
    named = _NAMED_TIME.search(after)
    if named is not None:
        quantity = parse_quantity(named[1])
        return None if quantity is None else _seconds(named[1], quantity.in_unit("s"))
    bare = _TIMED.match(after)
    return None if bare is None else _seconds(bare[1], float(bare[1]))


def _seconds(text: str, value: float) -> float:
    """Return a time in seconds: one without a fraction or a unit is in microseconds (Apache)."""
    return value / 1e6 if text.isdecimal() else value
