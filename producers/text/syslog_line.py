"""What stands before the message in lines of syslog: RFC 3164, RFC 5424, and log files."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from streamson.producers.base.sample import label_text
from streamson.producers.text.parsed_line import BELONGING, LineParser, ParsedLine
from streamson.producers.text.times import FoundTime, TimeFinder

SEVERITIES: Final = (
    *("emergency", "alert", "critical", "error"),
    *("warning", "notice", "informational", "debug"),
)
"""By number, as RFC 5424 (6.2.1) has them."""

MAX_PRIORITY: Final = 191
"""Of the last of 24 facilities the last of 8 severities."""

_PRIORITY: Final = re.compile(r"<([0-9]{1,3})>(?:[1-9] )?")
_HEAD: Final = re.compile(
    r"\s(?P<host>[\w.:@-]{1,255})\s+(?P<program>[\w./()@-]{1,128})(?P<pid>\[[0-9]{1,10}\])?:(?:\s+|$)"
)
_HEAD_5424: Final = re.compile(
    r"\s(?P<host>\S{1,255}) (?P<program>\S{1,128}) \S{1,128} \S{1,32} "
    r"(?:-|(?:\[(?:[^\"\]]|\"(?:[^\"\\]|\\.)*+\")*+\])++)(?: (?:\ufeff)?|$)"
)


class SyslogHead(NamedTuple):
    """What stands before a message.

    Attributes
    ----------
    end
        Where the message begins.
    labels
        Host, program, and severity by its name.
    severity
        0, an emergency, to 7; None where it is not said.
    """

    end: int
    labels: dict[str, str]
    severity: int | None


def parse_syslog_head(
    line: str, found: FoundTime | None, *, surely: bool = False
) -> SyslogHead | None:
    """Return what stands before the message of a line; None if it is none of syslog.

    Parameters
    ----------
    line
        The line.
    found
        Its first timestamp.
    surely
        Whether it is known to be one of syslog; else only what can hardly be anything else is.
    """
    priority = _PRIORITY.match(line)
    if priority is not None and int(priority[1]) > MAX_PRIORITY:
        return None
    if found is None or found.kind not in ("named", "iso"):
        return None
    if found.start != (0 if priority is None else priority.end()):
        return None
    is_5424 = priority is not None and priority[0][-1] == " "
    match = (_HEAD_5424 if is_5424 else _HEAD).match(line, found.end)
    if match is None:
        return None
    if not surely and priority is None and found.kind == "iso" and not match["pid"]:
        return None  # a time, and a word with a colon: that may be a label of what is measured
    severity = None if priority is None else int(priority[1]) % 8
    labels = {name: label_text(match[name]) for name in ("host", "program") if match[name] != "-"}
    if severity is not None:
        labels["severity"] = SEVERITIES[severity]
    return SyslogHead(match.end(), labels, severity)


class SyslogParser:
    """Reads lines of syslog: what stands before the message, and the numbers of the message.

    Parameters
    ----------
    message_parser
        What finds these.
    """

    def __init__(self, message_parser: LineParser) -> None:
        self._messages = message_parser
        self._times = TimeFinder()

    def parse(self, line: str) -> Sequence[ParsedLine]:
        """Return the numbers of a line's message, and its severity where it has one."""
        line = line.strip()
        found = self._times.find(line)
        head = parse_syslog_head(line, found, surely=True)
        if head is None or found is None:
            return ()
        parsed = self._messages.parse(line[head.end :])
        return with_head(parsed, head, found.seconds)


def with_head(
    parsed: Sequence[ParsedLine], head: SyslogHead, when: float | None
) -> Sequence[ParsedLine]:
    """Return what a message says with what stands before it; nothing if there is no number."""
    one = parsed[0] if parsed else BELONGING
    fields = dict(one.fields)
    if head.severity is not None:
        fields["severity"] = float(head.severity)
    if not fields:
        return ()
    labels = {**one.labels, **head.labels}
    row = head.labels.get("program", "")
    return (one._replace(fields=fields, time=when, labels=labels, row=row, program="syslog"),)
