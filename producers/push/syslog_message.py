"""Messages of syslog, as RFC 5424 has them, and RFC 3164 with what programs make of it."""

import re
from datetime import datetime
from typing import Final, NamedTuple

from streamson.errors import MessageError
from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS
from streamson.producers.base.sample import label_text, parse_number, parse_time
from streamson.producers.text.syslog_line import MAX_PRIORITY, SEVERITIES
from streamson.producers.text.times import date_of

FACILITIES: Final = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron"),
    *("authpriv", "ftp", "ntp", "audit", "alert", "clock", *(f"local{i}" for i in range(8))),
)
LABELS: Final = ("host", "program", "pid", "id", "facility", "severity")
"""What can be known of a message; ``id`` is the MSGID of RFC 5424."""

_PRIORITY: Final = re.compile(r"<(\d{1,3})>")
_RFC_5424: Final = re.compile(r"1 (\S+) (\S+) (\S+) (\S+) (\S+) (?=[-\[])")
_ELEMENT: Final = re.compile(
    r'\[([^\s="\]]{1,32})((?: ++[^\s="\]]{1,32}="(?:[^"\\]|\\.)*+")*+) *\]', re.DOTALL
)
_PARAMETER: Final = re.compile(r'([^\s="\]]{1,32})="((?:[^"\\]|\\.)*+)"', re.DOTALL)
_ISO_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\S{5,30}) ")
_BSD_TIME: Final = re.compile(
    r"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d:\d\d:\d\d)(\.\d{1,6})?:? "
)
_TAG: Final = re.compile(r"([^\s\[\]:]{1,64})(?:\[([^\s\[\]]{0,64})\])?:(?=\s|$)\s?")
_HOST: Final = re.compile(r"([^\s\[\]]{1,255}) ")


class SyslogMessage(NamedTuple):
    """What a message says.

    Attributes
    ----------
    severity
        0 for an emergency to 7 for debugging.
    labels
        Of `LABELS` those that are known.
    numbers
        Of its structured data.
    text
        The message proper.
    time
        As its sender says; None if it does not.
    """

    severity: int
    labels: dict[str, str]
    numbers: dict[str, float]
    text: str
    time: float | None


def parse_syslog(data: bytes, now: float) -> SyslogMessage:
    """Return what a message says.

    Parameters
    ----------
    data
        The message, without what frames it.
    now
        Seconds since 1970: RFC 3164 does not say the year.

    Raises
    ------
    MessageError
        If it does not begin with a priority: it is none.
    """
    text = data.decode(errors="replace").strip("\0\r\n ")
    found = _PRIORITY.match(text)
    if found is None or int(found[1]) > MAX_PRIORITY:
        raise MessageError("without a priority" if found is None else "with a wrong priority")
    facility, severity = divmod(int(found[1]), 8)
    rest = text[found.end() :]
    if header := _RFC_5424.match(rest):
        labels, numbers, rest, time = _rfc_5424(header, rest)
    else:
        labels, rest, time = _rfc_3164(rest, now)
        numbers = {}
    labels = {name: label_text(label) for name, label in labels.items() if label}
    labels |= {"facility": FACILITIES[facility], "severity": SEVERITIES[severity]}
    return SyslogMessage(severity, labels, numbers, rest, time)


def _rfc_5424(
    header: re.Match[str], text: str
) -> tuple[dict[str, str], dict[str, float], str, float | None]:
    stamp, *words = header.groups()
    names = ("host", "program", "pid", "id")
    labels = {name: word for name, word in zip(names, words, strict=True) if word != "-"}
    numbers: dict[str, float] = {}
    at = header.end()
    while element := _ELEMENT.match(text, at):
        at = element.end()
        if "@" in element[1]:  # those without are of the protocol itself: whether clocks agree
            numbers |= _numbers(element[2])
    if text.startswith("-", at):
        at += 1
    return labels, numbers, text[at:].removeprefix(" ").removeprefix("\ufeff"), parse_time(stamp)


def _numbers(parameters: str) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, value in _PARAMETER.findall(parameters):
        number = parse_number(value)
        if number is not None and name.isprintable() and len(numbers) < MAX_FIELDS:
            numbers[name[:MAX_FIELD_CHARS]] = number
    return numbers


def _rfc_3164(text: str, now: float) -> tuple[dict[str, str], str, float | None]:
    time: float | None = None
    labels: dict[str, str] = {}
    if stamp := _ISO_TIME.match(text):  # as rsyslog forwards
        time = parse_time(stamp[1])
    elif stamp := _BSD_TIME.match(text):
        time = _bsd_time(stamp, now)
    if stamp is not None:
        text = text[stamp.end() :].lstrip(" ")
    tag = _TAG.match(text)
    host = _HOST.match(text) if tag is None and stamp is not None else None
    if host is not None:
        labels["host"] = host[1]
        text = text[host.end() :].lstrip(" ")
        tag = _TAG.match(text)
    if tag is not None:
        labels |= {"program": tag[1], "pid": tag[2] or ""}
        text = text[tag.end() :]
    return labels, text, time


def _bsd_time(stamp: re.Match[str], now: float) -> float | None:
    """Return the local time that is meant: in the year in which it is nearest to now."""
    month, day, year, of_day, fraction = stamp.groups()
    try:
        when = date_of(month, day, of_day, year, datetime.fromtimestamp(now))
        return None if when is None else when.timestamp() + float(fraction or 0)
    except (ValueError, OverflowError, OSError):  # of a year that has no such time
        return None
